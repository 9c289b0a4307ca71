// SPDX-License-Identifier: GPL-2.0
/* A task that makes short-lived children with vfork all the time. */
#include "kind.h"

static pthread_t thread;
static volatile int stop;
static volatile long rounds;

static void *body(void *arg)
{
	int status;
	pid_t pid;

	while (!stop) {
		pid = vfork();
		if (!pid)
			_exit(5);
		must(pid);
		same(must(waitpid(pid, &status, 0)), pid, "waitpid");
		same(status, 5 << 8, "wait status");
		rounds++;
	}
	return NULL;
}

static void set_up(void)
{
	thread = thread_start(body, NULL);
	while (rounds < 3)
		sleep_ms(1);
}

static void check(void)
{
	long before = rounds;

	while (rounds < before + 3)
		sleep_ms(1);
	stop = 1;
	thread_join(thread);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "meets a child of a vfork now and then, and refuses it",
};
