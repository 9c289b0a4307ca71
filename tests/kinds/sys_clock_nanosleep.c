// SPDX-License-Identifier: GPL-2.0
/* A relative clock_nanosleep that was interrupted sleeps on. */
#include "asleep.h"

static void asleep(void)
{
	struct timespec ts = asleep_time();

	same(clock_nanosleep(CLOCK_BOOTTIME, 0, &ts, NULL), 0, "clock_nanosleep");
}

static void set_up(void)
{
	asleep_set_up(SYS_clock_nanosleep);
}

const struct kind kind = {
	.set_up = set_up,
	.check = asleep_check,
	ASLEEP_RESTART_BLOCK,
};
