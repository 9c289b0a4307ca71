// SPDX-License-Identifier: GPL-2.0
/* A persistent tun device of crctl's own network namespace: it stays, and is attached again. */
#include "tun.h"

static int fd, sock;

static void set_up(void)
{
	fd = tun_open("vpn0", IFF_TUN | IFF_NO_PI);
	must(ioctl(fd, TUNSETPERSIST, 1));
	tun_up("vpn0");
	sock = udp_open();
	tun_try(fd, sock, 0);
}

static void check(void)
{
	struct ifreq q = { 0 };

	must(ioctl(fd, TUNGETIFF, &q));
	same(q.ifr_flags & IFF_PERSIST, IFF_PERSIST, "IFF_PERSIST");
	tun_try(fd, sock, 0);
}

const struct kind kind = {
	.network = true,
	.set_up = set_up,
	.check = check,
	.criu = "wants a network namespace of the tree's own",
};
