// SPDX-License-Identifier: GPL-2.0
/* The timer slack of each thread. */
#include "kind.h"

static pthread_t thread;

static void *body(void *arg)
{
	must(prctl(PR_SET_TIMERSLACK, 123456));
	mark("thread");
	await_go();
	same(prctl(PR_GET_TIMERSLACK), 123456, "timer slack of the second thread");
	return NULL;
}

static void set_up(void)
{
	thread = thread_start(body, NULL);
	await_mark("thread");
	must(prctl(PR_SET_TIMERSLACK, 77777));
}

static void check(void)
{
	same(prctl(PR_GET_TIMERSLACK), 77777, "timer slack of the main thread");
	thread_join(thread);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "does not keep timer slack",
};
