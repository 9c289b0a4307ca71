// SPDX-License-Identifier: GPL-2.0
/* Private anonymous memory: 16 MiB of data, with untouched and zeroed pages in between. */
#include "kind.h"

#define LEN  (16 << 20)
#define PAGE 4096

static unsigned char *mem;

static void set_up(void)
{
	size_t i;

	mem = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < LEN / PAGE; i += 3) {
		if (i % 5 == 0)
			memset(mem + i * PAGE, 0, PAGE);
		else
			fill(mem + i * PAGE, PAGE, i);
	}
}

static void check(void)
{
	static const unsigned char zero[PAGE];
	size_t i;

	for (i = 0; i < LEN / PAGE; i++)
		if (i % 3 || i % 5 == 0) {
			if (memcmp(mem + i * PAGE, zero, PAGE))
				fail("page %zu is not zero any more", i);
		} else if (!filled(mem + i * PAGE, PAGE, i)) {
			fail("page %zu changed", i);
		}
	fill(mem, PAGE, 1);
}

const struct kind kind = { .set_up = set_up, .check = check };
