// SPDX-License-Identifier: GPL-2.0
/* A session whose leader is gone: its tasks, adopted by a subreaper in the tree, stay in it. */
#include "kind.h"

static pid_t sid;

static void member(void)
{
	pid_t mine = getsid(0);

	must(mine != getpid() ? 0 : -1);
	mark("member");
	await_go();
	same(getsid(0), mine, "session whose leader is gone");
	same(getpgid(0), mine, "process group whose leader is gone");
}

static void leader(void)
{
	must(setsid());
	child_start(member);
	await_mark("member");
}

static void set_up(void)
{
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	sid = child_start(leader);
	child_done(sid);
}

static void check(void)
{
	int status;
	pid_t pid = must(wait(&status));

	same(status, 0, "wait status of orphan %d", pid);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "hands an orphan to init, not to the subreaper in the tree",
};
