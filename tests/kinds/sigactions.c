// SPDX-License-Identifier: GPL-2.0
/* Signal actions with handler, flags, mask and restorer; ignored and default ones. */
#include "kind.h"

struct kernel_action {
	unsigned long handler, flags, restorer, mask;
};

static struct kernel_action before[65];
static volatile int ran;

static void handler(int sig)
{
	ran = sig;
}

static void info_handler(int sig, siginfo_t *info, void *context)
{
	ran = info->si_value.sival_int;
}

static void action_set(int sig, int flags, void *function)
{
	struct sigaction action = { .sa_flags = flags };

	action.sa_sigaction = function;
	sigfillset(&action.sa_mask);
	sigdelset(&action.sa_mask, sig);
	must(sigaction(sig, &action, NULL));
}

static void read_all(struct kernel_action *actions)
{
	int sig;

	for (sig = 1; sig <= 64; sig++)
		must(syscall(SYS_rt_sigaction, sig, NULL, &actions[sig], 8));
}

static void set_up(void)
{
	action_set(SIGUSR1, SA_RESTART, handler);
	action_set(SIGUSR2, SA_NODEFER | SA_ONSTACK, handler);
	action_set(SIGRTMIN + 3, SA_SIGINFO | SA_RESETHAND, info_handler);
	action_set(SIGCHLD, SA_NOCLDSTOP | SA_NOCLDWAIT, handler);
	action_set(SIGTERM, 0, SIG_IGN);
	action_set(SIGHUP, SA_RESTART, SIG_DFL);
	action_set(SIGRTMAX, 0, handler);
	read_all(before);
}

static void check(void)
{
	struct kernel_action after[65];
	int sig;

	read_all(after);
	for (sig = 1; sig <= 64; sig++) {
		same(after[sig].handler, before[sig].handler, "handler of signal %d", sig);
		same(after[sig].flags, before[sig].flags, "flags of signal %d", sig);
		same(after[sig].restorer, before[sig].restorer, "restorer of signal %d", sig);
		same(after[sig].mask, before[sig].mask, "mask of signal %d", sig);
	}
	raise(SIGUSR1);
	same(ran, SIGUSR1, "signal the handler saw");
	must(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = 77 }));
	same(ran, 77, "value the handler saw");
	raise(SIGTERM);
}

const struct kind kind = { .set_up = set_up, .check = check };
