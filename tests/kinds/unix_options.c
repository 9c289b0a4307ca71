// SPDX-License-Identifier: GPL-2.0
/* Options of SOL_SOCKET, a filter, what fstat(2) says, the place where peeking goes on. */
#include "kind.h"

#include <linux/filter.h>
#include <sys/socket.h>

static const struct {
	int name, value;
} options[] = {
	{ SO_REUSEADDR, 1 }, { SO_PRIORITY, 5 }, { SO_MARK, 77 }, { SO_RCVLOWAT, 3 },
	{ SO_PASSCRED, 1 }, { SO_BROADCAST, 1 }, { SO_KEEPALIVE, 1 }, { SO_OOBINLINE, 1 },
	{ SO_PEEK_OFF, 2 },
};
#define NR (sizeof(options) / sizeof(options[0]))

static int fds[2], dgram[2];

static void set_up(void)
{
	struct sock_filter code[] = { BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
				      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'a', 0, 1),
				      BPF_STMT(BPF_RET | BPF_K, 0xffff),
				      BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog prog = { 4, code };
	struct timeval tv = { 3, 0 };
	struct linger linger = { 1, 9 };
	int size = 50000;
	size_t i;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, dgram));
	for (i = 0; i < NR; i++)
		must(setsockopt(fds[1], SOL_SOCKET, options[i].name, &options[i].value, 4));
	must(setsockopt(fds[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	must(setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	must(setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
	must(setsockopt(dgram[1], SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	size = 1;
	must(setsockopt(dgram[1], SOL_SOCKET, SO_TIMESTAMP, &size, sizeof(size)));
	must(fchown(fds[1], 12, 34));
	must(fchmod(fds[1], 0700));
	must(write(fds[0], "abcdef", 6));
	must(fcntl(fds[0], F_SETFL, O_NONBLOCK));
}

static void check(void)
{
	struct linger linger;
	struct timeval tv;
	socklen_t len;
	struct stat st;
	char buf[16];
	int value;
	size_t i;

	for (i = 0; i < NR; i++) {
		len = sizeof(value);
		must(getsockopt(fds[1], SOL_SOCKET, options[i].name, &value, &len));
		same(value, options[i].value, "option %d", options[i].name);
	}
	len = sizeof(tv);
	must(getsockopt(fds[1], SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	same(tv.tv_sec * 1000000 + tv.tv_usec, 3000000, "SO_RCVTIMEO");
	len = sizeof(linger);
	must(getsockopt(fds[1], SOL_SOCKET, SO_LINGER, &linger, &len));
	same(linger.l_onoff * 100 + linger.l_linger, 109, "SO_LINGER");
	len = sizeof(value);
	must(getsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &value, &len));
	same(value, 100000, "SO_SNDBUF");
	len = sizeof(value);
	must(getsockopt(dgram[1], SOL_SOCKET, SO_TIMESTAMP, &value, &len));
	same(value, 1, "SO_TIMESTAMP");
	must(fstat(fds[1], &st));
	same(st.st_uid == 12 && st.st_gid == 34 && (st.st_mode & 0777) == 0700, 1, "fstat(2)");
	same(must(recv(fds[1], buf, sizeof(buf), MSG_PEEK)), 4, "peeking goes on");
	same(buf[0], 'c', "where it was");
	same(must(recv(fds[1], buf, sizeof(buf), 0)), 6, "all bytes");
	same(must(fcntl(fds[0], F_GETFL)) & O_NONBLOCK, O_NONBLOCK, "O_NONBLOCK");
	must(send(dgram[0], "bad", 3, 0));
	must(send(dgram[0], "aye", 3, 0));
	same(must(recv(dgram[1], buf, sizeof(buf), MSG_DONTWAIT)), 3, "what the filter lets in");
	same(buf[0], 'a', "the filter");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "CRIU 4.2 knows fewer options",
};
