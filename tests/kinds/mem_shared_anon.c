// SPDX-License-Identifier: GPL-2.0
/* Shared anonymous memory across tasks, mapped by each at other places, with a hole. */
#include "kind.h"

#define PAGE 4096

static unsigned char *mem, *part;
static pid_t child;

static void body(void)
{
	part = mremap(mem + 8 * PAGE, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		      (void *)0x200000000);
	munmap(mem, 4 * PAGE);
	mark("child");
	await_mark("written");
	if (!filled(mem + 4 * PAGE, PAGE, 4) || !filled(part + PAGE, PAGE, 5))
		fail("the child does not see what its parent wrote");
	fill(part + 2 * PAGE, PAGE, 6);
}

static void set_up(void)
{
	mem = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fill(mem, PAGE, 1);
	fill(mem + 15 * PAGE, PAGE, 2);
	fill(mem + 63 * PAGE, PAGE, 3);
	child = child_start(body);
	await_mark("child");
}

static void check(void)
{
	static const unsigned char zero[PAGE];

	if (!filled(mem, PAGE, 1) || !filled(mem + 15 * PAGE, PAGE, 2) ||
	    !filled(mem + 63 * PAGE, PAGE, 3))
		fail("the data of before changed");
	if (memcmp(mem + 20 * PAGE, zero, PAGE))
		fail("a page that nobody touched is not zero");
	fill(mem + 4 * PAGE, PAGE, 4);
	fill(mem + 9 * PAGE, PAGE, 5);
	mark("written");
	child_done(child);
	if (!filled(mem + 10 * PAGE, PAGE, 6))
		fail("the parent does not see what its child wrote");
}

const struct kind kind = { .set_up = set_up, .check = check };
