// SPDX-License-Identifier: GPL-2.0
/* A futex wait with a timeout that was interrupted waits on for the rest of its time. */
#include "kind.h"

#include <linux/futex.h>

#define SLEEP_MS 700

static pthread_t thread;
static volatile pid_t tid;
static int64_t start_ms;

static void *body(void *arg)
{
	int64_t slept;

	tid = syscall(SYS_gettid);
	struct timespec ts = { 0, SLEEP_MS * 1000000L };
	int word = 1;

	same(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, &ts, NULL, 0), -1, "futex");
	same(errno, ETIMEDOUT, "errno of the futex wait");
	slept = now_ms() - start_ms;
	if (slept < SLEEP_MS - 2)
		fail("slept for %d ms only, not %d", (int)slept, SLEEP_MS);
	return NULL;
}

static void set_up(void)
{
	start_ms = now_ms();
	thread = thread_start(body, NULL);
	while (!tid)
		sleep_ms(1);
	await_syscall(tid, SYS_futex);
	/* So late that starting over shows. */
	while (now_ms() < start_ms + SLEEP_MS / 2)
		sleep_ms(5);
}

static void check(void)
{
	int64_t slept;

	thread_join(thread);
	slept = now_ms() - start_ms;
	if (slept > SLEEP_MS + kind_downtime_ms + 250)
		fail("slept for %d ms, not %d, with %d ms standing still", (int)slept, SLEEP_MS,
		     (int)kind_downtime_ms);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.limit_twice = "without the module what was slept before the last dump but one is not known",
	.kill_limit = "without the module a call that was restarted once already may end with EINTR",
	.criu = "a call that restarts through its restart block returns EINTR",
};
