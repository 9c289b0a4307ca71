// SPDX-License-Identifier: GPL-2.0
/* A task that another one traces is refused by name. */
#include "kind.h"

static pid_t child;

static void body(void)
{
	await_go();
}

static void set_up(void)
{
	child = child_start(body);
	must(syscall(SYS_ptrace, 0x4206 /* SEIZE */, child, 0, 0));
}

static void check(void)
{
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check, .refuse = "traced" };
