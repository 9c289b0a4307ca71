// SPDX-License-Identifier: GPL-2.0
/* A sigwaitinfo that starts over after EINTR gets the signal. */
#include "kind.h"

static pthread_t thread;
static volatile pid_t tid;
static volatile int woken;

static sigset_t set;

static void prepare(void)
{
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *body(void *arg)
{
	siginfo_t info;
	int sig;

	tid = syscall(SYS_gettid);
	while ((sig = sigwaitinfo(&set, &info)) < 0 && errno == EINTR)
		;
	same(sig, SIGRTMIN + 2, "sigwaitinfo");
	woken = 1;
	return NULL;
}

static void set_up(void)
{
	prepare();
	thread = thread_start(body, NULL);
	while (!tid)
		sleep_ms(1);
	await_syscall(tid, SYS_rt_sigtimedwait);
}

static void check(void)
{
	sleep_ms(20);
	same(woken, 0, "return of the call before anybody woke it");
	pthread_kill(thread, SIGRTMIN + 2);
	thread_join(thread);
	same(woken, 1, "return of the call");
}

const struct kind kind = { .set_up = set_up, .check = check };
