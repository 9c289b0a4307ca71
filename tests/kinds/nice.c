// SPDX-License-Identifier: GPL-2.0
/* The nice value of each thread. */
#include "kind.h"

static pthread_t thread;

static void *body(void *arg)
{
	must(setpriority(PRIO_PROCESS, syscall(SYS_gettid), -7));
	mark("thread");
	await_go();
	same(getpriority(PRIO_PROCESS, syscall(SYS_gettid)), -7, "nice value of the second thread");
	return NULL;
}

static void set_up(void)
{
	thread = thread_start(body, NULL);
	await_mark("thread");
	must(setpriority(PRIO_PROCESS, 0, 11));
}

static void check(void)
{
	same(getpriority(PRIO_PROCESS, 0), 11, "nice value of the main thread");
	thread_join(thread);
}

const struct kind kind = { .set_up = set_up, .check = check };
