// SPDX-License-Identifier: GPL-2.0
/* A periodic interval timer whose signal is blocked and pending goes on once it is taken. */
#include "kind.h"

static sigset_t set;

static void set_up(void)
{
	struct itimerval value = { .it_value.tv_usec = 1000, .it_interval.tv_usec = 20000 };

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	must(setitimer(ITIMER_REAL, &value, NULL));
	sleep_ms(30);
}

static void check(void)
{
	struct timespec wait = { 2, 0 };
	int i;

	for (i = 0; i < 3; i++)
		same(sigtimedwait(&set, NULL, &wait), SIGALRM, "signal %d of the timer", i);
}

const struct kind kind = { .set_up = set_up, .check = check };
