// SPDX-License-Identifier: GPL-2.0
/*
 * A reader that does not read: its queue and window are full, the writer's holds what
 * was never sent, and a thread sleeps in send(2) with more. All arrives in order, and
 * the buffers are as large as before.
 */
#include "tcp.h"

#define MUCH (6 << 20)

static int ends[2], sizes[2], waiting;
static pthread_t writer, reader;
static pid_t writer_tid, reader_tid;

static int other[2];

static void *write_much(void *arg)
{
	char *buf = malloc(MUCH);
	size_t sent = 0;

	writer_tid = syscall(SYS_gettid);
	fill(buf, MUCH, 1);
	/* stopped, the call returns what it has done so far, whoever stopped it */
	while (sent < MUCH)
		sent += must(send(ends[0], buf + sent, MUCH - sent, MSG_NOSIGNAL));
	free(buf);
	return NULL;
}

static void *read_one(void *arg)
{
	char c = 0;

	reader_tid = syscall(SYS_gettid);
	same(recv(other[0], &c, 1, 0), 1, "a thread that sleeps in recv(2)");
	same(c, 'x', "what it reads");
	return NULL;
}

static void set_up(void)
{
	pair_make(AF_INET, 7001, ends);
	pair_make(AF_INET, 7002, other);
	opt_set(ends[0], SOL_SOCKET, SO_SNDBUF, 100000);
	writer = thread_start(write_much, NULL);
	reader = thread_start(read_one, NULL);
	while (!writer_tid || !reader_tid)
		sleep_ms(1);
	await_syscall(writer_tid, SYS_sendto);
	await_syscall(reader_tid, SYS_recvfrom);
	sizes[0] = opt_get(ends[0], SOL_SOCKET, SO_SNDBUF);
	sizes[1] = opt_get(ends[1], SOL_SOCKET, SO_RCVBUF);
	must(ioctl(ends[1], SIOCINQ, &waiting));
}

static void check(void)
{
	same(opt_get(ends[0], SOL_SOCKET, SO_SNDBUF), sizes[0], "size of the send buffer");
	same(opt_get(ends[1], SOL_SOCKET, SO_RCVBUF), sizes[1], "size of the receive buffer");
	expect_filled(ends[1], MUCH, 1, "the stream");
	thread_join(writer);
	send_all(other[1], "x", 1);
	thread_join(reader);
	expect_passes(ends[1], ends[0], 100000, 2, "the other way");
}

const struct kind kind = {
	.options = "--tcp-established",
	.network = true,
	.set_up = set_up,
	.check = check,
};
