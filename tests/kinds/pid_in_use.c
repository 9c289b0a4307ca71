// SPDX-License-Identifier: GPL-2.0
/* The PID is in use on restore: refused, saying which. */
#include "kind.h"

static void set_up(void)
{
}

static void check(void)
{
}

static void sleeper(void)
{
	sleep_ms(1500);
}

/* Take PID 2, the root task's, for a moment. */
static void between(void)
{
	file_write("/proc/sys/kernel/ns_last_pid", "1");
	same(child_start(sleeper), 2, "PID taken");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.between = between,
	.refuse_restore = "PID 2",
};
