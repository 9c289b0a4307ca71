// SPDX-License-Identifier: GPL-2.0
/* Signals pending for single threads stay with their thread. */
#include "kind.h"

static sigset_t set;
static pthread_t thread;

static void expect(int value, const char *who)
{
	struct timespec none = {};
	siginfo_t info;

	if (syscall(SYS_rt_sigtimedwait, &set, &info, &none, 8) != SIGUSR1)
		fail("no SIGUSR1 is pending for the %s", who);
	same(info.si_code, SI_TKILL, "si_code of the SIGUSR1 of the %s", who);
	if (sigtimedwait(&set, &info, &none) != SIGRTMIN + 2)
		fail("no realtime signal is pending for the %s", who);
	same(info.si_value.sival_int, value, "value of the signal of the %s", who);
	same(info.si_code, SI_QUEUE, "si_code of the signal of the %s", who);
	if (sigtimedwait(&set, &info, &none) != -1)
		fail("signal %d too is pending for the %s", info.si_signo, who);
}

static void *body(void *arg)
{
	mark("thread");
	await_go();
	expect(2, "second thread");
	return NULL;
}

static void set_up(void)
{
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 2);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	thread = thread_start(body, NULL);
	await_mark("thread");
	same(pthread_sigqueue(thread, SIGRTMIN + 2, (union sigval){ .sival_int = 2 }), 0,
	     "sigqueue");
	same(pthread_kill(thread, SIGUSR1), 0, "kill");
	same(pthread_sigqueue(pthread_self(), SIGRTMIN + 2, (union sigval){ .sival_int = 1 }), 0,
	     "sigqueue");
	same(pthread_kill(pthread_self(), SIGUSR1), 0, "kill");
}

static void check(void)
{
	expect(1, "main thread");
	thread_join(thread);
}

const struct kind kind = { .set_up = set_up, .check = check };
