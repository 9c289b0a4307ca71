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

static bool has_thread_pidfds(void)
{
	int fd = syscall(SYS_pidfd_open, getpid(), O_EXCL /* PIDFD_THREAD */);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void set_up(void)
{
	if (!has_thread_pidfds())
		skip("this kernel (before 6.9) gives the descriptors of such a process to nobody");
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
