// SPDX-License-Identifier: GPL-2.0
/* Transparent huge pages: the content, and memory that asked for them gets them. */
#include "kind.h"

#define LEN (8 << 20)

static unsigned char *mem;

static void set_up(void)
{
	unsigned char *area = mmap(NULL, LEN + (2 << 20), PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mem = (void *)(((uintptr_t)area + (2 << 20) - 1) & ~(uintptr_t)((2 << 20) - 1));
	if (madvise(mem, LEN, MADV_HUGEPAGE))
		skip("no transparent huge pages here");
	fill(mem, LEN, 6);
	if (!atoi(smaps_line(mem, "AnonHugePages")))
		skip("the kernel gave no huge page");
}

static void check(void)
{
	if (!filled(mem, LEN, 6))
		fail("the content changed");
	if (!strstr(smaps_line(mem, "VmFlags"), "hg"))
		fail("the advice for huge pages is lost");
}

const struct kind kind = { .set_up = set_up, .check = check };
