// SPDX-License-Identifier: GPL-2.0
/* Pairs of stream sockets: bytes wait both ways, one end is shut down, a child has one. */
#include "kind.h"

#include <sys/socket.h>

static int a[2], b[2], c[2];
static pid_t pid;

static void body(void)
{
	char buf[8];

	close(c[0]);
	await_go();
	same(must(read(c[1], buf, sizeof(buf))), 4, "bytes that the child gets");
	must(write(c[1], "back", 4));
}

static void set_up(void)
{
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, a));
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, c));
	must(write(a[0], "forth", 5));
	must(write(a[1], "and back", 8));
	must(write(b[0], "last", 4));
	must(shutdown(b[0], SHUT_WR));
	must(write(c[0], "down", 4));
	pid = child_start(body);
	close(c[1]);
}

static void check(void)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	char buf[16];

	same(must(read(a[1], buf, sizeof(buf))), 5, "bytes one way");
	same(memcmp(buf, "forth", 5), 0, "these bytes");
	same(must(read(a[0], buf, sizeof(buf))), 8, "bytes the other way");
	must(write(a[0], "x", 1));
	same(must(read(a[1], buf, sizeof(buf))), 1, "a new byte");
	same(must(read(b[1], buf, sizeof(buf))), 4, "bytes before the end");
	same(must(read(b[1], buf, sizeof(buf))), 0, "the end");
	same(send(b[0], "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE, 1, "EPIPE after the end");
	same(read(b[0], buf, 1) < 0 && errno == EAGAIN, 1, "non-blocking");
	must(write(b[1], "y", 1));
	same(must(read(b[0], buf, sizeof(buf))), 1, "the way that is still open");
	same(must(read(c[0], buf, sizeof(buf))), 4, "the child's answer");
	child_done(pid);
	same(must(read(c[0], buf, sizeof(buf))), 0, "the end, with the child");
	must(getsockopt(a[0], SOL_SOCKET, SO_PEERCRED, &cred, &len));
	same(cred.pid, getpid(), "SO_PEERCRED");
}

const struct kind kind = { .set_up = set_up, .check = check };
