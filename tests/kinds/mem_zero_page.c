// SPDX-License-Identifier: GPL-2.0
/* Memory that was only read: zeros, and it takes no more memory than it did. */
#include "kind.h"

#define LEN (16 << 20)

static unsigned char *mem;
static long before;

static void set_up(void)
{
	volatile unsigned char sum = 0;
	size_t i;

	mem = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(mem, LEN, MADV_NOHUGEPAGE);
	for (i = 0; i < LEN / 2; i += 4096)
		sum += mem[i];
	/* Some kernels have no zero page and give each its own. */
	before = atol(smaps_line(mem, "Anonymous"));
}

static void check(void)
{
	long after = atol(smaps_line(mem, "Anonymous"));
	size_t i;

	if (after > before + 256)
		fail("%ld KiB of memory that was never written to are in use, %ld before", after,
		     before);
	for (i = 0; i < LEN; i += 4096)
		same(mem[i], 0, "byte %zu", i);
}

const struct kind kind = { .set_up = set_up, .check = check };
