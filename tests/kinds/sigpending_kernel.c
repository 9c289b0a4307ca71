// SPDX-License-Identifier: GPL-2.0
/* Pending signals that the kernel sent: a SIGCHLD with the child's end in it. */
#include "kind.h"

static sigset_t set;
static pid_t pid;

static void end(void)
{
	_exit(42);
}

static void set_up(void)
{
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = child_start(end);
	await_state(pid, 'Z');
}

static void check(void)
{
	struct timespec none = {};
	siginfo_t info;

	same(must(sigtimedwait(&set, &info, &none)), SIGCHLD, "pending signal");
	same(info.si_code, CLD_EXITED, "si_code");
	same(info.si_pid, pid, "si_pid");
	same(info.si_status, 42, "si_status");
	same(child_wait(pid), 42 << 8, "wait status");
}

const struct kind kind = { .set_up = set_up, .check = check };
