// SPDX-License-Identifier: GPL-2.0
/* Memory that was only read takes no memory of its own afterwards either. */
#include "kind.h"

#define LEN (16 << 20)

static unsigned char *mem;

static void set_up(void)
{
	volatile unsigned char sum = 0;
	size_t i;

	mem = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(mem, LEN, MADV_NOHUGEPAGE);
	for (i = 0; i < LEN; i += 4096)
		sum += mem[i];
}

static void check(void)
{
	size_t i;

	if (atol(smaps_line(mem, "Anonymous")) > LEN / 1024 / 4)
		fail("%s of memory that was never written to are in use", smaps_line(mem, "Anonymous"));
	for (i = 0; i < LEN; i += 4096)
		same(mem[i], 0, "byte %zu", i);
}

const struct kind kind = { .set_up = set_up, .check = check };
