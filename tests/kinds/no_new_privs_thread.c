// SPDX-License-Identifier: GPL-2.0
/* no_new_privs is a thread's own: set in one thread and not in the other. */
#include "kind.h"

static pthread_t thread;

static void *body(void *arg)
{
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	mark("thread");
	await_go();
	same(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1, "no_new_privs of the second thread");
	return NULL;
}

static void set_up(void)
{
	thread = thread_start(body, NULL);
	await_mark("thread");
}

static void check(void)
{
	same(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0, "no_new_privs of the main thread");
	thread_join(thread);
}

const struct kind kind = { .set_up = set_up, .check = check };
