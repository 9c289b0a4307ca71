// SPDX-License-Identifier: GPL-2.0
/* 20,000 mappings (or as many as KIND_VMAS says, up to 60,000), each with data of its own. */
#include "kind.h"

#define PAGE 4096

static unsigned char *mem;
static long nr;

static void set_up(void)
{
	const char *text = getenv("KIND_VMAS");
	long i;

	nr = text ? atol(text) : 20000;
	mem = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < nr; i += 2)
		*(long *)(mem + i * PAGE) = i;
	for (i = 0; i < nr; i += 2)
		must(mprotect(mem + i * PAGE, PAGE, PROT_READ));
}

static void check(void)
{
	char buf[256];
	long i, lines = 0;
	FILE *f;

	for (i = 0; i < nr; i++)
		same(*(long *)(mem + i * PAGE), i % 2 ? 0 : i, "word of mapping %ld", i);
	f = fopen("/proc/self/maps", "r");
	while (f && fgets(buf, sizeof(buf), f))
		lines++;
	fclose(f);
	if (lines < nr)
		fail("%ld mappings only, not %ld", lines, nr);
}

const struct kind kind = { .set_up = set_up, .check = check };
