// SPDX-License-Identifier: GPL-2.0
/* Peers that are gone: what they sent still waits, an error too, and their names are known. */
#include "kind.h"

#include <stddef.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static int left, reset, client, accepted, dgram, waited;

static void set_up(void)
{
	int p[2], server, fd;

	must(getrandom(address.sun_path + 1, 16, 0));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	must(write(p[1], "left", 4));
	left = p[0];
	close(p[1]);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	must(write(p[0], "unread", 6));
	reset = p[0];
	close(p[1]);
	server = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(bind(server, (struct sockaddr *)&address, sizeof(address)));
	must(listen(server, 5));
	client = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(connect(client, (struct sockaddr *)&address, sizeof(address)));
	fd = must(accept(server, NULL, NULL));
	must(write(fd, "served", 6));
	close(fd);
	fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	accepted = must(accept(server, NULL, NULL));
	must(write(fd, "asked", 5));
	close(fd);
	/* one that closes before it is accepted */
	fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
	waited = server;
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
	must(send(p[1], "dgram", 5, 0));
	dgram = p[0];
	close(p[1]);
}

static void check(void)
{
	struct sockaddr_un got;
	socklen_t len = sizeof(got);
	char buf[16];
	int fd;

	same(must(read(left, buf, sizeof(buf))), 4, "bytes of one that is gone");
	same(must(read(left, buf, sizeof(buf))), 0, "the end");
	same(send(left, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE, 1, "a broken pipe");
	same(read(reset, buf, sizeof(buf)) < 0 && errno == ECONNRESET, 1, "the error that waits");
	same(must(read(reset, buf, sizeof(buf))), 0, "the end after it");
	must(getpeername(client, (struct sockaddr *)&got, &len));
	same(memcmp(&got, &address, len), 0, "the name of a server that is gone");
	same(must(read(client, buf, sizeof(buf))), 6, "bytes of the server");
	same(must(read(client, buf, sizeof(buf))), 0, "the server's end");
	len = sizeof(got);
	must(getsockname(accepted, (struct sockaddr *)&got, &len));
	same(memcmp(&got, &address, len), 0, "the server's name");
	same(must(read(accepted, buf, sizeof(buf))), 5, "bytes of the client");
	same(must(read(accepted, buf, sizeof(buf))), 0, "the client's end");
	fd = must(accept(waited, NULL, NULL));
	same(must(read(fd, buf, sizeof(buf))), 0, "the end of one that was not accepted yet");
	same(must(recv(dgram, buf, sizeof(buf), 0)), 5, "a datagram");
	same(send(dgram, "x", 1, 0) < 0 && errno == ECONNREFUSED, 1, "nobody takes an answer");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "CRIU 4.2 forgets names of peers and errors",
};
