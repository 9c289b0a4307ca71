// SPDX-License-Identifier: GPL-2.0
/* The interval timer of user CPU time goes on with its interval. */
#include "kind.h"

static volatile int fired;

static void handler(int sig)
{
	fired++;
}

static void set_up(void)
{
	struct itimerval value = { .it_value.tv_usec = 30000, .it_interval.tv_usec = 20000 };
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	must(sigaction(SIGVTALRM, &action, NULL));
	must(setitimer(ITIMER_VIRTUAL, &value, NULL));
}

static void check(void)
{
	int64_t end = patience_end();
	struct itimerval value;
	int before = fired;

	must(getitimer(ITIMER_VIRTUAL, &value));
	same(value.it_interval.tv_usec, 20000, "interval");
	same(value.it_interval.tv_sec, 0, "seconds of the interval");
	if (!value.it_value.tv_sec && !value.it_value.tv_usec && fired == before)
		fail("the timer is not armed");
	if (value.it_value.tv_sec || value.it_value.tv_usec > 30000 + 12000)
		fail("the timer has more time left than it was given");
	/* mostly in user space: where asking for the time is a system call, that is not its time */
	while (fired < before + 2 && now_ms() < end)
		for (volatile int i = 0; i < 100000; i++)
			;
	if (fired < before + 2)
		fail("the timer does not fire any more");
}

const struct kind kind = { .set_up = set_up, .check = check };
