// SPDX-License-Identifier: GPL-2.0
/* Transparent huge pages switched off for a task: memory with a page here and there stays small. */
#include "kind.h"

#define LEN (16 << 20)
#define STEP (1 << 20)

static unsigned char *mem;
static long before;

static void set_up(void)
{
	must(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	mem = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)madvise(mem, LEN, MADV_HUGEPAGE);
	for (size_t i = 0; i < LEN; i += STEP)
		mem[i] = 1 + i / STEP;
	before = atol(smaps_line(mem, "Anonymous"));
}

static void check(void)
{
	long after = atol(smaps_line(mem, "Anonymous"));

	same(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1, "THP disabled");
	if (after > before + 256)
		fail("%ld KiB are in use, %ld before", after, before);
	for (size_t i = 0; i < LEN; i += STEP)
		same(mem[i], 1 + i / STEP, "byte %zu", i);
}

const struct kind kind = { .set_up = set_up, .check = check };
