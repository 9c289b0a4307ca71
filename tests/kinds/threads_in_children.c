// SPDX-License-Identifier: GPL-2.0
/* Threads in several tasks of a tree, and a child made by a thread that is not the leader. */
#include "kind.h"

static pid_t child;
static pthread_t thread;

static void *inner(void *arg)
{
	await_go();
	return (void *)55;
}

static void body(void)
{
	pthread_t threads[3];
	void *ret;
	int i;

	for (i = 0; i < 3; i++)
		threads[i] = thread_start(inner, NULL);
	mark("child");
	await_go();
	for (i = 0; i < 3; i++) {
		pthread_join(threads[i], &ret);
		same((long)ret, 55, "result of a thread");
	}
}

static void *forker(void *arg)
{
	child = child_start(body);
	await_go();
	child_done(child);
	return NULL;
}

static void set_up(void)
{
	thread = thread_start(forker, NULL);
	await_mark("child");
}

static void check(void)
{
	thread_join(thread);
}

const struct kind kind = { .set_up = set_up, .check = check };
