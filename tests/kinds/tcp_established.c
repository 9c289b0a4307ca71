// SPDX-License-Identifier: GPL-2.0
/*
 * Connections of IPv4, IPv6 and IPv4 in IPv6 with data that is not read yet in both
 * directions: addresses, options of the handshake and data are as they were, and the
 * connection goes on both ways. The listener is gone meanwhile.
 */
#include "tcp.h"

static struct connection {
	const char *name;
	int family, listen_family, port;
	int ends[2];
	union address names[2], peers[2];
	struct tcp_info info[2];
} conns[] = {
	{ .name = "IPv4", .family = AF_INET, .listen_family = AF_INET, .port = 7001 },
	{ .name = "IPv6", .family = AF_INET6, .listen_family = AF_INET6, .port = 7002 },
	{ .name = "mapped", .family = AF_INET, .listen_family = AF_INET6, .port = 7003 },
};

static void names_get(struct connection *c, union address *names, union address *peers,
		      struct tcp_info *info)
{
	int i;

	for (i = 0; i < 2; i++) {
		socklen_t len = sizeof(names[i]);

		memset(&names[i], 0, sizeof(names[i]));
		memset(&peers[i], 0, sizeof(peers[i]));
		must(getsockname(c->ends[i], &names[i].any, &len));
		len = sizeof(peers[i]);
		must(getpeername(c->ends[i], &peers[i].any, &len));
		len = sizeof(info[i]);
		must(getsockopt(c->ends[i], IPPROTO_TCP, TCP_INFO, &info[i], &len));
	}
}

static void connection_set_up(struct connection *c)
{
	char buf[3000];
	int fd = listen_make(c->listen_family, c->port, 5);

	c->ends[0] = connect_make(c->family, c->port);
	c->ends[1] = must(accept(fd, NULL, NULL));
	close(fd);
	fill(buf, sizeof(buf), 1);
	send_all(c->ends[0], buf, 1000);
	fill(buf, sizeof(buf), 2);
	send_all(c->ends[1], buf, 3000);
	sleep_ms(5);
	names_get(c, c->names, c->peers, c->info);
}

static void connection_check(struct connection *c)
{
	union address names[2], peers[2];
	struct tcp_info info[2];
	int i, waiting;

	names_get(c, names, peers, info);
	for (i = 0; i < 2; i++) {
		if (memcmp(&names[i], &c->names[i], sizeof(names[i])))
			fail("%s: end %d has another address", c->name, i);
		if (memcmp(&peers[i], &c->peers[i], sizeof(peers[i])))
			fail("%s: end %d has another peer", c->name, i);
		same(info[i].tcpi_options, c->info[i].tcpi_options, "%s: options of end %d",
		     c->name, i);
		same(info[i].tcpi_snd_wscale, c->info[i].tcpi_snd_wscale, "%s: snd_wscale",
		     c->name);
		same(info[i].tcpi_rcv_wscale, c->info[i].tcpi_rcv_wscale, "%s: rcv_wscale",
		     c->name);
		same(info[i].tcpi_state, TCP_ESTABLISHED, "%s: state of end %d", c->name, i);
		must(ioctl(c->ends[i], SIOCINQ, &waiting));
		same(waiting, i ? 1000 : 3000, "%s: bytes that wait at end %d", c->name, i);
	}
	expect_filled(c->ends[1], 1000, 1, c->name);
	expect_filled(c->ends[0], 3000, 2, c->name);
	expect_passes(c->ends[0], c->ends[1], 200000, 3, c->name);
	expect_passes(c->ends[1], c->ends[0], 200000, 4, c->name);
	must(shutdown(c->ends[0], SHUT_WR));
	expect_end(c->ends[1], c->name);
	expect_passes(c->ends[1], c->ends[0], 10, 5, c->name);
	close(c->ends[1]);
	expect_end(c->ends[0], c->name);
}

static void set_up(void)
{
	for (size_t i = 0; i < sizeof(conns) / sizeof(conns[0]); i++)
		connection_set_up(&conns[i]);
}

static void check(void)
{
	for (size_t i = 0; i < sizeof(conns) / sizeof(conns[0]); i++)
		connection_check(&conns[i]);
}

const struct kind kind = {
	.options = "--tcp-established",
	.network = true,
	.set_up = set_up,
	.check = check,
};
