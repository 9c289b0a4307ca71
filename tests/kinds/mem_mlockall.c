// SPDX-License-Identifier: GPL-2.0
/* mlockall for what will be mapped later. */
#include "kind.h"

static void set_up(void)
{
	must(mlockall(MCL_FUTURE | MCL_ONFAULT));
}

static void check(void)
{
	void *mem = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must((long)mem);
	if (!strstr(smaps_line(mem, "VmFlags"), "lo"))
		fail("a new mapping is not locked, though mlockall said so");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "does not keep mlockall for the future",
};
