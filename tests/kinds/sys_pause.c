// SPDX-License-Identifier: GPL-2.0
/* A pause goes on until a handler has run. */
#include "kind.h"

static pthread_t thread;
static volatile pid_t tid;
static volatile int woken;

static void handler(int sig)
{
}

static void prepare(void)
{
	signal(SIGUSR1, handler);
}

static void *body(void *arg)
{
	tid = syscall(SYS_gettid);
	same(syscall(SYS_pause), -1, "pause");
	same(errno, EINTR, "errno of the pause");
	woken = 1;
	return NULL;
}

static void set_up(void)
{
	prepare();
	thread = thread_start(body, NULL);
	while (!tid)
		sleep_ms(1);
	await_syscall(tid, SYS_pause);
}

static void check(void)
{
	sleep_ms(20);
	same(woken, 0, "return of the call before anybody woke it");
	pthread_kill(thread, SIGUSR1);
	thread_join(thread);
	same(woken, 1, "return of the call");
}

const struct kind kind = { .set_up = set_up, .check = check };
