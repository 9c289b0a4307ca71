// SPDX-License-Identifier: GPL-2.0
/* Eight terabytes reserved without access, with a little data in the middle. */
#include "kind.h"

#define LEN (8ULL << 40)

static unsigned char *mem;

static void set_up(void)
{
	mem = mmap(NULL, LEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED)
		fail("reserve: %s", strerror(errno));
	must(mprotect(mem + LEN / 2, 1 << 20, PROT_READ | PROT_WRITE));
	fill(mem + LEN / 2 + 4096, 4096, 5);
}

static void check(void)
{
	if (!filled(mem + LEN / 2 + 4096, 4096, 5))
		fail("the data changed");
	if (!strstr(smaps_line(mem, "VmFlags"), "nr"))
		fail("the reservation counts as memory now");
	must(mprotect(mem + LEN - 4096, 4096, PROT_READ | PROT_WRITE));
	mem[LEN - 1] = 1;
}

const struct kind kind = { .set_up = set_up, .check = check };
