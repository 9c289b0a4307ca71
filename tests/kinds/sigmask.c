// SPDX-License-Identifier: GPL-2.0
/* The signal mask of each thread, realtime signals too. */
#include "kind.h"

static pthread_t thread;

static void mask_set(int first)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, first);
	sigaddset(&set, SIGRTMIN + first);
	sigaddset(&set, SIGRTMAX);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
}

static void mask_check(int first, const char *who)
{
	sigset_t set;
	int sig;

	pthread_sigmask(SIG_SETMASK, NULL, &set);
	for (sig = 1; sig < SIGRTMAX; sig++)
		if (sig < 32 || sig >= SIGRTMIN)
			same(sigismember(&set, sig), sig == first || sig == SIGRTMIN + first,
			     "signal %d in the mask of the %s", sig, who);
	same(sigismember(&set, SIGRTMAX), 1, "SIGRTMAX in the mask of the %s", who);
}

static void *body(void *arg)
{
	mask_set(SIGUSR2);
	mark("thread");
	await_go();
	mask_check(SIGUSR2, "second thread");
	return NULL;
}

static void set_up(void)
{
	thread = thread_start(body, NULL);
	await_mark("thread");
	mask_set(SIGUSR1);
}

static void check(void)
{
	mask_check(SIGUSR1, "main thread");
	thread_join(thread);
}

const struct kind kind = { .set_up = set_up, .check = check };
