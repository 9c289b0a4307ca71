// SPDX-License-Identifier: GPL-2.0
/* A file that never had a name (O_TMPFILE). */
#include "kind.h"

static int fd;

static void set_up(void)
{
	fd = open(".", O_TMPFILE | O_RDWR, 0600);
	if (fd < 0)
		skip("no O_TMPFILE here: %s", strerror(errno));
	must(write(fd, "nameless", 8));
}

static void check(void)
{
	char buf[16];

	same(lseek(fd, 0, SEEK_CUR), 8, "position");
	same(must(pread(fd, buf, sizeof(buf), 0)), 8, "bytes read");
	if (memcmp(buf, "nameless", 8))
		fail("the content changed");
}

const struct kind kind = { .set_up = set_up, .check = check };
