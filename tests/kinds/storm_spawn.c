// SPDX-License-Identifier: GPL-2.0
/* Tasks that start programs all the time (posix_spawn: vfork and exec). */
#include "kind.h"

#include <spawn.h>

#define NR 3

static pid_t pids[NR];

static void turn(void)
{
	char *argv[] = { "sh", "-c", "exit 6", NULL };
	pid_t pid;

	same(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, NULL), 0, "posix_spawn");
	same(child_wait(pid), 6 << 8, "wait status of the program");
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
