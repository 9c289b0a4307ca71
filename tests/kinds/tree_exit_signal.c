// SPDX-License-Identifier: GPL-2.0
/* Children whose end is told by another signal than SIGCHLD, or by none (clone's exit signal). */
#include "kind.h"

static pid_t other, none;
static volatile int got, got_pid;

static void handler(int sig, siginfo_t *info, void *context)
{
	got = sig;
	got_pid = info->si_pid;
}

static pid_t clone_start(int sig)
{
	pid_t pid = must(syscall(SYS_clone, sig, 0, 0, 0, 0));

	if (!pid) {
		await_go();
		_exit(0);
	}
	return pid;
}

static void set_up(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };

	must(sigaction(SIGUSR2, &action, NULL));
	must(sigaction(SIGCHLD, &action, NULL));
	other = clone_start(SIGUSR2);
	none = clone_start(0);
}

static void check(void)
{
	int status;

	same(waitpid(other, &status, WNOHANG), -1, "wait without __WCLONE for a child of clone");
	same(errno, ECHILD, "errno of that wait");
	same(must(waitpid(other, &status, __WCLONE)), other, "wait for the first child");
	same(status, 0, "wait status");
	same(got, SIGUSR2, "signal that told of its end");
	same(got_pid, other, "PID in that signal");
	got = 0;
	same(must(waitpid(none, &status, __WALL)), none, "wait for the second child");
	same(got, 0, "signal that told of the end of the second");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "gives every child SIGCHLD as its exit signal",
};
