// SPDX-License-Identifier: GPL-2.0
/* Files of /proc and /sys that are half read go on where they were. */
#include "kind.h"

static int limits, dir, sys, mem;
static char before[4096];

static void set_up(void)
{
	limits = must(open("/proc/self/limits", O_RDONLY));
	must(read(limits, before, 100));
	dir = must(open("/proc/self/task", O_RDONLY | O_DIRECTORY));
	sys = must(open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY));
	must(lseek(sys, 3, SEEK_SET));
	mem = must(open("/proc/self/mem", O_RDWR));
}

static void check(void)
{
	char buf[4096], text[8] = "abcdefg";

	same(lseek(limits, 0, SEEK_CUR), 100, "position in /proc/self/limits");
	must(lseek(limits, 0, SEEK_SET));
	must(read(limits, buf, 100));
	if (memcmp(buf, before, 100))
		fail("/proc/self/limits is another task's");
	snprintf(buf, sizeof(buf), "%d", getpid());
	must(faccessat(dir, buf, F_OK, 0));
	same(lseek(sys, 0, SEEK_CUR), 3, "position in the file of /sys");
	same(must(pwrite(mem, "X", 1, (off_t)(uintptr_t)text)), 1, "bytes written to memory");
	same(text[0], 'X', "byte written through /proc/self/mem");
}

const struct kind kind = { .set_up = set_up, .check = check };
