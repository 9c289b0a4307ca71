// SPDX-License-Identifier: GPL-2.0
/* A task whose leading thread has ended while others live on. */
#include "kind.h"

static pid_t child;

static void *rest(void *arg)
{
	await_go();
	_exit(66);
}

static void body(void)
{
	thread_start(rest, NULL);
	syscall(SYS_exit, 0);
}

static void set_up(void)
{
	child = child_start(body);
	await_state(child, 'Z');
}

static void check(void)
{
	same(child_wait(child), 66 << 8, "wait status");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "takes the task for a zombie",
};
