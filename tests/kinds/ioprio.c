// SPDX-License-Identifier: GPL-2.0
/* The I/O priority of each thread. */
#include "kind.h"

#define PRIO(class, data) ((class) << 13 | (data))

static pthread_t thread;

static void *body(void *arg)
{
	must(syscall(SYS_ioprio_set, 1, 0, PRIO(3, 0)));
	mark("thread");
	await_go();
	same(syscall(SYS_ioprio_get, 1, 0), PRIO(3, 0), "I/O priority of the second thread");
	return NULL;
}

static void set_up(void)
{
	thread = thread_start(body, NULL);
	await_mark("thread");
	must(syscall(SYS_ioprio_set, 1, 0, PRIO(2, 6)));
}

static void check(void)
{
	same(syscall(SYS_ioprio_get, 1, 0), PRIO(2, 6), "I/O priority of the main thread");
	thread_join(thread);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "does not keep I/O priority",
};
