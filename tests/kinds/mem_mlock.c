// SPDX-License-Identifier: GPL-2.0
/* Locked memory, at once (mlock) and on fault (MLOCK_ONFAULT). */
#include "kind.h"

static unsigned char *all, *on_fault;

static unsigned char *map(void)
{
	unsigned char *mem =
		mmap(NULL, 65536 + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(mprotect(mem + 4096, 65536, PROT_READ | PROT_WRITE));
	return mem + 4096;
}

static void set_up(void)
{
	all = map();
	on_fault = map();
	must(mlock(all, 65536));
	must(mlock2(on_fault, 65536, MLOCK_ONFAULT));
	on_fault[0] = 1;
}

static void check(void)
{
	if (!strstr(smaps_line(all, "VmFlags"), "lo"))
		fail("the memory is not locked any more: %s", smaps_line(all, "VmFlags"));
	same(atoi(smaps_line(all, "Locked")), 64, "locked KiB");
	if (!strstr(smaps_line(on_fault, "VmFlags"), "lo"))
		fail("the memory is not locked on fault any more");
	same(on_fault[0], 1, "byte in memory locked on fault");
}

const struct kind kind = { .set_up = set_up, .check = check };
