// SPDX-License-Identifier: GPL-2.0
/* Credentials of a server and its client, each a user of its own, and of messages. */
#include "kind.h"

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static int stream[2], packets[2], accepted;
static pid_t client, writer;

static void cred_is(int fd, pid_t pid, uid_t uid, gid_t gid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	must(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len));
	same(cred.pid, pid, "PID of SO_PEERCRED");
	same(cred.uid, uid, "user of SO_PEERCRED");
	same(cred.gid, gid, "group of SO_PEERCRED");
}

static void client_body(void)
{
	int fd;

	await_mark("listening");
	must(setresgid(2345, 2345, 2345));
	must(setresuid(1234, 1234, 1234));
	fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	await_go();
	cred_is(fd, getppid(), 0, 0);
	must(write(fd, "bye", 3));
}

/* Writes as a user of its own and is gone. */
static void writer_body(void)
{
	must(setresgid(77, 77, 77));
	must(setresuid(66, 66, 66));
	must(write(stream[0], "stranger", 8));
	must(send(packets[0], "packet", 6, 0));
}

static void message(int fd, size_t want, pid_t pid, uid_t uid, gid_t gid)
{
	char buf[64], control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	struct ucred cred;

	same(must(recvmsg(fd, &msg, MSG_DONTWAIT)), want, "bytes of a message");
	c = CMSG_FIRSTHDR(&msg);
	same(c && c->cmsg_type == SCM_CREDENTIALS, 1, "credentials come with it");
	memcpy(&cred, CMSG_DATA(c), sizeof(cred));
	same(cred.pid, pid, "PID of a message");
	same(cred.uid, uid, "user of a message");
	same(cred.gid, gid, "group of a message");
}

static void set_up(void)
{
	int on = 1, server;

	must(getrandom(address.sun_path + 1, 16, 0));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, stream));
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets));
	must(setsockopt(stream[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	must(setsockopt(packets[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	must(write(stream[0], "mine", 4));
	must(send(packets[0], "mine", 4, 0));
	writer = child_start(writer_body);
	child_done(writer);
	must(write(stream[0], "mine again", 10));
	client = child_start(client_body);
	server = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(bind(server, (struct sockaddr *)&address, sizeof(address)));
	must(listen(server, 1));
	mark("listening");
	accepted = must(accept(server, NULL, NULL));
	close(server);
}

static void check(void)
{
	char buf[8];

	cred_is(accepted, client, 1234, 2345);
	cred_is(stream[0], getpid(), 0, 0);
	message(stream[1], 4, getpid(), 0, 0);
	message(stream[1], 8, writer, 66, 77);
	message(stream[1], 10, getpid(), 0, 0);
	message(packets[1], 4, getpid(), 0, 0);
	message(packets[1], 6, writer, 66, 77);
	same(must(read(accepted, buf, sizeof(buf))), 3, "the client's bytes");
	child_done(client);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "CRIU 4.2 restores no credentials",
};
