// SPDX-License-Identifier: GPL-2.0
/*
 * With --skip-in-flight: a connection that is being made is begun anew, and one that
 * nobody has accepted yet is reset.
 */
#include "tcp.h"

static int server, client, trying, full;

static void set_up(void)
{
	union address a;
	socklen_t len;
	int i;

	server = listen_make(AF_INET, 7001, 5);
	client = connect_make(AF_INET, 7001);
	/* a listener whose queue is full lets others wait */
	full = listen_make(AF_INET, 7002, 0);
	connect_make(AF_INET, 7002);
	len = address_make(&a, AF_INET, false, 7002);
	for (i = 0; i < 3; i++) {
		trying = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
		if (!connect(trying, &a.any, len) || errno != EINPROGRESS)
			continue;
		sleep_ms(5);
		if (tcp_state(trying) == TCP_SYN_SENT)
			return;
	}
	fail("no connection waits");
}

static void check(void)
{
	struct pollfd pfd = { .fd = trying, .events = POLLOUT };
	int fd = accept4(full, NULL, NULL, SOCK_NONBLOCK);

	if (fd >= 0)
		close(fd);
	same(poll(&pfd, 1, 30000 * slowness()), 1, "a connection that was being made");
	same(opt_get(trying, SOL_SOCKET, SO_ERROR), 0, "its error");
	same(tcp_state(trying) == TCP_SYN_SENT, false, "it is being made still");
	close(connect_make(AF_INET, 7001));
	close(must(accept(server, NULL, NULL)));
}

const struct kind kind = {
	.options = "--tcp-established --skip-in-flight",
	.criu = "keeps no connection that is being made",
	.limit_twice = "what was reset has an error that the program does not fetch",
	.network = true,
	.set_up = set_up,
	.check = check,
};
