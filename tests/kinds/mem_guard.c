// SPDX-License-Identifier: GPL-2.0
/* Guard pages (MADV_GUARD_INSTALL) still fault, and the data around them is there. */
#include "kind.h"

#include <setjmp.h>

#define PAGE 4096
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

static unsigned char *mem;
static sigjmp_buf jump;

static void handler(int sig)
{
	siglongjmp(jump, 1);
}

static bool faults(volatile unsigned char *p)
{
	if (sigsetjmp(jump, 1))
		return true;
	(void)*p;
	return false;
}

static void set_up(void)
{
	mem = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fill(mem, 64 * PAGE, 3);
	if (madvise(mem + 8 * PAGE, PAGE, MADV_GUARD_INSTALL))
		skip("no guard pages here: %s", strerror(errno));
	must(madvise(mem + 16 * PAGE, 16 * PAGE, MADV_GUARD_INSTALL));
	must(madvise(mem + 63 * PAGE, PAGE, MADV_GUARD_INSTALL));
	signal(SIGSEGV, handler);
}

static void check(void)
{
	static unsigned char data[64 * PAGE];
	bool guard;
	int i;

	fill(data, sizeof(data), 3);
	for (i = 0; i < 64; i++) {
		guard = i == 8 || (i >= 16 && i < 32) || i == 63;
		same(faults(mem + i * PAGE), guard, "page %d faults", i);
		if (!guard && memcmp(mem + i * PAGE, data + i * PAGE, PAGE))
			fail("page %d changed", i);
	}
}

const struct kind kind = { .set_up = set_up, .check = check };
