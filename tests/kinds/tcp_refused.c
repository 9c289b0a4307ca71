// SPDX-License-Identifier: GPL-2.0
/* A connection needs --tcp-established, and the refusal says so. */
#include "tcp.h"

static int ends[2];

static void set_up(void)
{
	pair_make(AF_INET, 7001, ends);
}

static void check(void)
{
	expect_passes(ends[0], ends[1], 1000, 1, "after a refused dump");
}

const struct kind kind = {
	.refuse = "--tcp-established",
	.network = true,
	.set_up = set_up,
	.check = check,
};
