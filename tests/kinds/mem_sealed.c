// SPDX-License-Identifier: GPL-2.0
/* A sealed mapping (mseal): restored with its data, and still sealed. */
#include "kind.h"

static unsigned char *mem;

static void set_up(void)
{
	mem = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fill(mem, 4096, 4);
	if (syscall(462 /* mseal */, mem, 65536, 0))
		skip("no mseal here: %s", strerror(errno));
}

static void check(void)
{
	if (!filled(mem, 4096, 4))
		fail("the content changed");
	if (mprotect(mem, 4096, PROT_NONE) == 0)
		fail("the mapping is not sealed any more");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "does not keep seals of memory",
};
