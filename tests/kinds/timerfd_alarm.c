// SPDX-License-Identifier: GPL-2.0
/* Timerfds of the clocks that wake the machine up. */
#include "kind.h"

#include <sys/timerfd.h>

static const int clocks[] = { CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM };
static int fds[2];

static void set_up(void)
{
	const struct itimerspec its = { { 70, 5 }, { 100, 0 } };

	for (int i = 0; i < 2; i++) {
		fds[i] = must(timerfd_create(clocks[i], TFD_NONBLOCK));
		must(timerfd_settime(fds[i], 0, &its, NULL));
	}
}

static void check(void)
{
	struct itimerspec its;

	for (int i = 0; i < 2; i++) {
		must(timerfd_gettime(fds[i], &its));
		if (its.it_value.tv_sec < 80 || its.it_value.tv_sec > 100)
			fail("clock %d has %d s left", clocks[i], (int)its.it_value.tv_sec);
		same(its.it_interval.tv_sec, 70, "seconds of the interval");
		same(its.it_interval.tv_nsec, 5, "nanoseconds of the interval");
	}
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "does not know these clocks",
};
