// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that share a filter may go on to share another one: the kernel lets a thread
 * synchronise the others (tsync) only while their filters are its own filter's ancestors.
 */
#include "filter.h"

static pthread_t threads[3];

static void *body(void *arg)
{
	mark(arg);
	await_mark("synced");
	filter_check(SYS_getuid, 111, "a thread, by the filter of before");
	filter_check(SYS_getgid, 112, "a thread, by the filter of after");
	return NULL;
}

static void set_up(void)
{
	static char *const names[] = { "one", "two", "three" };
	int i;

	filter_add(SYS_getuid, 111, 0);
	for (i = 0; i < 3; i++) {
		threads[i] = thread_start(body, names[i]);
		await_mark(names[i]);
	}
}

static void check(void)
{
	int i;

	filter_add(SYS_getgid, 112, SECCOMP_FILTER_FLAG_TSYNC);
	mark("synced");
	for (i = 0; i < 3; i++)
		thread_join(threads[i]);
	filter_check(SYS_getgid, 112, "main thread");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "gives each thread a filter of its own, unless the image was its own",
};
