// SPDX-License-Identifier: GPL-2.0
/* clear_child_tid: a thread that ends clears its word and wakes who waits on it. */
#include "kind.h"

#include <linux/futex.h>

static pthread_t thread;
static int *word;

static void *body(void *arg)
{
	mark("thread");
	await_go();
	return NULL;
}

static int other = 1;

static void set_up(void)
{
	thread = thread_start(body, NULL);
	await_mark("thread");
	must(prctl(PR_GET_TID_ADDRESS, &word));
	if (!word) /* 0: libc set none for the main thread */
		word = &other;
	must(syscall(SYS_set_tid_address, &other));
}

static void check(void)
{
	int *now;

	must(prctl(PR_GET_TID_ADDRESS, &now));
	same((long)now, (long)&other, "tid address of the main thread");
	/* pthread_join waits for the kernel to clear the thread's word. */
	thread_join(thread);
}

const struct kind kind = { .set_up = set_up, .check = check };
