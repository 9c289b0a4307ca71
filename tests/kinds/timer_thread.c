// SPDX-License-Identifier: GPL-2.0
/* A POSIX timer that signals one thread (SIGEV_THREAD_ID) goes on signalling that thread. */
#include "kind.h"

static timer_t timer;
static pthread_t thread;
static volatile pid_t tid;
static volatile int in_thread, elsewhere;

static void handler(int sig)
{
	if (syscall(SYS_gettid) == tid)
		in_thread++;
	else
		elsewhere++;
}

static void *body(void *arg)
{
	tid = syscall(SYS_gettid);
	mark("thread");
	await_go();
	while (!marked("done"))
		sleep_ms(2);
	return NULL;
}

static void set_up(void)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct itimerspec value = { .it_value.tv_nsec = 5000000, .it_interval.tv_nsec = 5000000 };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN };

	thread = thread_start(body, NULL);
	await_mark("thread");
	must(sigaction(SIGRTMIN, &action, NULL));
	event._sigev_un._tid = tid;
	must(timer_create(CLOCK_MONOTONIC, &event, &timer));
	must(timer_settime(timer, 0, &value, NULL));
}

static void check(void)
{
	int before = in_thread;

	sleep_ms(60);
	mark("done");
	thread_join(thread);
	same(elsewhere, 0, "signals that another thread got");
	if (in_thread - before < 3)
		fail("the thread got %d signals only", in_thread - before);
}

const struct kind kind = { .set_up = set_up, .check = check };
