/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs about internet sockets share: both ends are in the program, on loopback. */
#ifndef KINDS_TCP_H
#define KINDS_TCP_H

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "kind.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Loopback, or any address where @any. */
static inline socklen_t address_make(union address *a, int family, bool any, int port)
{
	memset(a, 0, sizeof(*a));
	a->any.sa_family = family;
	if (family == AF_INET) {
		a->v4.sin_port = htons(port);
		a->v4.sin_addr.s_addr = htonl(any ? INADDR_ANY : INADDR_LOOPBACK);
		return sizeof(a->v4);
	}
	a->v6.sin6_port = htons(port);
	a->v6.sin6_addr = any ? in6addr_any : in6addr_loopback;
	return sizeof(a->v6);
}

static inline void opt_set(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		fail("setting option %d of level %d to %d: %s", name, level, value,
		     strerror(errno));
}

static inline int opt_get(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, level, name, &value, &len))
		fail("option %d of level %d: %s", name, level, strerror(errno));
	return value;
}

static inline int listen_make(int family, int port, int backlog)
{
	int fd = must(socket(family, SOCK_STREAM, 0));
	union address a;
	socklen_t len = address_make(&a, family, true, port);

	opt_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	must(bind(fd, &a.any, len));
	must(listen(fd, backlog));
	return fd;
}

static inline int connect_make(int family, int port)
{
	int fd = must(socket(family, SOCK_STREAM, 0));
	union address a;
	socklen_t len = address_make(&a, family, false, port);

	must(connect(fd, &a.any, len));
	return fd;
}

/* A connection: ends[0] has connected, ends[1] was accepted. */
static inline void pair_make(int family, int port, int ends[2])
{
	int fd = listen_make(family, port, 5);

	ends[0] = connect_make(family, port);
	ends[1] = must(accept(fd, NULL, NULL));
	close(fd);
}

static inline int tcp_state(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len));
	return info.tcpi_state;
}

static inline void await_tcp_state(int fd, int state)
{
	int64_t end = now_ms() + 5000;

	while (tcp_state(fd) != state) {
		if (now_ms() > end)
			fail("a connection in state %d does not get into state %d", tcp_state(fd),
			     state);
		sleep_ms(1);
	}
}

static inline void send_all(int fd, const void *data, size_t len)
{
	same(send(fd, data, len, MSG_NOSIGNAL), len, "bytes sent");
}

/* Exactly @len bytes that fill() made with @seed. */
static inline void expect_filled(int fd, size_t len, unsigned int seed, const char *what)
{
	char *buf = malloc(len + 1);
	struct timeval limit = { 10, 0 };
	size_t got = 0;
	ssize_t n = 1;

	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	while (got < len && n > 0) {
		n = recv(fd, buf + got, len - got, 0);
		got += n > 0 ? n : 0;
	}
	same(got, len, "%s: bytes received (%s)", what, n < 0 ? strerror(errno) : "end");
	if (!filled(buf, len, seed))
		fail("%s: other bytes than were sent", what);
	free(buf);
}

static inline void expect_end(int fd, const char *what)
{
	struct timeval limit = { 10, 0 };
	char c;
	ssize_t n;

	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	n = recv(fd, &c, 1, 0);
	if (n)
		fail("%s: no end of the stream but %zd (%s)", what, n,
		     n < 0 ? strerror(errno) : "data");
}

/* @len bytes from one end to the other. */
static inline void expect_passes(int from, int to, size_t len, unsigned int seed, const char *what)
{
	char *buf = malloc(len);

	fill(buf, len, seed);
	send_all(from, buf, len);
	expect_filled(to, len, seed, what);
	free(buf);
}

#endif
