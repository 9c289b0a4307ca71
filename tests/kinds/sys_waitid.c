// SPDX-License-Identifier: GPL-2.0
/* A waitid goes on until the child ends, and tells how. */
#include "kind.h"

static pthread_t thread;
static volatile pid_t tid;
static volatile int woken;

static pid_t child;

static void end(void)
{
	await_mark("end");
	raise(SIGKILL);
}

static void prepare(void)
{
	child = child_start(end);
}

static void *body(void *arg)
{
	siginfo_t info;

	tid = syscall(SYS_gettid);
	same(must(waitid(P_PID, child, &info, WEXITED)), 0, "waitid");
	same(info.si_pid, child, "si_pid");
	same(info.si_code, CLD_KILLED, "si_code");
	same(info.si_status, SIGKILL, "si_status");
	woken = 1;
	return NULL;
}

static void set_up(void)
{
	prepare();
	thread = thread_start(body, NULL);
	while (!tid)
		sleep_ms(1);
	await_syscall(tid, SYS_waitid);
}

static void check(void)
{
	sleep_ms(20);
	same(woken, 0, "return of the call before anybody woke it");
	mark("end");
	thread_join(thread);
	same(woken, 1, "return of the call");
}

const struct kind kind = { .set_up = set_up, .check = check };
