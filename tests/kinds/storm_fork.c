// SPDX-License-Identifier: GPL-2.0
/* Tasks that fork all the time, two generations at once, and wait for each child. */
#include "kind.h"

#define NR 3

static pid_t pids[NR];

static void grandchild(void)
{
	_exit(4);
}

static void child(void)
{
	same(child_wait(child_start(grandchild)), 4 << 8, "wait status of a grandchild");
	_exit(3);
}

static void turn(void)
{
	pid_t a = child_start(child), b = child_start(child);

	same(child_wait(b), 3 << 8, "wait status of the second child");
	same(child_wait(a), 3 << 8, "wait status of the first child");
}

static void body(void)
{
	long rounds = 0;
	char name[32];

	while (!marked("stop")) {
		turn();
		if (++rounds == 3) {
			snprintf(name, sizeof(name), "busy%d", getpid());
			mark(name);
		}
	}
	same(waitpid(-1, NULL, WNOHANG), -1, "child that is left");
}

static void set_up(void)
{
	char name[32];
	int i;

	for (i = 0; i < NR; i++) {
		pids[i] = child_start(body);
		snprintf(name, sizeof(name), "busy%d", pids[i]);
		await_mark(name);
	}
}

static void check(void)
{
	int i;

	sleep_ms(30);
	mark("stop");
	for (i = 0; i < NR; i++)
		child_done(pids[i]);
}

const struct kind kind = { .set_up = set_up, .check = check };
