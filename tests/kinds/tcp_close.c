// SPDX-License-Identifier: GPL-2.0
/*
 * With --tcp-close a connection is not kept: afterwards it has ended. A tree that goes on
 * keeps its connections; it began when it did, and a restored one later.
 */
#include "tcp.h"

static int ends[2], server;
static unsigned long long started;

static unsigned long long start_time(void)
{
	unsigned long long value = 0;
	char buf[1024], *p;

	file_read("/proc/self/stat", buf, sizeof(buf));
	p = strrchr(buf, ')');
	if (!p || sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			 "%*d %*d %*d %llu", &value) != 1)
		fail("/proc/self/stat: %s", buf);
	return value;
}

static void set_up(void)
{
	started = start_time();
	server = listen_make(AF_INET, 7001, 5);
	ends[0] = connect_make(AF_INET, 7001);
	ends[1] = must(accept(server, NULL, NULL));
}

static void check(void)
{
	char c;

	if (start_time() == started) {
		expect_passes(ends[0], ends[1], 100, 1, "the connection");
		return;
	}
	same(recv(ends[1], &c, 1, 0), 0, "receiving");
	same(send(ends[1], &c, 1, MSG_NOSIGNAL), -1, "sending");
	same(errno, EPIPE, "errno of that");
	close(ends[0]);
	ends[0] = connect_make(AF_INET, 7001);
	close(ends[1]);
	ends[1] = must(accept(server, NULL, NULL));
	expect_passes(ends[0], ends[1], 100, 1, "a new connection");
}

const struct kind kind = {
	.options = "--tcp-close",
	.network = true,
	.set_up = set_up,
	.check = check,
};
