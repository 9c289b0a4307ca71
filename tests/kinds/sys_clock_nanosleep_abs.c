// SPDX-License-Identifier: GPL-2.0
/* An absolute clock_nanosleep that was interrupted sleeps until its time. */
#include "asleep.h"

static void asleep(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += asleep_time().tv_sec;
	ts.tv_nsec += asleep_time().tv_nsec;
	ts.tv_sec += ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	same(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0, "clock_nanosleep");
}

static void set_up(void)
{
	asleep_set_up(SYS_clock_nanosleep);
}

const struct kind kind = { .set_up = set_up, .check = asleep_check };
