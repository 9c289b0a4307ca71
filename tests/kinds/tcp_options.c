// SPDX-License-Identifier: GPL-2.0
/*
 * Options of TCP, IP and IPv6 on a connection, on a listener (and so on what it accepts
 * afterwards) and on a socket that is nothing yet. Every value differs from a new socket's.
 */
#include "tcp.h"

#define ANY (-1)

static const struct option {
	int family, level, name, value;
	bool idle_only;
} options[] = {
	{ ANY, IPPROTO_TCP, TCP_NODELAY, 1, false },
	{ ANY, IPPROTO_TCP, TCP_CORK, 1, false },
	{ ANY, IPPROTO_TCP, TCP_KEEPIDLE, 77, false },
	{ ANY, IPPROTO_TCP, TCP_KEEPINTVL, 11, false },
	{ ANY, IPPROTO_TCP, TCP_KEEPCNT, 4, false },
	{ ANY, IPPROTO_TCP, TCP_SYNCNT, 3, false },
	{ ANY, IPPROTO_TCP, TCP_LINGER2, 17, false },
	{ ANY, IPPROTO_TCP, TCP_USER_TIMEOUT, 12345, false },
	{ ANY, IPPROTO_TCP, 25 /* TCP_NOTSENT_LOWAT */, 16384, false },
	{ ANY, IPPROTO_TCP, 36 /* TCP_INQ */, 1, false },
	{ ANY, IPPROTO_TCP, TCP_WINDOW_CLAMP, 30000, false },
	{ ANY, IPPROTO_TCP, TCP_MAXSEG, 1111, true },
	{ ANY, IPPROTO_TCP, TCP_FASTOPEN, 9, true },
	{ ANY, IPPROTO_TCP, 27 /* TCP_SAVE_SYN */, 1, true },
	{ ANY, IPPROTO_IP, IP_TOS, 0x48, false },
	{ ANY, IPPROTO_IP, IP_TTL, 33, false },
	{ ANY, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, false },
	{ AF_INET, IPPROTO_IP, IP_FREEBIND, 1, false },
	{ AF_INET, IPPROTO_IP, IP_TRANSPARENT, 1, false },
	{ ANY, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, false },
	{ ANY, IPPROTO_IP, IP_RECVTTL, 1, false },
	{ ANY, IPPROTO_IP, IP_RECVTOS, 1, false },
	{ ANY, IPPROTO_IP, IP_MINTTL, 5, false },
	{ AF_INET6, IPPROTO_IPV6, IPV6_TCLASS, 0x28, false },
	{ AF_INET6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 44, false },
	{ AF_INET6, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO, false },
	{ AF_INET6, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, false },
	{ AF_INET6, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, false },
	{ AF_INET6, IPPROTO_IPV6, IPV6_RECVTCLASS, 1, false },
	{ AF_INET6, IPPROTO_IPV6, 78 /* IPV6_FREEBIND */, 1, false },
	{ AF_INET6, IPPROTO_IPV6, IPV6_TRANSPARENT, 1, false },
	{ AF_INET6, IPPROTO_IPV6, IPV6_DONTFRAG, 1, false },
	{ AF_INET6, IPPROTO_IPV6, IPV6_MINHOPCOUNT, 6, false },
	{ ANY, SOL_SOCKET, SO_KEEPALIVE, 1, false },
	{ ANY, SOL_SOCKET, SO_PRIORITY, 5, false },
	{ ANY, SOL_SOCKET, SO_MARK, 99, false },
	{ ANY, SOL_SOCKET, SO_OOBINLINE, 1, false },
	{ ANY, SOL_SOCKET, SO_RCVLOWAT, 3, false },
	{ ANY, SOL_SOCKET, SO_MAX_PACING_RATE, 1000000, false },
};

#define NR (sizeof(options) / sizeof(options[0]))

static struct socket_kind {
	const char *name;
	int family, fd, value[NR];
	bool idle;
	char congestion[16];
} sockets[6];

static int peers[2], servers[2];

static bool applies(const struct socket_kind *s, const struct option *o)
{
	return (o->family == ANY || o->family == s->family) && (s->idle || !o->idle_only);
}

static void set_all(struct socket_kind *s)
{
	struct linger linger = { 1, 6 };
	struct timeval tv = { 3, 500000 };
	socklen_t len = sizeof(s->congestion);
	size_t i;

	for (i = 0; i < NR; i++)
		if (applies(s, &options[i]))
			opt_set(s->fd, options[i].level, options[i].name, options[i].value);
	for (i = 0; i < NR; i++) {
		if (applies(s, &options[i]))
			s->value[i] = opt_get(s->fd, options[i].level, options[i].name);
	}
	must(setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	must(setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	must(setsockopt(s->fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	must(setsockopt(s->fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
	must(getsockopt(s->fd, IPPROTO_TCP, TCP_CONGESTION, s->congestion, &len));
}

static void set_up(void)
{
	int v, nr = 0;

	for (v = 0; v < 2; v++) {
		int family = v ? AF_INET6 : AF_INET, ends[2];

		servers[v] = listen_make(family, 7010 + v, 5);
		pair_make(family, 7001 + v, ends);
		peers[v] = ends[1];
		sockets[nr++] = (struct socket_kind){ .name = "a connection", .family = family,
						      .fd = ends[0] };
		sockets[nr++] = (struct socket_kind){ .name = "a listener", .family = family,
						      .fd = servers[v],
						      .idle = true };
		sockets[nr++] = (struct socket_kind){ .name = "a new socket",
						      .family = family,
						      .fd = must(socket(family, SOCK_STREAM, 0)),
						      .idle = true };
	}
	for (v = 0; v < nr; v++)
		set_all(&sockets[v]);
}

static void compare(struct socket_kind *s)
{
	char name[32] = "";
	socklen_t len = sizeof(name);
	struct linger linger = { 0 };
	struct timeval tv = { 0 };

	for (size_t i = 0; i < NR; i++) {
		if (applies(s, &options[i]))
			same(opt_get(s->fd, options[i].level, options[i].name), s->value[i],
			     "%s, family %d: option %d of level %d", s->name, s->family,
			     options[i].name, options[i].level);
	}
	must(getsockopt(s->fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	if (strcmp(name, "lo"))
		fail("%s: bound to the device \"%s\"", s->name, name);
	len = sizeof(name);
	must(getsockopt(s->fd, IPPROTO_TCP, TCP_CONGESTION, name, &len));
	if (strcmp(name, s->congestion))
		fail("%s: congestion control %s, not %s", s->name, name, s->congestion);
	len = sizeof(linger);
	must(getsockopt(s->fd, SOL_SOCKET, SO_LINGER, &linger, &len));
	same(linger.l_onoff * 100 + linger.l_linger, 106, "%s: SO_LINGER", s->name);
	len = sizeof(tv);
	must(getsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	same(tv.tv_sec * 1000000 + tv.tv_usec, 3500000, "%s: SO_RCVTIMEO", s->name);
}

static void check(void)
{
	for (int v = 0; v < 2; v++) {
		int fd, client;

		compare(&sockets[v * 3]);
		compare(&sockets[v * 3 + 1]);
		compare(&sockets[v * 3 + 2]);
		opt_set(sockets[v * 3].fd, IPPROTO_TCP, TCP_CORK, 0);
		opt_set(sockets[v * 3].fd, SOL_SOCKET, SO_RCVLOWAT, 1);
		expect_passes(sockets[v * 3].fd, peers[v], 5000, 1, "a connection with options");
		expect_passes(peers[v], sockets[v * 3].fd, 5000, 2, "a connection with options");
		client = connect_make(v ? AF_INET6 : AF_INET, 7010 + v);
		fd = must(accept(servers[v], NULL, NULL));
		same(opt_get(fd, IPPROTO_TCP, TCP_KEEPIDLE), 77, "TCP_KEEPIDLE of an accepted one");
		close(fd);
		close(client);
	}
}

const struct kind kind = {
	.criu = "keeps few options of TCP and IP",
	.options = "--tcp-established",
	.network = true,
	.set_up = set_up,
	.check = check,
};
