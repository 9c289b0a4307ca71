// SPDX-License-Identifier: GPL-2.0
/* The stack grows on after the dump, and another mapping that grows down does too. */
#include "kind.h"

static unsigned char *grows;

static int deep(int level)
{
	volatile unsigned char frame[16384];

	frame[0] = level;
	frame[sizeof(frame) - 1] = level;
	if (level)
		return deep(level - 1) + frame[0] - level + 1;
	return 0;
}

static void set_up(void)
{
	unsigned char *area = mmap(NULL, 64 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(area, 64 << 20);
	grows = mmap(area + (60 << 20), 8192, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	must((long)grows);
	fill(grows, 8192, 3);
	fill(grows - 3 * 4096, 4096, 2);
}

static void check(void)
{
	if (!filled(grows, 8192, 3) || !filled(grows - 3 * 4096, 4096, 2))
		fail("the content of the mapping that grows down changed");
	fill(grows - 20 * 4096, 4096, 1);
	same(deep(200), 200, "result of a deep recursion");
	if (!strstr(smaps_line(grows, "VmFlags"), "gd"))
		fail("the mapping has no flag gd: %s", smaps_line(grows, "VmFlags"));
}

const struct kind kind = { .set_up = set_up, .check = check };
