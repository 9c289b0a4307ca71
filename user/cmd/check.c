// SPDX-License-Identifier: GPL-2.0
/* crctl check: what the kernel gives crctl; crctl check PID: what of a tree it would refuse. */
#include <stdio.h>

#include "cmd/cmd.h"

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
		printf("%u thing%s in the way of dumping the tree of %d.\n", nr, nr == 1 ? "" : "s",
		       pid);
		return EXIT_UNSUPPORTED;
	}
	printf("The tree of %d can be dumped.\n", pid);
	return EXIT_DONE;
}

int cmd_check(const struct options *opts, struct err *err)
{
	if (opts->args.nr > 1) {
		fail_usage(err, "check takes one process ID, but was given \"%s\" too",
			   opts->args.items[1]);
		return err->exit_code;
	}
	if (opts->args.nr)
		return check_tree(opts, err);
	printf("Looks good.\n");
	return EXIT_DONE;
}
