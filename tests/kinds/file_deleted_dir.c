// SPDX-License-Identifier: GPL-2.0
/* A deleted directory that is open. */
#include "kind.h"

static int fd;

static void set_up(void)
{
	must(mkdir("dir", 0711));
	fd = must(open("dir", O_RDONLY | O_DIRECTORY));
	must(rmdir("dir"));
}

static void check(void)
{
	struct stat st;

	must(fstat(fd, &st));
	same(S_ISDIR(st.st_mode), 1, "a directory");
	same(st.st_mode & 07777, 0711, "mode");
	same(openat(fd, "new", O_CREAT | O_RDWR, 0600), -1, "file made in a deleted directory");
	same(errno, ENOENT, "errno of that");
	same(access("dir", F_OK), -1, "the deleted directory has its name again");
}

const struct kind kind = { .set_up = set_up, .check = check };
