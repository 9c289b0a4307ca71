// SPDX-License-Identifier: GPL-2.0
/* crctl module load|unload|status: the kernel module that answers a dump's questions. */
#include <limits.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "engine/answers.h"

#define HELPER "crctl-module"

/* Beside crctl where it was built, in ../lib/crctl where it is installed. */
static int helper_find(char *path, size_t size)
{
	static const char *const places[] = { "", "../lib/crctl/" };
	char exe[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (len < 0)
		return -errno;
	exe[len] = '\0';
	*(strrchr(exe, '/') + 1) = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if ((size_t)snprintf(path, size, "%s%s" HELPER, exe, places[i]) < size &&
		    !access(path, X_OK))
			return 0;
	}
	return -ENOENT;
}

/* Its words are the command's, and so is its exit code. */
static int helper_run(const char *verb, const char *file, struct err *err)
{
	const char *argv[] = { HELPER, verb, file, NULL };
	char path[PATH_MAX];
	int status, ret = helper_find(path, sizeof(path));
	pid_t pid;

	if (ret < 0) {
		fail(err, ret, HELPER " is neither beside crctl nor in ../lib/crctl; build it "
		     "with make, or load the module with insmod(8)");
		return err->exit_code;
	}
	pid = fork();
	if (!pid) {
		execv(path, (char *const *)argv);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			pid = -1;
	if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127) {
		fail(err, -ECHILD, "%s cannot be run", path);
		return err->exit_code;
	}
	return WEXITSTATUS(status);
}

static void status_questions(const struct answers *a)
{
	for (const struct question *q = questions; q->name; q++)
		printf("  %-22s %s\n", q->name, answers_has(a, q) ? "yes" : "no");
}

static int module_status(struct err *err)
{
	struct answers a;
	int ret = answers_look(false, &a);

	if (!a.loaded) {
		printf("The module is not loaded; user space answers all questions.\n");
		return EXIT_FAILED;
	}
	printf("The module is loaded, version %s.\n", a.version);
	if (ret < 0) {
		fail(err, ret, "%s", answers_why(&a));
		return err->exit_code;
	}
	printf("It answers questions about:\n");
	status_questions(&a);
	return EXIT_DONE;
}

int cmd_module(const struct options *opts, struct err *err)
{
	const char *verb = opts->args.nr ? opts->args.items[0] : NULL;
	const char *file = opts->args.nr > 1 ? opts->args.items[1] : NULL;

	if (!verb)
		(void)fail_usage(err, "module needs load, unload or status");
	else if (opts->args.nr > 2 || (file && strcmp(verb, "load")))
		(void)fail_usage(err, "module %s was given \"%s\" too many", verb,
				 opts->args.items[opts->args.nr - 1]);
	else if (!strcmp(verb, "status"))
		return module_status(err);
	else if (!strcmp(verb, "load") || !strcmp(verb, "unload"))
		return helper_run(verb, file, err);
	else
		(void)fail_usage(err, "module %s: the words are load, unload and status", verb);
	return err->exit_code;
}
