// SPDX-License-Identifier: GPL-2.0
/* System calls that a thread has handed to a handler of its own (syscall user dispatch). */
#include "kind.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

static volatile char selector;
static volatile int caught;

static void handler(int sig, siginfo_t *info, void *context)
{
	selector = 0;
	caught = info->si_syscall;
}

static void set_up(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	must(sigaction(SIGSYS, &action, NULL));
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &selector))
		skip("no syscall user dispatch here: %s", strerror(errno));
}

static void check(void)
{
	selector = 1;
	syscall(SYS_getpgid, 0);
	selector = 0;
	same(caught, SYS_getpgid, "system call that the handler saw");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "SYSCALL_USER_DISPATCH",
	.criu = "drops syscall user dispatch without a word",
};
