// SPDX-License-Identifier: GPL-2.0
/* A server: connections that it accepted and others that wait, clients with names, its backlog. */
#include "kind.h"

#include <sys/socket.h>
#include <sys/un.h>

#define NR 5

static int server, accepted[NR], clients[NR], waiting[NR];
static char path[64], client_path[64];

static struct sockaddr_un address(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", name);
	return a;
}

static int client(void)
{
	struct sockaddr_un a = address(path);
	int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));

	must(connect(fd, (struct sockaddr *)&a, sizeof(a)));
	return fd;
}

static void named_as(int fd, int (*get)(int, struct sockaddr *, socklen_t *), const char *want)
{
	struct sockaddr_un a = { 0 };
	socklen_t len = sizeof(a);

	must(get(fd, (struct sockaddr *)&a, &len));
	same(strcmp(a.sun_path, want), 0, "the name %s, which should be %s", a.sun_path, want);
}

static void set_up(void)
{
	struct sockaddr_un a;
	int i;

	snprintf(path, sizeof(path), "server.%d", getpid());
	snprintf(client_path, sizeof(client_path), "client.%d", getpid());
	server = must(socket(AF_UNIX, SOCK_STREAM, 0));
	a = address(path);
	must(bind(server, (struct sockaddr *)&a, sizeof(a)));
	must(chmod(path, 0641));
	must(listen(server, 7));
	for (i = 0; i < NR; i++) {
		clients[i] = must(socket(AF_UNIX, SOCK_STREAM, 0));
		if (!i) {
			a = address(client_path);
			must(bind(clients[0], (struct sockaddr *)&a, sizeof(a)));
		}
		a = address(path);
		must(connect(clients[i], (struct sockaddr *)&a, sizeof(a)));
		accepted[i] = must(accept(server, NULL, NULL));
		must(write(clients[i], &i, sizeof(i)));
	}
	for (i = 0; i < NR; i++)
		waiting[i] = client();
}

static void check(void)
{
	struct stat st;
	int i, value, fd;

	must(stat(path, &st));
	same(st.st_mode & 0777, 0641, "mode of the name");
	for (i = 0; i < NR; i++) {
		same(must(read(accepted[i], &value, sizeof(value))), sizeof(value), "bytes");
		same(value, i, "the bytes of client %d", i);
		named_as(accepted[i], getsockname, path);
		named_as(clients[i], getpeername, path);
		must(write(accepted[i], "r", 1));
		same(must(read(clients[i], &value, 1)), 1, "the answer");
	}
	named_as(accepted[0], getpeername, client_path);
	for (i = 0; i < NR; i++) {
		fd = must(accept(server, NULL, NULL));
		must(write(waiting[i], &i, sizeof(i)));
		same(must(read(fd, &value, sizeof(value))), sizeof(value),
		     "bytes of a client that waited");
		same(value, i, "the order of those that waited");
		close(fd);
	}
	fd = client();
	close(must(accept(server, NULL, NULL)));
	same(must(read(fd, &value, 1)), 0, "a new client");
	same(must(fcntl(server, F_SETFL, O_NONBLOCK)), 0, "F_SETFL");
	for (i = 0; i < 20; i++) {
		struct sockaddr_un a = address(path);

		fd = must(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
		if (connect(fd, (struct sockaddr *)&a, sizeof(a)))
			break;
	}
	same(i, 8, "connections that fit into the backlog");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "CRIU 4.2 leaves what was accepted without a name",
};
