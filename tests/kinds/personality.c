// SPDX-License-Identifier: GPL-2.0
/* The personality: no address randomisation, and others. */
#include "kind.h"

#include <sys/personality.h>

#define WANT (ADDR_NO_RANDOMIZE | SHORT_INODE)

static void set_up(void)
{
	must(personality(WANT));
}

static void check(void)
{
	same(personality(0xffffffff), WANT, "personality");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "does not keep the personality",
};
