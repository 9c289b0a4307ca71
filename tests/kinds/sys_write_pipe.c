// SPDX-License-Identifier: GPL-2.0
/* A write into a full pipe goes on until there is room. */
#include "kind.h"

static pthread_t thread;
static volatile pid_t tid;
static volatile int woken;

static int fds[2];
static char data[65536];

static void prepare(void)
{
	must(pipe(fds));
	fill(data, sizeof(data), 5);
	same(must(write(fds[1], data, sizeof(data))), sizeof(data), "bytes that fill the pipe");
}

static void *body(void *arg)
{
	tid = syscall(SYS_gettid);
	same(must(write(fds[1], "last", 4)), 4, "bytes written");
	woken = 1;
	return NULL;
}

static void set_up(void)
{
	prepare();
	thread = thread_start(body, NULL);
	while (!tid)
		sleep_ms(1);
	await_syscall(tid, SYS_write);
}

static void check(void)
{
	sleep_ms(20);
	same(woken, 0, "return of the call before anybody woke it");
	memset(data, 0, sizeof(data));
	same(must(read(fds[0], data, sizeof(data))), sizeof(data), "bytes read");
	if (!filled(data, sizeof(data), 5))
		fail("the pipe gave other data");
	same(must(read(fds[0], data, 4)), 4, "bytes read last");
	if (memcmp(data, "last", 4))
		fail("the last bytes are wrong");
	thread_join(thread);
	same(woken, 1, "return of the call");
}

const struct kind kind = { .set_up = set_up, .check = check };
