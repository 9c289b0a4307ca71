// SPDX-License-Identifier: GPL-2.0
/* Descriptors in flight: with their byte of a stream, of a pipe, sockets in each other. */
#include "kind.h"

#include <sys/socket.h>

static int stream[2], packet[2], ring[2][2], only[2];

static void send_fds(int fd, const void *data, size_t len, const int *fds, int nr)
{
	char control[CMSG_SPACE(8 * sizeof(int))] = { 0 };
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = CMSG_SPACE(nr * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(nr * sizeof(int));
	memcpy(CMSG_DATA(c), fds, nr * sizeof(int));
	same(must(sendmsg(fd, &msg, 0)), len, "bytes sent");
}

static int get_fds(int fd, void *data, size_t len, int *fds)
{
	char control[256];
	struct iovec iov = { data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	int nr;

	must(recvmsg(fd, &msg, MSG_DONTWAIT));
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return 0;
	nr = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(fds, CMSG_DATA(c), nr * sizeof(int));
	return nr;
}

static void set_up(void)
{
	int p[2], fds[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, stream));
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packet));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ring[0]));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ring[1]));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, only));
	must(pipe(p));
	must(write(p[1], "inside", 6));
	must(write(stream[0], "before", 6));
	fds[0] = p[0];
	fds[1] = must(open("/dev/null", O_RDWR));
	send_fds(stream[0], "with", 4, fds, 2);
	must(write(stream[0], "after", 5));
	send_fds(packet[0], "w", 1, &p[1], 1);
	must(send(packet[0], "plain", 5, 0));
	/* nobody but the queues has these any more */
	close(p[0]);
	close(p[1]);
	close(fds[1]);
	/* each pair's queue holds an end of the other */
	send_fds(ring[0][0], "a", 1, &ring[1][1], 1);
	send_fds(ring[1][0], "b", 1, &ring[0][1], 1);
	close(ring[1][1]);
	/* a whole pair within a socket */
	must(write(only[0], "deep", 4));
	send_fds(packet[1], "p", 1, only, 2);
	close(only[0]);
	close(only[1]);
}

static void check(void)
{
	char buf[32];
	int fds[8], wr, nr;

	same(get_fds(stream[1], buf, 6, fds), 0, "descriptors with the first bytes");
	same(memcmp(buf, "before", 6), 0, "the first bytes");
	nr = get_fds(stream[1], buf, sizeof(buf), fds);
	same(nr, 2, "descriptors with their bytes");
	same(memcmp(buf, "with", 4), 0, "their bytes");
	same(must(read(stream[1], buf, sizeof(buf))), 5, "the bytes after");
	same(get_fds(packet[1], buf, sizeof(buf), &wr), 1, "the pipe's other end");
	same(must(read(packet[1], buf, sizeof(buf))), 5, "a message without any");
	same(must(read(fds[0], buf, sizeof(buf))), 6, "bytes in the pipe");
	must(write(wr, "x", 1));
	same(must(read(fds[0], buf, sizeof(buf))), 1, "a new byte through the pipe");
	close(wr);
	same(must(read(fds[0], buf, sizeof(buf))), 0, "the end of the pipe");
	must(write(fds[1], "x", 1));
	same(get_fds(ring[0][1], buf, 1, fds), 1, "the end of one that was in the other");
	same(get_fds(fds[0], buf, 1, fds + 1), 1, "and what was in it");
	must(write(ring[1][0], "y", 1));
	same(must(read(fds[0], buf, sizeof(buf))), 1, "its other end is the same");
	same(get_fds(packet[0], buf, 1, fds), 2, "a pair that was within a message");
	same(must(read(fds[1], buf, sizeof(buf))), 4, "what waited in it");
	must(write(fds[1], "z", 1));
	same(must(read(fds[0], buf, sizeof(buf))), 1, "the pair goes on");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "CRIU 4.2 does not restore sockets that only queues hold",
};
