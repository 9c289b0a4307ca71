// SPDX-License-Identifier: GPL-2.0
/* What is not known yet is refused by name, with the descriptor, and the tree is left as it was. */
#include "kind.h"

#include <sys/socket.h>

static int fds[2];

static void set_up(void)
{
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	must(write(fds[0], "x", 1));
}

static void check(void)
{
	char c;

	same(must(read(fds[1], &c, 1)), 1, "bytes read");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "socket",
	.criu = "knows sockets",
};
