// SPDX-License-Identifier: GPL-2.0
/* A subreaper gets its orphans, before the dump and after it. */
#include "kind.h"

static pid_t root;

static void orphan(void)
{
	mark("orphan");
	await_go();
	same(getppid(), root, "parent of the orphan");
	_exit(3);
}

static void late_orphan(void)
{
	await_mark("middle-gone");
	_exit(4);
}

static void early(void)
{
	child_start(orphan);
	await_mark("orphan");
}

static void late(void)
{
	child_start(late_orphan);
	await_go();
}

static pid_t middle;

static void set_up(void)
{
	root = getpid();
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	child_done(child_start(early));
	middle = child_start(late);
}

static void check(void)
{
	int status, flag;

	must(prctl(PR_GET_CHILD_SUBREAPER, &flag));
	same(flag, 1, "child subreaper");
	child_done(middle);
	mark("middle-gone");
	must(wait(&status));
	flag = status;
	must(wait(&status));
	same(flag + status, (3 << 8) + (4 << 8), "wait statuses of the orphans");
}

const struct kind kind = { .set_up = set_up, .check = check };
