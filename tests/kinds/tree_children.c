// SPDX-License-Identifier: GPL-2.0
/* A tree of parents and children, three deep: the same PIDs and parents, and waits work. */
#include "kind.h"

static pid_t children[4];

static void leaf(void)
{
	pid_t parent = getppid();

	await_go();
	same(getppid(), parent, "parent of a grandchild");
	_exit(7);
}

static void body(void)
{
	pid_t pids[3], self = getpid(), parent = getppid();
	char name[32];
	int i;

	for (i = 0; i < 3; i++)
		pids[i] = child_start(leaf);
	snprintf(name, sizeof(name), "child%d", self);
	mark(name);
	await_go();
	same(getpid(), self, "PID");
	same(getppid(), parent, "parent");
	for (i = 0; i < 3; i++)
		same(child_wait(pids[i]), 7 << 8, "wait status of a grandchild");
	same(wait(NULL), -1, "wait for more children");
}

static void set_up(void)
{
	char name[32];
	int i;

	for (i = 0; i < 4; i++) {
		children[i] = child_start(body);
		snprintf(name, sizeof(name), "child%d", children[i]);
		await_mark(name);
	}
}

static void check(void)
{
	int i;

	for (i = 0; i < 4; i++)
		child_done(children[i]);
	same(wait(NULL), -1, "wait for more children");
	same(errno, ECHILD, "errno of that wait");
}

const struct kind kind = { .set_up = set_up, .check = check };
