// SPDX-License-Identifier: GPL-2.0
/* Protections, a page each: readable, writable, executable, none, and data under PROT_NONE. */
#include "kind.h"

#define PAGE 4096
#define NR   64

static unsigned char *mem;

static int protection(int i)
{
	return i % 8;
}

static void set_up(void)
{
	int i;

	mem = mmap(NULL, NR * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < NR; i++)
		fill(mem + i * PAGE, PAGE, i);
	for (i = 0; i < NR; i++)
		must(mprotect(mem + i * PAGE, PAGE, protection(i)));
}

static void check(void)
{
	const char *header, *flags;
	int i;

	for (i = 0; i < NR; i++) {
		header = smaps_header(mem + i * PAGE);
		flags = strchr(header, ' ') + 1;
		same(flags[0] == 'r', !!(protection(i) & PROT_READ), "page %d readable", i);
		same(flags[1] == 'w', !!(protection(i) & PROT_WRITE), "page %d writable", i);
		same(flags[2] == 'x', !!(protection(i) & PROT_EXEC), "page %d executable", i);
		must(mprotect(mem + i * PAGE, PAGE, PROT_READ | PROT_WRITE));
		if (!filled(mem + i * PAGE, PAGE, i))
			fail("page %d changed", i);
	}
}

const struct kind kind = { .set_up = set_up, .check = check };
