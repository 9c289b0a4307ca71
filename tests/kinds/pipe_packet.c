// SPDX-License-Identifier: GPL-2.0
/* A pipe in packet mode (O_DIRECT): what was written in two calls is read in two. */
#include "kind.h"

static int fds[2];

static void set_up(void)
{
	must(pipe2(fds, O_DIRECT));
	must(write(fds[1], "first", 5));
	must(write(fds[1], "second", 6));
}

static void check(void)
{
	char buf[64];

	same(must(fcntl(fds[1], F_GETFL)) & O_DIRECT, O_DIRECT, "packet mode of the writing end");
	same(must(read(fds[0], buf, sizeof(buf))), 5, "bytes of the first packet");
	same(must(read(fds[0], buf, sizeof(buf))), 6, "bytes of the second packet");
	must(write(fds[1], "a", 1));
	must(write(fds[1], "bc", 2));
	same(must(read(fds[0], buf, sizeof(buf))), 1, "bytes of a new packet");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "joins the packets in a pipe",
};
