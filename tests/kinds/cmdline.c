// SPDX-License-Identifier: GPL-2.0
/* What /proc shows of the arguments, the environment and the auxiliary vector. */
#include "kind.h"

#include <sys/auxv.h>

static char before[3][8192];
static size_t len[3];
static const char *const files[] = {
	"/proc/self/cmdline",
	"/proc/self/environ",
	"/proc/self/auxv",
};

static void set_up(void)
{
	int i;

	for (i = 0; i < 3; i++) {
		len[i] = file_read(files[i], before[i], sizeof(before[i]));
		if (!len[i])
			fail("%s is empty", files[i]);
	}
}

static void check(void)
{
	char after[8192];
	int i;

	for (i = 0; i < 3; i++) {
		same(file_read(files[i], after, sizeof(after)), len[i], "length of %s", files[i]);
		if (memcmp(after, before[i], len[i]))
			fail("%s changed", files[i]);
	}
	if (!getauxval(AT_SYSINFO_EHDR))
		fail("the auxiliary vector names no vdso");
}

const struct kind kind = { .set_up = set_up, .check = check };
