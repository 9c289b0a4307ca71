// SPDX-License-Identifier: GPL-2.0
/* Mappings at the ends of the address space. */
#include "kind.h"

#define LOW  ((unsigned char *)0x10000)
#define HIGH ((unsigned char *)0x7ffffffee000)

static void *map(unsigned char *where)
{
	return mmap(where, 8192, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
}

static void set_up(void)
{
	if (map(LOW) != LOW || map(HIGH) != HIGH)
		skip("these addresses cannot be mapped: %s", strerror(errno));
	fill(LOW, 8192, 1);
	fill(HIGH, 4096, 2);
}

static void check(void)
{
	if (!filled(LOW, 8192, 1))
		fail("the lowest mapping changed");
	if (!filled(HIGH, 4096, 2))
		fail("the highest mapping changed");
}

const struct kind kind = { .set_up = set_up, .check = check };
