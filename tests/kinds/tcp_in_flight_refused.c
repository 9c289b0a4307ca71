// SPDX-License-Identifier: GPL-2.0
/* Connections that nobody has accepted, or that are being made, are refused by name. */
#include "tcp.h"

static int server;

static void set_up(void)
{
	union address a;
	int i, fd;

	server = listen_make(AF_INET, 7001, 0);
	connect_make(AF_INET, 7001);
	for (i = 0; i < 3; i++) {
		fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
		(void)!connect(fd, &a.any, address_make(&a, AF_INET, false, 7001));
	}
	sleep_ms(5);
}

static void check(void)
{
	close(must(accept(server, NULL, NULL)));
}

const struct kind kind = {
	.options = "--tcp-established",
	.refuse = "are not accepted yet|the connection is not made yet|--skip-in-flight",
	.network = true,
	.set_up = set_up,
	.check = check,
};
