// SPDX-License-Identifier: GPL-2.0
/* crctl cpuinfo: write down the processor, or compare it with one written down. */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "engine/cpuinfo.h"

int cmd_cpuinfo(const struct options *opts, struct err *err)
{
	const char *what = opts->args.nr == 1 ? opts->args.items[0] : "";
	int ret;

	if (!strcmp(what, "dump"))
		ret = cpuinfo_dump(opts->common.images_fd, err);
	else if (!strcmp(what, "check"))
		ret = cpuinfo_check(opts->common.images_fd, opts->common.cpu_cap, err);
	else
		ret = fail_usage(err, "cpuinfo takes one word: dump or check");
	if (!ret && !strcmp(what, "check"))
		printf("This processor has what is in cpuinfo.img.\n");
	return ret ? err->exit_code : EXIT_DONE;
}
