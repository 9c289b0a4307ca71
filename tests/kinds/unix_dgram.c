// SPDX-License-Identifier: GPL-2.0
/* Datagram sockets: many to one, one-way, to itself; boundaries, empty messages, senders. */
#include "kind.h"

#include <stddef.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

static int server, named, nameless, pair[2], self;
static char long_one[3000];
static unsigned int number; /* of this run: others share the names */

static struct sockaddr_un address(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "crctl-%x-%s", number, name);
	return a;
}

static socklen_t length(const struct sockaddr_un *a)
{
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(a->sun_path + 1));
}

static int bound(const char *name)
{
	struct sockaddr_un a = address(name);
	int fd = must(socket(AF_UNIX, SOCK_DGRAM, 0));

	must(bind(fd, (struct sockaddr *)&a, length(&a)));
	return fd;
}

static void to(int fd, const char *name)
{
	struct sockaddr_un a = address(name);

	must(connect(fd, (struct sockaddr *)&a, length(&a)));
}

static void next(int fd, const char *text, const char *sender)
{
	struct sockaddr_un from, want;
	socklen_t len = sizeof(from);
	char buf[4000];

	same(must(recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&from, &len)),
	     strlen(text), "bytes of \"%.10s\"", text);
	same(memcmp(buf, text, strlen(text)), 0, "the text \"%.10s\"", text);
	if (!sender)
		return;
	want = address(sender);
	same(len, length(&want), "length of the sender's address");
	same(memcmp(&from, &want, len), 0, "the sender's address");
}

static void set_up(void)
{
	memset(long_one, 'l', sizeof(long_one) - 1);
	must(getrandom(&number, sizeof(number), 0));
	server = bound("server");
	named = bound("named");
	nameless = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	self = bound("self");
	to(named, "server");
	to(nameless, "server");
	to(self, "self");
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	must(send(named, "one", 3, 0));
	must(send(nameless, "", 0, 0));
	must(send(nameless, "three", 5, 0));
	must(send(named, long_one, sizeof(long_one) - 1, 0));
	must(send(named, "", 0, 0));
	must(send(pair[0], "", 0, 0));
	must(send(pair[0], "pair", 4, 0));
	must(send(self, "me", 2, 0));
}

static void check(void)
{
	char c;

	next(server, "one", "named");
	next(server, "", NULL);
	next(server, "three", NULL);
	next(server, long_one, "named");
	next(server, "", "named");
	same(recv(server, &c, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN, 1, "no more messages");
	next(pair[1], "", NULL);
	next(pair[1], "pair", NULL);
	next(self, "me", "self");
	must(send(named, "again", 5, 0));
	next(server, "again", "named");
	must(send(nameless, "again", 5, 0));
	next(server, "again", NULL);
	must(send(pair[1], "back", 4, 0));
	next(pair[0], "back", NULL);
	must(send(self, "again", 5, 0));
	next(self, "again", "self");
	same(send(server, "x", 1, 0) < 0 && errno == ENOTCONN, 1, "the server is not connected");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "CRIU 4.2 loses empty datagrams and senders",
};
