// SPDX-License-Identifier: GPL-2.0
/* A poll that was interrupted waits on for the rest of its time. */
#include "asleep.h"

static void asleep(void)
{
	struct pollfd fd = { .fd = -1 };

	same(must(syscall(SYS_poll, &fd, 1, SLEEP_MS)), 0, "poll");
}

static void set_up(void)
{
	asleep_set_up(SYS_poll);
}

const struct kind kind = {
	.set_up = set_up,
	.check = asleep_check,
	ASLEEP_RESTART_BLOCK,
};
