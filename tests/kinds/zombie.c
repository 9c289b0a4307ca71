// SPDX-License-Identifier: GPL-2.0
/* Zombies keep their exit status, by exit, by signal and with a core dump flag, until waited for.
 */
#include "kind.h"

static pid_t pids[3];

static void by_exit(void)
{
	_exit(123);
}

static void by_signal(void)
{
	raise(SIGKILL);
}

static void by_term(void)
{
	raise(SIGTERM);
}

static void set_up(void)
{
	int i;

	pids[0] = child_start(by_exit);
	pids[1] = child_start(by_signal);
	pids[2] = child_start(by_term);
	for (i = 0; i < 3; i++)
		await_state(pids[i], 'Z');
}

static void check(void)
{
	same(child_wait(pids[0]), 123 << 8, "wait status of the zombie that called exit");
	same(child_wait(pids[1]), SIGKILL, "wait status of the killed zombie");
	same(child_wait(pids[2]), SIGTERM, "wait status of the terminated zombie");
}

const struct kind kind = { .set_up = set_up, .check = check };
