// SPDX-License-Identifier: GPL-2.0
/* A zombie that leads a process group with a living member, in a session of its own. */
#include "kind.h"

static pid_t zombie;

static void member(void)
{
	pid_t group = getpgid(0), session = getsid(0);

	mark("member");
	await_go();
	same(getpgid(0), group, "process group led by a zombie");
	same(getsid(0), session, "session led by a zombie");
}

static void leader(void)
{
	must(setsid());
	child_start(member);
	await_mark("member");
	_exit(9);
}

static void set_up(void)
{
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	zombie = child_start(leader);
	await_state(zombie, 'Z');
}

static void check(void)
{
	int status;

	same(getsid(zombie), zombie, "session of the zombie");
	same(getpgid(zombie), zombie, "process group of the zombie");
	same(child_wait(zombie), 9 << 8, "wait status of the zombie");
	must(wait(&status));
	same(status, 0, "wait status of the member");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "hands an orphan to init, not to the subreaper in the tree",
};
