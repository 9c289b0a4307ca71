/* SPDX-License-Identifier: GPL-2.0 */
/* Tasks that do one thing again and again, from before the dump to after the restore. */
#ifndef TESTS_KINDS_STORM_H
#define TESTS_KINDS_STORM_H

#include "kind.h"

#define STORM_TASKS 3

static pid_t storm_pids[STORM_TASKS];

/* The program's own: the thing, once. */
static void turn(void);

static void storm_body(void)
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

static void storm_set_up(void)
{
	char name[32];

	for (int i = 0; i < STORM_TASKS; i++) {
		storm_pids[i] = child_start(storm_body);
		snprintf(name, sizeof(name), "busy%d", storm_pids[i]);
		await_mark(name);
	}
}

static void storm_check(void)
{
	sleep_ms(30);
	mark("stop");
	for (int i = 0; i < STORM_TASKS; i++)
		child_done(storm_pids[i]);
}

const struct kind kind = { .set_up = storm_set_up, .check = storm_check };

#endif
