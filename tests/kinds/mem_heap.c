// SPDX-License-Identifier: GPL-2.0
/* The heap: its content, and brk goes on growing and shrinking where it was. */
#include "kind.h"

static unsigned char *start;
static void *end;

static void set_up(void)
{
	start = sbrk(1 << 20);
	must((long)start);
	fill(start, 1 << 20, 4);
	end = sbrk(0);
}

static void check(void)
{
	unsigned char *more;

	same((long)sbrk(0), (long)end, "end of the heap");
	if (!filled(start, 1 << 20, 4))
		fail("the heap's content changed");
	more = sbrk(65536);
	same((long)more, (long)end, "new memory of the heap");
	fill(more, 65536, 5);
	must((long)sbrk(-65536));
	same((long)sbrk(0), (long)end, "end of the heap after it shrank");
	if (!strstr(smaps_header(start), "[heap]"))
		fail("/proc/self/maps does not call it heap: %s", smaps_header(start));
}

const struct kind kind = { .set_up = set_up, .check = check };
