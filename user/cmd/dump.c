// SPDX-License-Identifier: GPL-2.0
/* crctl dump: write a tree of processes into a directory. */
#include <stdio.h>

#include "cmd/cmd.h"
#include "lib/log.h"

int dump_from_options(const struct options *opts, struct err *err, struct dump_options *ret_dump)
{
	struct dump_options dump = { .common = opts->common, .timeout = opts->timeout };

	if (opts->args.nr)
		return fail_usage(err, "dump takes no argument, but was given \"%s\"; name the "
				  "process with -t", opts->args.items[0]);
	if (!opts->tree)
		return fail_usage(err, "dump needs -t PID, the root process of the tree");
	if (opts->leave_running && opts->leave_stopped)
		return fail_usage(err, "--leave-running and --leave-stopped exclude each other");
	if (opts->leave_running)
		dump.final = DUMP_LEAVE_RUNNING;
	else if (opts->leave_stopped)
		dump.final = DUMP_LEAVE_STOPPED;
	*ret_dump = dump;
	return target_parse(opts->tree, err, &ret_dump->pid);
}

int cmd_dump(const struct options *opts, struct err *err)
{
	struct dump_options dump;

	if (dump_from_options(opts, err, &dump) < 0 || engine_dump(&dump, err) < 0)
		return err->exit_code;
	return EXIT_DONE;
}
