// SPDX-License-Identifier: GPL-2.0
/* A futex wait with a timeout that was interrupted waits on for the rest of its time. */
#include "asleep.h"

#include <linux/futex.h>

static void asleep(void)
{
	struct timespec ts = asleep_time();
	int word = 1;

	same(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, &ts, NULL, 0), -1, "futex");
	same(errno, ETIMEDOUT, "errno of the futex wait");
}

static void set_up(void)
{
	asleep_set_up(SYS_futex);
}

const struct kind kind = {
	.set_up = set_up,
	.check = asleep_check,
	ASLEEP_RESTART_BLOCK,
};
