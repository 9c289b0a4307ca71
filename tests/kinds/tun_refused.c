// SPDX-License-Identifier: GPL-2.0
/* A tun device that would be gone with the tree, addresses and all, is refused. */
#include "tun.h"

static int fd, sock;

static void set_up(void)
{
	fd = tun_open("vpn0", IFF_TUN | IFF_NO_PI);
	tun_up("vpn0");
	sock = udp_open();
}

static void check(void)
{
	tun_try(fd, sock, 0);
}

const struct kind kind = {
	.network = true,
	.set_up = set_up,
	.check = check,
	.refuse = "the tun device vpn0 would be gone with the tree",
	.criu = "words it differently",
};
