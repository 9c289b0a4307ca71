// SPDX-License-Identifier: GPL-2.0
/* Memory without huge pages, here and there a page of it written: no more than that is in use. */
#include "kind.h"

#define LEN (16 << 20)
#define STEP (1 << 20)

static unsigned char *mem;
static long before;

static void set_up(void)
{
	mem = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (madvise(mem, LEN, MADV_NOHUGEPAGE))
		skip("this kernel has no huge pages: %s", strerror(errno));
	for (size_t i = 0; i < LEN; i += STEP)
		mem[i] = 1 + i / STEP;
	before = atol(smaps_line(mem, "Anonymous"));
}

static void check(void)
{
	long after = atol(smaps_line(mem, "Anonymous"));

	if (after > before + 256)
		fail("%ld KiB are in use, %ld before", after, before);
	for (size_t i = 0; i < LEN; i += STEP)
		same(mem[i], 1 + i / STEP, "byte %zu", i);
}

const struct kind kind = { .set_up = set_up, .check = check };
