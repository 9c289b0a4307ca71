// SPDX-License-Identifier: GPL-2.0
/* dumpable off, of a task whose children stay dumpable. */
#include "kind.h"

static pid_t child;

static void body(void)
{
	mark("child");
	await_go();
	same(prctl(PR_GET_DUMPABLE), 1, "dumpable of the child");
}

static void set_up(void)
{
	child = child_start(body);
	await_mark("child");
	must(prctl(PR_SET_DUMPABLE, 0));
}

static void check(void)
{
	same(prctl(PR_GET_DUMPABLE), 0, "dumpable");
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
