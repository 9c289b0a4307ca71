// SPDX-License-Identifier: GPL-2.0
/* Strict seccomp: a thread that may only read, write and exit. */
#include "filter.h"

static int fds[2], back[2];
static pid_t child;

/* Only read, write and exit from here on. */
static void body(void)
{
	char c;

	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
	while (syscall(SYS_read, fds[0], &c, 1) == 1 && c != 'q')
		syscall(SYS_write, back[1], &c, 1);
	if (c == 'q')
		syscall(SYS_getuid);
	syscall(SYS_exit, 0);
}

static void set_up(void)
{
	must(pipe(fds));
	must(pipe(back));
	child = child_start(body);
	await_syscall(child, SYS_read);
	sleep_ms(5);
	same(atoi(proc_line(child, "status", "Seccomp:")), 1, "seccomp mode at the start");
}

static void check(void)
{
	char c = 'a';

	must(write(fds[1], &c, 1));
	same(must(read(back[0], &c, 1)), 1, "bytes from the child");
	same(atoi(proc_line(child, "status", "Seccomp:")), 1, "seccomp mode");
	c = 'q';
	must(write(fds[1], &c, 1));
	same(child_wait(child), SIGKILL, "wait status of the child that broke the rule");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.kill_limit = "without the module seccomp is back as soon as the tracer is gone, and "
		      "forbids the way out",
};
