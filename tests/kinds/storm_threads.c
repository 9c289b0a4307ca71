// SPDX-License-Identifier: GPL-2.0
/* Tasks that make and join threads all the time. */
#include "kind.h"

#define NR 3

static pid_t pids[NR];

static void *thread(void *arg)
{
	return arg;
}

static void turn(void)
{
	pthread_t threads[3];
	void *ret;
	long i;

	for (i = 0; i < 3; i++)
		threads[i] = thread_start(thread, (void *)i);
	for (i = 0; i < 3; i++) {
		same(pthread_join(threads[i], &ret), 0, "join");
		same((long)ret, i, "result of a thread");
	}
}

static void body(void)
{
	long rounds = 0;
	char name[32];

	while (!marked("stop")) {
		turn();
		if (++rounds == 3) {
			snprintf(name, sizeof(name), "busy%d", getpid());
			mark(name);
		}
	}
	same(waitpid(-1, NULL, WNOHANG), -1, "child that is left");
}

static void set_up(void)
{
	char name[32];
	int i;

	for (i = 0; i < NR; i++) {
		pids[i] = child_start(body);
		snprintf(name, sizeof(name), "busy%d", pids[i]);
		await_mark(name);
	}
}

static void check(void)
{
	int i;

	sleep_ms(30);
	mark("stop");
	for (i = 0; i < NR; i++)
		child_done(pids[i]);
}

const struct kind kind = { .set_up = set_up, .check = check };
