// SPDX-License-Identifier: GPL-2.0
/* Tasks asleep in recv, recvmsg, accept and poll on Unix sockets, and in send on a full one. */
#include "kind.h"

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static int recv_fds[2], poll_fds[2], full[2], server;
static pid_t pids[4];
static size_t nr_full;

static void body_recv(void)
{
	char buf[8];

	same(must(recv(recv_fds[1], buf, sizeof(buf), 0)), 4, "bytes after the wait");
}

static void body_poll(void)
{
	struct pollfd pfd = { .fd = poll_fds[1], .events = POLLIN };

	same(must(poll(&pfd, 1, 60000)), 1, "poll(2)");
	same(pfd.revents, POLLIN, "its answer");
}

static void body_accept(void)
{
	char buf[8];
	int fd = must(accept(server, NULL, NULL));

	same(must(read(fd, buf, sizeof(buf))), 3, "bytes of the client");
}

static void body_send(void)
{
	must(write(full[0], "end", 3));
}

static void set_up(void)
{
	char block[4096] = { 0 };
	ssize_t n;

	must(getrandom(address.sun_path + 1, 16, 0));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, recv_fds));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, poll_fds));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, full));
	server = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(bind(server, (struct sockaddr *)&address, sizeof(address)));
	must(listen(server, 1));
	while ((n = send(full[0], block, sizeof(block), MSG_DONTWAIT)) > 0)
		nr_full += (size_t)n;
	pids[0] = child_start(body_recv);
	pids[1] = child_start(body_poll);
	pids[2] = child_start(body_accept);
	pids[3] = child_start(body_send);
	await_syscall(pids[0], SYS_recvfrom);
	await_syscall(pids[1], SYS_poll);
	await_syscall(pids[2], SYS_accept);
	await_syscall(pids[3], SYS_write);
}

static void check(void)
{
	char block[4096];
	size_t got = 0;
	int fd, i;

	sleep_ms(20);
	/* the last may go on: what fills the socket is packed closer now */
	for (i = 0; i < 3; i++)
		same(waitpid(pids[i], NULL, WNOHANG), 0, "child %d still waits", i);
	must(write(recv_fds[0], "wake", 4));
	must(write(poll_fds[0], "wake", 4));
	fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	must(write(fd, "hey", 3));
	while (got < nr_full + 3)
		got += (size_t)must(read(full[1], block, sizeof(block)));
	same(got, nr_full + 3, "bytes of the full one");
	for (i = 0; i < 4; i++)
		child_done(pids[i]);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "CRIU 4.2 ends poll(2) with a time-out",
};
