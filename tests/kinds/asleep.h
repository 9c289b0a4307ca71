/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread that spends SLEEP_MS in one system call, which a dump interrupts in its
 * middle: the call must neither start over nor end early.
 */
#ifndef TESTS_KINDS_ASLEEP_H
#define TESTS_KINDS_ASLEEP_H

#include "kind.h"

#define SLEEP_MS (700L * slowness())

/* What is known of calls that the kernel restarts through a restart block. */
#define ASLEEP_RESTART_BLOCK                                                                       \
	.limit_twice =                                                                             \
		"without the module what was slept before the last dump but one is not known",     \
	.kill_limit =                                                                              \
		"without the module a call that was restarted once already may end with EINTR",    \
	.criu = "a call that restarts through its restart block returns EINTR"

static pthread_t asleep_thread;
static volatile pid_t asleep_tid;
static int64_t asleep_start_ms;

static struct timespec asleep_time(void)
{
	return (struct timespec){ SLEEP_MS / 1000, SLEEP_MS % 1000 * 1000000 };
}

/* The program's own: make the call, and fail where it ends with something else than its time. */
static void asleep(void);

static void *asleep_body(void *arg)
{
	int64_t slept;

	asleep_tid = syscall(SYS_gettid);
	asleep();
	slept = now_ms() - asleep_start_ms;
	if (slept < SLEEP_MS - 2)
		fail("slept for %d ms only, not %ld", (int)slept, SLEEP_MS);
	return arg;
}

/* @nr: the system call as it shows in /proc. */
static void asleep_set_up(long nr)
{
	asleep_start_ms = now_ms();
	asleep_thread = thread_start(asleep_body, NULL);
	while (!asleep_tid)
		sleep_ms(1);
	await_syscall(asleep_tid, nr);
	/* So late that starting over shows. */
	while (now_ms() < asleep_start_ms + SLEEP_MS / 2)
		sleep_ms(5);
}

static void asleep_check(void)
{
	int64_t slept;

	thread_join(asleep_thread);
	slept = now_ms() - asleep_start_ms;
	if (slept > SLEEP_MS + kind_downtime_ms + 250 * slowness())
		fail("slept for %d ms, not %ld, with %d ms standing still", (int)slept, SLEEP_MS,
		     (int)kind_downtime_ms);
}

#endif
