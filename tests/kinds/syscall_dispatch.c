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

static void stop(void)
{
	for (;;)
		sleep_ms(100);
}

static bool is_shown(void)
{
	unsigned long config[4];
	pid_t pid = child_start(stop);
	bool shown;

	must(syscall(SYS_ptrace, 0x4206 /* PTRACE_SEIZE */, pid, 0, 0));
	must(syscall(SYS_ptrace, 0x4207 /* PTRACE_INTERRUPT */, pid, 0, 0));
	must(waitpid(pid, NULL, __WALL));
	shown = !syscall(SYS_ptrace, 0x4211 /* ..._GET_SYSCALL_USER_DISPATCH_CONFIG */, pid,
			 sizeof(config), config);
	must(kill(pid, SIGKILL));
	must(waitpid(pid, NULL, 0));
	return shown;
}

static void set_up(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	must(sigaction(SIGSYS, &action, NULL));
	if (!is_shown())
		skip("this kernel (before 6.4) tells no tracer of syscall user dispatch");
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
