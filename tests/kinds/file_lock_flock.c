// SPDX-License-Identifier: GPL-2.0
/* A lock of flock(2): refused by name without --file-locks, and still held. */
#include "kind.h"

#include <sys/file.h>

static int fd;

static void set_up(void)
{
	file_write("file", "");
	fd = must(open("file", O_RDWR));
	must(flock(fd, LOCK_EX));
}

static void check(void)
{
	same(flock(must(open("file", O_RDWR)), LOCK_EX | LOCK_NB), -1, "lock that another holds");
	same(errno, EWOULDBLOCK, "errno of that");
}

const struct kind kind = { .set_up = set_up, .check = check, .refuse = "lock" };
