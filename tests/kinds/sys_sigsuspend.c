// SPDX-License-Identifier: GPL-2.0
/* A sigsuspend goes on until a signal comes, and puts the old mask back. */
#include "kind.h"

static pthread_t thread;
static volatile pid_t tid;
static volatile int woken;

static volatile int handled[2], nr_handled;

static void handler(int sig)
{
	handled[nr_handled++ & 1] = sig;
}

static void prepare(void)
{
	signal(SIGUSR1, handler);
	signal(SIGUSR2, handler);
}

static void *body(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	tid = syscall(SYS_gettid);
	same(sigsuspend(&set), -1, "sigsuspend");
	same(errno, EINTR, "errno of the sigsuspend");
	same(handled[0], SIGUSR1, "signal that woke it");
	/* Let through by the old mask, before sigsuspend returns. */
	same(handled[1], SIGUSR2, "second signal that was handled");
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	same(sigismember(&set, SIGUSR1), 1, "SIGUSR1 in the mask afterwards");
	same(sigismember(&set, SIGUSR2), 0, "SIGUSR2 in the mask afterwards");
	woken = 1;
	return NULL;
}

static void set_up(void)
{
	prepare();
	thread = thread_start(body, NULL);
	while (!tid)
		sleep_ms(1);
	await_syscall(tid, SYS_rt_sigsuspend);
}

static void check(void)
{
	sleep_ms(20);
	same(woken, 0, "return of the call before anybody woke it");
	pthread_kill(thread, SIGUSR2);
	sleep_ms(10);
	same(woken, 0, "return of sigsuspend on a signal that it blocks");
	pthread_kill(thread, SIGUSR1);
	thread_join(thread);
	same(woken, 1, "return of the call");
}

const struct kind kind = { .set_up = set_up, .check = check };
