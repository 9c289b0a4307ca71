// SPDX-License-Identifier: GPL-2.0
/* A descriptor that names a symbolic link itself (O_PATH and O_NOFOLLOW). */
#include "kind.h"

static int fd;

static void set_up(void)
{
	must(symlink("nowhere", "link"));
	fd = must(open("link", O_PATH | O_NOFOLLOW));
}

static void check(void)
{
	char buf[64] = "";

	same(must(readlinkat(fd, "", buf, sizeof(buf))), 7, "length of the link");
	if (strcmp(buf, "nowhere"))
		fail("the link leads to %s", buf);
}

const struct kind kind = { .set_up = set_up, .check = check };
