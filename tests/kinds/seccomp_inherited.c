// SPDX-License-Identifier: GPL-2.0
/* A filter inherited by a child, which adds one of its own; a sibling without. */
#include "filter.h"

static pid_t filtered, plain;

static void body(void)
{
	filter_add(SYS_getgid, 112, 0);
	mark("child");
	await_go();
	filter_check(SYS_getuid, 111, "child");
	filter_check(SYS_getgid, 112, "child");
}

static void plain_body(void)
{
	mark("plain");
	await_go();
	filter_check(SYS_getuid, 0, "sibling");
	same(atoi(proc_line(getpid(), "status", "Seccomp:")), 0, "seccomp mode of the sibling");
}

static void set_up(void)
{
	plain = child_start(plain_body);
	await_mark("plain");
	filter_add(SYS_getuid, 111, 0);
	filtered = child_start(body);
	await_mark("child");
}

static void check(void)
{
	filter_check(SYS_getuid, 111, "parent");
	filter_check(SYS_getgid, 0, "parent");
	child_done(filtered);
	child_done(plain);
}

const struct kind kind = { .set_up = set_up, .check = check };
