// SPDX-License-Identifier: GPL-2.0
/* A Unix socket whose other end a process outside the tree has is refused, naming that process. */
#include "outside.h"

#include <sys/socket.h>

static int fds[2];

static void body(void)
{
	char c;

	close(fds[0]);
	mark("there");
	same(must(read(fds[1], &c, 1)), 1, "the byte that comes");
	must(write(fds[1], "y", 1));
}

static void set_up(void)
{
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	outside_start(body);
	close(fds[1]);
	await_mark("there");
}

static void check(void)
{
	char c;

	must(write(fds[0], "x", 1));
	same(must(read(fds[0], &c, 1)), 1, "the answer from outside");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "(refuse_unix_out|outside the tree|--external unix[",
	.criu = "words it differently",
};
