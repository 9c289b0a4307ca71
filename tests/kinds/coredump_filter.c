// SPDX-License-Identifier: GPL-2.0
/* Which memory a core dump would have (/proc/PID/coredump_filter). */
#include "kind.h"

static void set_up(void)
{
	file_write("/proc/self/coredump_filter", "0x7b");
}

static void check(void)
{
	char text[32];

	file_read("/proc/self/coredump_filter", text, sizeof(text));
	same(strtol(text, NULL, 16), 0x7b, "coredump_filter");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "does not keep coredump_filter",
};
