// SPDX-License-Identifier: GPL-2.0
/* A read from an empty pipe goes on until there is data. */
#include "kind.h"

static pthread_t thread;
static volatile pid_t tid;
static volatile int woken;

static int fds[2];

static void prepare(void)
{
	must(pipe(fds));
}

static void *body(void *arg)
{
	char buf[16];

	tid = syscall(SYS_gettid);
	same(must(read(fds[0], buf, sizeof(buf))), 5, "bytes read");
	if (memcmp(buf, "hello", 5))
		fail("the pipe gave other data");
	woken = 1;
	return NULL;
}

static void set_up(void)
{
	prepare();
	thread = thread_start(body, NULL);
	while (!tid)
		sleep_ms(1);
	await_syscall(tid, SYS_read);
}

static void check(void)
{
	sleep_ms(20);
	same(woken, 0, "return of the call before anybody woke it");
	must(write(fds[1], "hello", 5));
	thread_join(thread);
	same(woken, 1, "return of the call");
}

const struct kind kind = { .set_up = set_up, .check = check };
