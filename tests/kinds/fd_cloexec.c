// SPDX-License-Identifier: GPL-2.0
/* Close-on-exec is a descriptor's own. */
#include "kind.h"

static void set_up(void)
{
	int i;

	for (i = 100; i < 110; i++)
		must(dup3(0, i, i & 1 ? O_CLOEXEC : 0));
}

static void check(void)
{
	int i;

	for (i = 100; i < 110; i++)
		same(must(fcntl(i, F_GETFD)), i & 1 ? FD_CLOEXEC : 0, "flags of descriptor %d", i);
}

const struct kind kind = { .set_up = set_up, .check = check };
