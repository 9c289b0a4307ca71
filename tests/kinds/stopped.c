// SPDX-License-Identifier: GPL-2.0
/* A stopped task stays stopped, goes on with SIGCONT, and its parent is told. */
#include "kind.h"

static pid_t child, threaded;

static void body(void)
{
	await_mark("continued");
	_exit(8);
}

static void *other(void *arg)
{
	await_mark("continued");
	return NULL;
}

static void threaded_body(void)
{
	pthread_t thread = thread_start(other, NULL);

	await_mark("continued");
	thread_join(thread);
}

static void set_up(void)
{
	child = child_start(body);
	threaded = child_start(threaded_body);
	sleep_ms(10);
	must(kill(child, SIGSTOP));
	must(kill(threaded, SIGSTOP));
	await_state(child, 'T');
	await_state(threaded, 'T');
}

static void check(void)
{
	int status;

	await_state(child, 'T');
	await_state(threaded, 'T');
	mark("continued");
	sleep_ms(20);
	await_state(child, 'T');
	must(kill(child, SIGCONT));
	must(kill(threaded, SIGCONT));
	child_done(threaded);
	must(waitpid(child, &status, 0));
	same(status, 8 << 8, "wait status");
}

const struct kind kind = { .set_up = set_up, .check = check };
