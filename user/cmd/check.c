// SPDX-License-Identifier: GPL-2.0
/* crctl check: what the kernel gives crctl; crctl check PID: what of a tree it would refuse. */
#include <stdio.h>
#include <sys/utsname.h>

#include "cmd/cmd.h"
#include "engine/answers.h"
#include "engine/features.h"
#include "lib/nearest.h"

static void check_print(void *arg, const char *sentence)
{
	unsigned int *nr = arg;

	(*nr)++;
	printf("%s\n", sentence);
}

static int check_tree(const struct options *opts, struct err *err)
{
	unsigned int nr = 0;
	pid_t pid;
	int ret;

	ret = target_parse(opts->args.items[0], err, &pid);
	if (ret < 0)
		return err->exit_code;
	ret = engine_check(pid, &opts->common, err, check_print, &nr);
	if (ret < 0)
		return err->exit_code;
	if (ret > 0) {
		printf("%u thing%s in the way of dumping the tree of %d.\n", nr,
		       nr == 1 ? " is" : "s are", pid);
		return EXIT_UNSUPPORTED;
	}
	printf("The tree of %d can be dumped.\n", pid);
	return EXIT_DONE;
}

static int check_list(void)
{
	for (const struct feature *f = features; f->name; f++)
		printf("%s\n", f->name);
	return EXIT_DONE;
}

static int check_feature(const char *name, struct err *err)
{
	struct nearest n = { .word = name };
	int ret;

	for (const struct feature *f = features; f->name; f++) {
		nearest_add(&n, f->name);
		if (strcmp(f->name, name))
			continue;
		ret = feature_probe(f);
		if (!ret)
			printf("%s: yes\n", name);
		else
			printf("%s: no (%s), so %s\n", name, strerror(-ret), f->missing);
		return ret ? EXIT_FAILED : EXIT_DONE;
	}
	if (n.best)
		(void)fail_usage(err, "there is no feature %s; did you mean %s?", name, n.best);
	else
		(void)fail_usage(err, "there is no feature %s; --feature list shows the names",
				 name);
	return err->exit_code;
}

/* One line of the table, and why a missing one is. Returns 1 when it is missing. */
static unsigned int check_row(const struct feature *f)
{
	int ret = feature_probe(f);

	if (!f->probe)
		printf("  %-26s no    %s\n", f->name, f->missing);
	else
		printf("  %-26s %-5s %s\n", f->name, ret ? "no" : "yes", f->missing);
	if (ret && f->probe)
		printf("  %-32s (%s)\n", "", strerror(-ret));
	return !!ret;
}

static unsigned int check_group(enum feature_need need, const char *title)
{
	unsigned int nr_missing = 0;

	printf("\n%s\n", title);
	for (const struct feature *f = features; f->name; f++)
		if (f->need == need)
			nr_missing += check_row(f);
	return nr_missing;
}

/* What a dump asks, and who answers it. */
static void check_questions(const struct answers *a)
{
	printf("\n  %-26s %-8s WITHOUT THE MODULE\n", "QUESTION ABOUT", "ANSWERED");
	for (const struct question *q = questions; q->name; q++)
		printf("  %-26s %-8s %s\n", q->name,
		       answers_has(a, q) ? "module" : q->user ? "user" : "not",
		       q->user ? q->user : "not known; refused where it matters");
}

static int check_kernel(const struct options *opts)
{
	struct utsname name = { 0 };
	unsigned int nr_missing;
	struct answers answers;

	uname(&name);
	(void)answers_look(opts->common.no_module, &answers);	/* answers_why() tells */
	printf("Linux %s %s; %s.\n", name.release, name.machine, answers_why(&answers));
	check_questions(&answers);
	printf("\n  %-26s HERE  WITHOUT IT\n", "FACILITY OF THE KERNEL");
	nr_missing = check_group(FEATURE_MUST, "Needed for every dump and restore:");
	(void)check_group(FEATURE_USED, "Used where it is there:");
	if (opts->check_extra || opts->check_all)
		(void)check_group(FEATURE_EXTRA, "Needed by few programs:");
	if (opts->check_experimental || opts->check_all)
		(void)check_group(FEATURE_LATER, "For what crctl refuses as yet:");
	if (nr_missing)
		printf("\n%u facilit%s that crctl cannot do without missing.\n", nr_missing,
		       nr_missing == 1 ? "y is" : "ies are");
	else
		printf("\nLooks good.\n");
	return nr_missing ? EXIT_FAILED : EXIT_DONE;
}

int check_needed(struct err *err)
{
	for (const struct feature *f = features; f->name; f++) {
		int ret = f->need == FEATURE_MUST ? feature_probe(f) : 0;

		if (ret)
			return fail_errno(err, ret, "the kernel lacks %s, so %s", f->name,
					  f->missing);
	}
	return 0;
}

int cmd_check(const struct options *opts, struct err *err)
{
	if (opts->args.nr > 1) {
		(void)fail_usage(err, "check takes one process ID, but was given \"%s\" too",
				 opts->args.items[1]);
		return err->exit_code;
	}
	if (opts->args.nr)
		return check_tree(opts, err);
	if (opts->feature)
		return strcmp(opts->feature, "list") ? check_feature(opts->feature, err) :
						       check_list();
	return check_kernel(opts);
}
