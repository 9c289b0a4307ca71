// SPDX-License-Identifier: GPL-2.0
/* Pipes of which one end is closed everywhere: end of file with data left, and EPIPE. */
#include "kind.h"

static int no_writer[2], no_reader[2];

static void set_up(void)
{
	must(pipe(no_writer));
	must(write(no_writer[1], "left", 4));
	close(no_writer[1]);
	must(pipe(no_reader));
	close(no_reader[0]);
	signal(SIGPIPE, SIG_IGN);
}

static void check(void)
{
	char buf[8];

	same(must(read(no_writer[0], buf, sizeof(buf))), 4, "bytes left");
	same(must(read(no_writer[0], buf, sizeof(buf))), 0, "bytes at the end of file");
	same(write(no_reader[1], "x", 1), -1, "write to a pipe that nobody reads");
	same(errno, EPIPE, "errno of that write");
}

const struct kind kind = { .set_up = set_up, .check = check };
