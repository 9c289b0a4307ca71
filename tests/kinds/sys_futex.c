// SPDX-License-Identifier: GPL-2.0
/* A futex wait without a timeout goes on until it is woken. */
#include "kind.h"

#include <linux/futex.h>

static pthread_t thread;
static volatile pid_t tid;
static volatile int woken;

static int word = 1;

static void prepare(void)
{
}

static void *body(void *arg)
{
	tid = syscall(SYS_gettid);
	must(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0));
	woken = 1;
	return NULL;
}

static void set_up(void)
{
	prepare();
	thread = thread_start(body, NULL);
	while (!tid)
		sleep_ms(1);
	await_syscall(tid, SYS_futex);
}

static void check(void)
{
	sleep_ms(20);
	same(woken, 0, "return of the call before anybody woke it");
	same(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1, "threads woken");
	thread_join(thread);
	same(woken, 1, "return of the call");
}

const struct kind kind = { .set_up = set_up, .check = check };
