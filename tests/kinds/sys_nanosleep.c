// SPDX-License-Identifier: GPL-2.0
/* A nanosleep that was interrupted sleeps on for the rest of its time. */
#include "asleep.h"

static void asleep(void)
{
	struct timespec ts = asleep_time();

	must(nanosleep(&ts, NULL));
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
