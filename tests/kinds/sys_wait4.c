// SPDX-License-Identifier: GPL-2.0
/* A wait4 goes on until the child ends. */
#include "kind.h"

static pthread_t thread;
static volatile pid_t tid;
static volatile int woken;

static pid_t child;

static void end(void)
{
	await_mark("end");
	_exit(5);
}

static void prepare(void)
{
	child = child_start(end);
}

static void *body(void *arg)
{
	int status;

	tid = syscall(SYS_gettid);
	same(must(wait4(child, &status, 0, NULL)), child, "wait4");
	same(status, 5 << 8, "wait status");
	woken = 1;
	return NULL;
}

static void set_up(void)
{
	prepare();
	thread = thread_start(body, NULL);
	while (!tid)
		sleep_ms(1);
	await_syscall(tid, SYS_wait4);
}

static void check(void)
{
	sleep_ms(20);
	same(woken, 0, "return of the call before anybody woke it");
	mark("end");
	thread_join(thread);
	same(woken, 1, "return of the call");
}

const struct kind kind = { .set_up = set_up, .check = check };
