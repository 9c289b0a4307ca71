// SPDX-License-Identifier: GPL-2.0
/* Timers set to a time of their clock, one of them to be cancelled when the clock is set. */
#include "kind.h"

#include <sys/timerfd.h>

static int fds[3], passed;
static struct timespec want[3];
static const int clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_REALTIME };

static void set_up(void)
{
	struct itimerspec its = { 0 };

	for (int i = 0; i < 3; i++) {
		fds[i] = must(timerfd_create(clocks[i], TFD_NONBLOCK));
		must(clock_gettime(clocks[i], &want[i]));
		want[i].tv_sec += 500;
		its.it_value = want[i];
		must(timerfd_settime(fds[i],
				     TFD_TIMER_ABSTIME | (i == 2 ? TFD_TIMER_CANCEL_ON_SET : 0),
				     &its, NULL));
	}
	passed = must(timerfd_create(CLOCK_MONOTONIC, 0));
	must(clock_gettime(CLOCK_MONOTONIC, &its.it_value));
	its.it_value.tv_nsec += 30000000;
	if (its.it_value.tv_nsec > 999999999) {
		its.it_value.tv_sec++;
		its.it_value.tv_nsec -= 1000000000;
	}
	must(timerfd_settime(passed, TFD_TIMER_ABSTIME, &its, NULL));
}

static int64_t left_us(const struct timespec *when, int clock)
{
	struct timespec now;

	must(clock_gettime(clock, &now));
	return (when->tv_sec - now.tv_sec) * 1000000 + (when->tv_nsec - now.tv_nsec) / 1000;
}

static void check(void)
{
	struct itimerspec its;
	uint64_t ticks;

	for (int i = 0; i < 3; i++) {
		/* between the two, however long this task is kept waiting there */
		int64_t most = left_us(&want[i], clocks[i]), left;

		must(timerfd_gettime(fds[i], &its));
		left = its.it_value.tv_sec * 1000000 + its.it_value.tv_nsec / 1000;
		if (left > most + 1000 || left < left_us(&want[i], clocks[i]) - 1000)
			fail("timer %d goes off in %d us, %d are left", i, (int)left, (int)most);
		if (i == 2 && !strstr(proc_line(getpid(), "fdinfo/5", "settime flags"), "03"))
			fail("the timer is not cancelled when the clock is set: %s",
			     proc_line(getpid(), "fdinfo/5", "settime flags"));
	}
	same(read(passed, &ticks, 8), 8, "read of the one whose time has come");
	same(ticks, 1, "its expirations");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "makes an absolute time of what was left at the dump",
};
