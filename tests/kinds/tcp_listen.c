// SPDX-License-Identifier: GPL-2.0
/*
 * Listeners: one with connections that it accepted, two processes that share a port
 * (SO_REUSEPORT) as another user, one without SO_REUSEADDR, threads that sleep in
 * accept(2) and poll(2), and sockets that are only bound or nothing yet.
 */
#include "tcp.h"

static int server, served[2], shared, strict, strict_ends[2], bound, idle, v6;
static pthread_t acceptor, poller;
static pid_t acceptor_tid, poller_tid, child;

static void *accept_one(void *arg)
{
	int fd;

	acceptor_tid = syscall(SYS_gettid);
	fd = must(accept(server, NULL, NULL));
	send_all(fd, "hello", 5);
	close(fd);
	return NULL;
}

static void *poll_one(void *arg)
{
	struct pollfd pfd = { .fd = v6, .events = POLLIN };

	poller_tid = syscall(SYS_gettid);
	same(poll(&pfd, 1, -1), 1, "a thread that sleeps in poll(2)");
	close(must(accept(v6, NULL, NULL)));
	return NULL;
}

static int shared_make(void)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0));
	union address a;
	socklen_t len = address_make(&a, AF_INET, false, 7002);

	opt_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	must(bind(fd, &a.any, len));
	must(listen(fd, 7));
	return fd;
}

static void child_run(void)
{
	shared_make();
	mark("child");
	while (!marked("over") && !marked("verdict"))
		sleep_ms(2);
}

static void set_up(void)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	union address a;

	server = listen_make(AF_INET, 7001, 11);
	served[0] = connect_make(AF_INET, 7001);
	served[1] = must(accept(server, NULL, NULL));
	must(syscall(SYS_setresuid, -1, 1000, -1)); /* of this thread */
	shared = shared_make();
	child = child_start(child_run);
	must(syscall(SYS_setresuid, -1, 0, -1));
	await_mark("child");

	strict = must(socket(AF_INET, SOCK_STREAM, 0));
	must(bind(strict, &a.any, address_make(&a, AF_INET, false, 7003)));
	must(listen(strict, 3));
	strict_ends[0] = connect_make(AF_INET, 7003);
	strict_ends[1] = must(accept(strict, NULL, NULL));
	must(getsockopt(server, IPPROTO_TCP, TCP_INFO, &info, &len));
	same(info.tcpi_sacked, 11, "backlog");

	bound = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	must(bind(bound, &a.any, address_make(&a, AF_INET, false, 7004)));
	idle = must(socket(AF_INET6, SOCK_STREAM, 0));
	v6 = must(socket(AF_INET6, SOCK_STREAM, 0));
	opt_set(v6, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	must(bind(v6, &a.any, address_make(&a, AF_INET6, true, 7005)));
	must(listen(v6, 3));

	acceptor = thread_start(accept_one, NULL);
	poller = thread_start(poll_one, NULL);
	while (!acceptor_tid || !poller_tid)
		sleep_ms(1);
	await_syscall(acceptor_tid, SYS_accept);
	await_syscall(poller_tid, SYS_poll);
}

static void strict_check(void)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0));
	union address a;
	socklen_t len = address_make(&a, AF_INET, false, 7003);

	same(opt_get(strict, SOL_SOCKET, SO_REUSEADDR), 0, "SO_REUSEADDR");
	same(opt_get(strict_ends[1], SOL_SOCKET, SO_REUSEADDR), 0, "SO_REUSEADDR of the accepted");
	opt_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	same(bind(fd, &a.any, len), -1, "binding to a port that is in use");
	close(fd);
	expect_passes(strict_ends[0], strict_ends[1], 1000, 2, "accepted by it");
}

static void check(void)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	union address a;
	char buf[6] = "";
	struct stat st;
	int fd;

	must(getsockopt(server, IPPROTO_TCP, TCP_INFO, &info, &len));
	same(info.tcpi_sacked, 11, "backlog");
	same(opt_get(server, SOL_SOCKET, SO_REUSEADDR), 1, "SO_REUSEADDR");
	fd = connect_make(AF_INET, 7001);
	same(recv(fd, buf, 5, MSG_WAITALL), 5, "from a new connection");
	thread_join(acceptor);
	expect_passes(served[0], served[1], 1000, 1, "the old connection");

	must(fstat(shared, &st));
	same(st.st_uid, 1000, "owner of a socket");
	must(syscall(SYS_setresuid, -1, 1000, -1)); /* of this thread */
	close(shared_make());
	must(syscall(SYS_setresuid, -1, 0, -1));
	strict_check();

	len = sizeof(a);
	must(getsockname(bound, &a.any, &len));
	same(ntohs(a.v4.sin_port), 7004, "port of a socket that is only bound");
	same(fcntl(bound, F_GETFL), O_RDWR | O_NONBLOCK, "its flags");
	must(listen(bound, 1));
	close(connect_make(AF_INET, 7004));
	same(recv(idle, buf, 1, 0), -1, "receiving from a socket that has no connection");
	same(errno, ENOTCONN, "errno of that");
	close(connect_make(AF_INET6, 7005));
	thread_join(poller);
	mark("over");
	child_done(child);
}

const struct kind kind = {
	.criu = "does not keep the owner of a socket",
	.options = "--tcp-established",
	.network = true,
	.set_up = set_up,
	.check = check,
};
