// SPDX-License-Identifier: GPL-2.0
/* The parent death signal: a child learns of its parent's end. */
#include "kind.h"

static pid_t parent;

static void grandchild(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	must(prctl(PR_SET_PDEATHSIG, SIGUSR2));
	mark("grandchild");
	await_go();
	must(prctl(PR_GET_PDEATHSIG, &sig));
	same(sig, SIGUSR2, "parent death signal");
	mark("checked");
	sigwait(&set, &sig);
	mark("told");
}

static void middle(void)
{
	child_start(grandchild);
	await_go();
	await_mark("checked");
}

static void set_up(void)
{
	parent = child_start(middle);
	await_mark("grandchild");
}

static void check(void)
{
	child_done(parent);
	await_mark("told");
}

const struct kind kind = { .set_up = set_up, .check = check };
