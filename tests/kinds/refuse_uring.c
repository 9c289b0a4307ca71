// SPDX-License-Identifier: GPL-2.0
/* An io_uring is refused by name, and the tree is left as it was. */
#include "kind.h"

static int fd;

static void set_up(void)
{
	char params[256] = "";

	fd = syscall(425 /* io_uring_setup */, 4, params);
	if (fd < 0)
		skip("no io_uring here: %s", strerror(errno));
}

static void check(void)
{
	must(fcntl(fd, F_GETFD));
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "io_uring|0 requests",
};
