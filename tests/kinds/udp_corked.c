// SPDX-License-Identifier: GPL-2.0
/* A UDP socket that holds data back is refused, and says the whole datagram afterwards. */
#include "tcp.h"

static int server, client;

static void set_up(void)
{
	union address a;
	socklen_t len = address_make(&a, AF_INET, false, 7001);

	server = must(socket(AF_INET, SOCK_DGRAM, 0));
	must(bind(server, &a.any, len));
	client = must(socket(AF_INET, SOCK_DGRAM, 0));
	must(connect(client, &a.any, len));
	must(send(client, "one", 3, MSG_MORE));
}

static void check(void)
{
	char buf[16];

	must(send(client, "two", 3, 0));
	same(recv(server, buf, sizeof(buf), 0), 6, "both parts");
}

const struct kind kind = {
	.refuse = "holds data back",
	.network = true,
	.set_up = set_up,
	.check = check,
};
