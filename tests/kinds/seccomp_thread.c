// SPDX-License-Identifier: GPL-2.0
/* A seccomp filter of one thread only, and another that all threads share (tsync). */
#include "filter.h"

static pthread_t thread;

static void *body(void *arg)
{
	await_mark("synced");
	filter_add(SYS_getgid, 112, 0);
	mark("thread");
	await_go();
	filter_check(SYS_getuid, 111, "second thread");
	filter_check(SYS_getgid, 112, "second thread");
	return NULL;
}

static void set_up(void)
{
	thread = thread_start(body, NULL);
	filter_add(SYS_getuid, 111, SECCOMP_FILTER_FLAG_TSYNC);
	mark("synced");
	await_mark("thread");
}

static void check(void)
{
	filter_check(SYS_getuid, 111, "main thread");
	filter_check(SYS_getgid, 0, "main thread");
	thread_join(thread);
}

const struct kind kind = { .set_up = set_up, .check = check };
