// SPDX-License-Identifier: GPL-2.0
/* A lock of fcntl(2): refused by name without --file-locks, and still held. */
#include "kind.h"

static void set_up(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = 3, .l_len = 5 };

	file_write("file", "0123456789");
	must(fcntl(must(open("file", O_RDWR)), F_SETLK, &lock));
}

static void body(void)
{
	struct flock lock = { .l_type = F_RDLCK, .l_start = 4, .l_len = 1 };

	must(fcntl(must(open("file", O_RDWR)), F_GETLK, &lock));
	same(lock.l_type, F_WRLCK, "lock that another holds");
	same(lock.l_pid, getppid(), "holder of the lock");
}

static void check(void)
{
	child_done(child_start(body));
}

const struct kind kind = { .set_up = set_up, .check = check, .refuse = "lock" };
