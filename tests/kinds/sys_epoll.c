// SPDX-License-Identifier: GPL-2.0
/*
 * Waits for events go on after a dump, without EINTR: with no time-out, where an event
 * ends them, and with one, of which only what was left counts.
 */
#include "kind.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sem.h>

#define SLEEP_MS (700L * slowness())

struct wait {
	long nr;
	bool event;
	volatile pid_t tid;
	int64_t end_ms;
	pthread_t thread;
};

static struct wait waits[] = {
	{ .nr = SYS_epoll_wait, .event = true },
	{ .nr = SYS_epoll_pwait, .event = true },
	{ .nr = SYS_epoll_wait },
	{ .nr = SYS_epoll_pwait },
	{ .nr = 441 /* epoll_pwait2 */ },
};

#define NR (sizeof(waits) / sizeof(waits[0]))

static size_t nr_waits = NR;
static int epfd, idle, event;
static int64_t start_ms;

static void *body(void *arg)
{
	const struct timespec left = { SLEEP_MS / 1000, SLEEP_MS % 1000 * 1000000 };
	struct wait *w = arg;
	struct epoll_event ev;
	uint64_t mask = 0;
	long ret;

	w->tid = syscall(SYS_gettid);
	ret = syscall(w->nr, w->event ? epfd : idle, &ev, 1,
		      w->event     ? -1L :
		      w->nr == 441 ? (long)&left :
				     SLEEP_MS,
		      &mask, 8L);
	w->end_ms = now_ms();
	if (ret < 0)
		fail("system call %ld: %s", w->nr, strerror(errno));
	same(ret, w->event, "events of system call %ld", w->nr);
	same(left.tv_sec * 1000 + left.tv_nsec / 1000000, SLEEP_MS, "the time-out in memory");
	return NULL;
}

static void set_up(void)
{
	struct epoll_event ev = { EPOLLIN, { .u32 = 1 } };

	epfd = must(epoll_create1(0));
	idle = must(epoll_create1(0));
	event = must(eventfd(0, 0));
	must(epoll_ctl(epfd, EPOLL_CTL_ADD, event, &ev));
	if (syscall(441, -1, &ev, 1, NULL, NULL, 8) == -1 && errno == ENOSYS)
		nr_waits--;	/* before Linux 5.11 */
	start_ms = now_ms();
	for (size_t i = 0; i < nr_waits; i++) {
		waits[i].thread = thread_start(body, &waits[i]);
		while (!waits[i].tid)
			sleep_ms(1);
		await_syscall(waits[i].tid, waits[i].nr);
	}
	/* So late that starting over shows. */
	while (now_ms() < start_ms + SLEEP_MS / 2)
		sleep_ms(5);
}

static void check(void)
{
	uint64_t one = 1;

	must(write(event, &one, 8));
	for (size_t i = 0; i < nr_waits; i++) {
		int64_t slept;

		thread_join(waits[i].thread);
		slept = waits[i].end_ms - start_ms;
		if (waits[i].event)
			continue;
		if (slept < SLEEP_MS - 2 || slept > SLEEP_MS + kind_downtime_ms + 250 * slowness())
			fail("system call %ld waited for %d ms, not %ld, with %d ms standing still",
			     waits[i].nr, (int)slept, SLEEP_MS, (int)kind_downtime_ms);
	}
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.kill_limit = "the kernel ends such a call with EINTR when a task is stopped",
	.criu = "the kernel ends such a call with EINTR when a task is stopped",
};
