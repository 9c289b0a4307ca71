// SPDX-License-Identifier: GPL-2.0
/* Every lasting advice of madvise, as VmFlags in /proc/PID/smaps shows it. */
#include "kind.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

static const struct advice {
	int advice;
	const char *flag;
} advices[] = {
	{ MADV_SEQUENTIAL, "sr" }, { MADV_RANDOM, "rr" },     { MADV_DONTFORK, "dc" },
	{ MADV_DONTDUMP, "dd" },   { MADV_MERGEABLE, "mg" },  { MADV_HUGEPAGE, "hg" },
	{ MADV_NOHUGEPAGE, "nh" }, { MADV_WIPEONFORK, "wf" },
};

#define NR (sizeof(advices) / sizeof(advices[0]))

static unsigned char *mem[NR];
static bool works[NR];

static void set_up(void)
{
	unsigned int i;

	for (i = 0; i < NR; i++) {
		/* Different protections on the sides keep them from merging. */
		mem[i] = mmap(NULL, 4 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		mem[i] += 4096;
		must(mprotect(mem[i], (4 << 20) - 8192, PROT_READ | PROT_WRITE));
		works[i] = madvise(mem[i], (4 << 20) - 8192, advices[i].advice) == 0;
		fill(mem[i], 4096, i);
	}
}

static void check(void)
{
	unsigned int i;

	for (i = 0; i < NR; i++) {
		if (!filled(mem[i], 4096, i))
			fail("the content with flag %s changed", advices[i].flag);
		if (works[i] && !strstr(smaps_line(mem[i], "VmFlags"), advices[i].flag))
			fail("flag %s is lost: %s", advices[i].flag, smaps_line(mem[i], "VmFlags"));
	}
}

const struct kind kind = { .set_up = set_up, .check = check };
