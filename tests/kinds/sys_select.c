// SPDX-License-Identifier: GPL-2.0
/* A select that was interrupted waits on for the rest of its time. */
#include "asleep.h"

static void asleep(void)
{
	struct timeval tv = { SLEEP_MS / 1000, SLEEP_MS % 1000 * 1000 };

	same(must(syscall(SYS_select, 0, NULL, NULL, NULL, &tv)), 0, "select");
}

static void set_up(void)
{
	asleep_set_up(SYS_select);
}

const struct kind kind = { .set_up = set_up, .check = asleep_check };
