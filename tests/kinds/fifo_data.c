// SPDX-License-Identifier: GPL-2.0
/* A FIFO with data in it, open for reading, writing and both, in two tasks. */
#include "kind.h"

static int reader, writer;
static pid_t child;

static void body(void)
{
	close(reader);
	mark("child");
	await_mark("read");
	must(write(writer, "more", 4));
}

static void set_up(void)
{
	int both;

	must(mkfifo("fifo", 0600));
	both = must(open("fifo", O_RDWR));
	reader = must(open("fifo", O_RDONLY | O_NONBLOCK));
	writer = must(open("fifo", O_WRONLY));
	must(fcntl(writer, F_SETPIPE_SZ, 16384));
	close(both);
	must(write(writer, "queued", 6));
	child = child_start(body);
	await_mark("child");
}

static void check(void)
{
	char buf[16];
	struct stat a, b;

	same(must(read(reader, buf, sizeof(buf))), 6, "bytes read");
	if (memcmp(buf, "queued", 6))
		fail("the FIFO had other data");
	same(read(reader, buf, sizeof(buf)), -1, "read from the empty FIFO");
	mark("read");
	child_done(child);
	same(must(read(reader, buf, sizeof(buf))), 4, "bytes from the child");
	same(must(fcntl(reader, F_GETPIPE_SZ)), 16384, "size of the FIFO");
	must(fstat(reader, &a));
	must(stat("fifo", &b));
	same(a.st_ino, b.st_ino, "inode");
	close(writer);
	same(must(read(reader, buf, sizeof(buf))), 0, "bytes at the end of file");
}

const struct kind kind = { .set_up = set_up, .check = check };
