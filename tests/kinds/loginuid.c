// SPDX-License-Identifier: GPL-2.0
/* The login uid. */
#include "kind.h"

static char before[32];

static void set_up(void)
{
	int fd = open("/proc/self/loginuid", O_WRONLY);

	if (fd < 0 || write(fd, "1234", 4) != 4)
		skip("the login uid cannot be set: %s", strerror(errno));
	close(fd);
	file_read("/proc/self/loginuid", before, sizeof(before));
}

static void check(void)
{
	char after[32];

	file_read("/proc/self/loginuid", after, sizeof(after));
	if (strcmp(before, after))
		fail("the login uid is %s, not %s", after, before);
}

const struct kind kind = { .set_up = set_up, .check = check };
