// SPDX-License-Identifier: GPL-2.0
/* Tasks that map, write, protect and unmap memory all the time. */
#include "storm.h"

static unsigned int seed;

static void turn(void)
{
	size_t len = 4096 * (1 + ++seed % 16);
	unsigned char *mem =
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must((long)mem);
	fill(mem, len, seed);
	must(mprotect(mem, 4096, PROT_READ));
	if (!filled(mem, len, seed))
		fail("the memory just written changed");
	must(munmap(mem, len));
}
