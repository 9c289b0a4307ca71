// SPDX-License-Identifier: GPL-2.0
/* Two hundred children. */
#include "kind.h"

#define NR 200

static pid_t pids[NR];
static sigset_t ends;

/* Each waits for a signal: two hundred that look again and again take all of a slow machine. */
static void body(void)
{
	int sig;

	sigwait(&ends, &sig);
}

static void set_up(void)
{
	int i;

	sigemptyset(&ends);
	sigaddset(&ends, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &ends, NULL));
	for (i = 0; i < NR; i++)
		pids[i] = child_start(body);
}

static void check(void)
{
	int i;

	for (i = 0; i < NR; i++) {
		must(kill(pids[i], SIGUSR1));
		child_done(pids[i]);
	}
}

const struct kind kind = { .set_up = set_up, .check = check };
