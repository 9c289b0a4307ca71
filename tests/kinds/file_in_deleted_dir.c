// SPDX-License-Identifier: GPL-2.0
/* A deleted file in a directory that was deleted too. */
#include "kind.h"

static int fd;

static void set_up(void)
{
	must(mkdir("dir", 0755));
	must(mkdir("dir/sub", 0755));
	fd = must(open("dir/sub/file", O_CREAT | O_RDWR, 0600));
	must(write(fd, "inner", 5));
	must(unlink("dir/sub/file"));
	must(rmdir("dir/sub"));
	must(rmdir("dir"));
}

static void check(void)
{
	char buf[8];

	same(must(pread(fd, buf, sizeof(buf), 0)), 5, "bytes read");
	if (memcmp(buf, "inner", 5))
		fail("the content changed");
	same(access("dir", F_OK), -1, "the deleted directory has its name again");
}

const struct kind kind = { .set_up = set_up, .check = check };
