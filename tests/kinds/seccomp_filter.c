// SPDX-License-Identifier: GPL-2.0
/* Two seccomp filters on top of each other. */
#include "filter.h"

static void set_up(void)
{
	filter_add(SYS_getuid, 111, 0);
	filter_add(SYS_getgid, 112, 0);
}

static void check(void)
{
	filter_check(SYS_getuid, 111, "task");
	filter_check(SYS_getgid, 112, "task");
	filter_check(SYS_geteuid, 0, "task");
	same(atoi(proc_line(getpid(), "status", "Seccomp:")), 2, "seccomp mode");
	same(atoi(proc_line(getpid(), "status", "Seccomp_filters:")), 2, "number of filters");
}

const struct kind kind = { .set_up = set_up, .check = check };
