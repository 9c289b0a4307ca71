// SPDX-License-Identifier: GPL-2.0
/* A POSIX timer that notifies nobody (SIGEV_NONE) runs down all the same. */
#include "kind.h"

static timer_t timer;

static void set_up(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	struct itimerspec value = { .it_value.tv_sec = 1000, .it_interval.tv_sec = 77 };

	must(timer_create(CLOCK_MONOTONIC, &event, &timer));
	must(timer_settime(timer, 0, &value, NULL));
}

static void check(void)
{
	struct itimerspec value;

	must(timer_gettime(timer, &value));
	same(value.it_interval.tv_sec, 77, "interval");
	if (value.it_value.tv_sec < 990 || value.it_value.tv_sec > 1000)
		fail("%ld seconds are left, not about 1000", (long)value.it_value.tv_sec);
}

const struct kind kind = { .set_up = set_up, .check = check };
