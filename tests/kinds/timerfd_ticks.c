// SPDX-License-Identifier: GPL-2.0
/* Expirations that nobody has read: of a timer that goes off once, and again and again. */
#include "kind.h"

#include <sys/timerfd.h>

static int once, again;
static int64_t start_ms;

static void set_up(void)
{
	const struct itimerspec soon = { .it_value = { 0, 1000000 } };
	const struct itimerspec often = { { 0, 20000000 }, { 0, 20000000 } };

	once = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	again = must(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	must(timerfd_settime(once, 0, &soon, NULL));
	must(timerfd_settime(again, 0, &often, NULL));
	start_ms = now_ms();
	sleep_ms(70);
}

static void check(void)
{
	struct itimerspec its;
	int64_t ran_ms;
	uint64_t ticks;

	sleep_ms(50);
	must(read(again, &ticks, 8));
	ran_ms = now_ms() - start_ms;
	if (ticks * 20 > (uint64_t)ran_ms ||
	    (int64_t)ticks * 20 < ran_ms - kind_downtime_ms - 300 || ticks < 5)
		fail("%d expirations in %d ms, of those %d standing still", (int)ticks,
		     (int)ran_ms, (int)kind_downtime_ms);
	must(timerfd_gettime(again, &its));
	same(its.it_interval.tv_nsec, 20000000, "interval");
	must(timerfd_gettime(once, &its));
	same(its.it_value.tv_sec + its.it_value.tv_nsec, 0, "time left of the other");
	must(read(once, &ticks, 8));
	same(ticks, 1, "its expirations");
	same(read(once, &ticks, 8), -1, "read after that");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "disarms a timer that has gone off and has an interval",
};
