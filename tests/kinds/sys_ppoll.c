// SPDX-License-Identifier: GPL-2.0
/* A ppoll that was interrupted waits on for the rest of its time. */
#include "asleep.h"

static void asleep(void)
{
	struct timespec ts = asleep_time();
	sigset_t set;

	sigemptyset(&set);
	same(must(syscall(SYS_ppoll, NULL, 0, &ts, &set, 8)), 0, "ppoll");
}

static void set_up(void)
{
	asleep_set_up(SYS_ppoll);
}

const struct kind kind = { .set_up = set_up, .check = asleep_check };
