// SPDX-License-Identifier: GPL-2.0
/* Timerfds that are armed relative: the time that is left, the interval. */
#include "kind.h"

#include <sys/timerfd.h>

static const int clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME };

#define NR (sizeof(clocks) / sizeof(clocks[0]))

static int fds[NR], idle, interval_only;
static int64_t start_ms;

static void set_up(void)
{
	const struct itimerspec its = { { 70, 5 }, { 100, 0 } }, off = { { 3, 0 }, { 0, 0 } };

	for (size_t i = 0; i < NR; i++) {
		fds[i] = must(timerfd_create(clocks[i], TFD_NONBLOCK));
		must(timerfd_settime(fds[i], 0, &its, NULL));
	}
	idle = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
	interval_only = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	must(timerfd_settime(interval_only, 0, &off, NULL));
	start_ms = now_ms();
}

static void check(void)
{
	int64_t ran_ms = now_ms() - start_ms;
	struct itimerspec its;
	uint64_t ticks;

	for (size_t i = 0; i < NR; i++) {
		int64_t left_ms;

		must(timerfd_gettime(fds[i], &its));
		left_ms = its.it_value.tv_sec * 1000 + its.it_value.tv_nsec / 1000000;
		if (left_ms > 100000 - (ran_ms - kind_downtime_ms) + 300 ||
		    left_ms < 100000 - ran_ms - 300)
			fail("clock %d has %d ms left after %d ms, of those %d standing still",
			     clocks[i], (int)left_ms, (int)ran_ms, (int)kind_downtime_ms);
		same(its.it_interval.tv_sec, 70, "seconds of the interval");
		same(its.it_interval.tv_nsec, 5, "nanoseconds of the interval");
		same(read(fds[i], &ticks, 8), -1, "read of no expiration");
	}
	must(timerfd_gettime(idle, &its));
	same(its.it_value.tv_sec + its.it_value.tv_nsec, 0, "time left of one that is off");
	must(timerfd_gettime(interval_only, &its));
	same(its.it_interval.tv_sec, 3, "interval of one that is off");
	its.it_value.tv_nsec = 1000000;
	must(timerfd_settime(idle, 0, &its, NULL));
	sleep_ms(3);
	must(read(idle, &ticks, 8));
	same(ticks, 1, "expirations of the one that is started now");
}

const struct kind kind = { .set_up = set_up, .check = check };
