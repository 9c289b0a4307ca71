// SPDX-License-Identifier: GPL-2.0
/* crctl restore: make the tree of a directory of images again. */
#include <stdio.h>
#include <sys/wait.h>

#include "cmd/cmd.h"
#include "lib/log.h"

int restore_from_options(const struct options *opts, struct err *err,
			 struct restore_options *ret_restore)
{
	if (opts->args.nr && !opts->exec_cmd)
		return fail_usage(err, "restore takes no argument, but was given \"%s\"; "
				  "--exec-cmd -- COMMAND runs a command afterwards",
				  opts->args.items[0]);
	if (opts->exec_cmd && !opts->args.nr)
		return fail_usage(err, "--exec-cmd needs a command: --exec-cmd -- COMMAND ARGS");
	*ret_restore = (struct restore_options){
		.common = opts->common,
		/* The command that takes crctl's place does the waiting, if it wants to. */
		.detached = opts->detached || opts->exec_cmd,
		.sibling = opts->sibling,
		.leave_stopped = opts->leave_stopped,
		.exec_cmd = opts->exec_cmd ? opts->args.items : NULL,
	};
	return 0;
}

int restore_exec(char *const *argv, struct err *err)
{
	int ret;

	fflush(stdout);
	execvp(argv[0], argv);
	ret = -errno;
	return fail_errno(err, ret, "the tree is restored and runs, but %s cannot be started",
			  argv[0]);
}

static void restore_tell_end(pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		log_info("process %d was ended by signal %d", pid, WTERMSIG(status));
	else
		log_info("process %d exited with status %d", pid, WEXITSTATUS(status));
}

int cmd_restore(const struct options *opts, struct err *err)
{
	struct restore_options restore;
	int status = 0;
	pid_t pid;

	if (restore_from_options(opts, err, &restore) < 0 ||
	    engine_restore(&restore, err, &pid, &status) < 0)
		return err->exit_code;
	if (restore.exec_cmd) {
		restore_exec(restore.exec_cmd, err);
		return err->exit_code;
	}
	/* A sibling's end is its parent's to learn. */
	if (!restore.detached && !restore.sibling)
		restore_tell_end(pid, status);
	return EXIT_DONE;
}
