// SPDX-License-Identifier: GPL-2.0
/* A pipe with data in it, its size, and its ends' flags. */
#include "kind.h"

static int fds[2], large[2], empty[2];
static char data[100000];

static void set_up(void)
{
	must(pipe2(fds, O_NONBLOCK));
	must(write(fds[1], "hello", 5));
	must(pipe(large));
	must(fcntl(large[1], F_SETPIPE_SZ, 262144));
	fill(data, sizeof(data), 4);
	same(must(write(large[1], data, sizeof(data))), sizeof(data), "bytes written at the start");
	must(pipe(empty));
	must(fcntl(empty[0], F_SETPIPE_SZ, 4096));
}

static void check(void)
{
	char buf[100001];
	int avail;

	must(ioctl(large[0], FIONREAD, &avail));
	same(avail, sizeof(data), "bytes in the large pipe");
	same(must(read(large[0], buf, sizeof(data))), sizeof(data),
	     "bytes read from the large pipe");
	if (!filled(buf, sizeof(data), 4))
		fail("the data in the pipe changed");
	same(must(fcntl(large[0], F_GETPIPE_SZ)), 262144, "size of the large pipe");
	same(must(fcntl(empty[0], F_GETPIPE_SZ)), 4096, "size of the small pipe");
	same(must(read(fds[0], buf, sizeof(buf))), 5, "bytes read");
	if (memcmp(buf, "hello", 5))
		fail("the pipe had other data");
	same(read(fds[0], buf, 1), -1, "read from the empty pipe that does not block");
	same(errno, EAGAIN, "errno of that read");
	must(write(empty[1], "x", 1));
	same(must(read(empty[0], buf, 2)), 1, "bytes read from the small pipe");
}

const struct kind kind = { .set_up = set_up, .check = check };
