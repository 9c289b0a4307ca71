// SPDX-License-Identifier: GPL-2.0
/* A timer whose signal is blocked counts overruns, and the count is not lost. */
#include "kind.h"

static timer_t timer;
static sigset_t set;

static void set_up(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGRTMIN + 4,
				  .sigev_value.sival_int = 99 };
	struct itimerspec value = { .it_value.tv_nsec = 100000, .it_interval.tv_nsec = 100000 };

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 4);
	sigprocmask(SIG_BLOCK, &set, NULL);
	must(timer_create(CLOCK_MONOTONIC, &event, &timer));
	must(timer_settime(timer, 0, &value, NULL));
	sleep_ms(50);
}

static void check(void)
{
	struct timespec wait = { 2, 0 };
	siginfo_t info;

	same(must(sigtimedwait(&set, &info, &wait)), SIGRTMIN + 4, "pending signal");
	same(info.si_code, SI_TIMER, "si_code");
	same(info.si_value.sival_int, 99, "value");
	/* 400 fitted in before the dump; less than half of them means they were forgotten. */
	if (info.si_overrun < 200)
		fail("%d overruns, though at least 400 periods went by", info.si_overrun);
	same(timer_getoverrun(timer), info.si_overrun, "timer_getoverrun");
	same(must(sigtimedwait(&set, &info, &wait)), SIGRTMIN + 4, "next signal");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.limit = "without the module overruns of a signal that was not yet taken are not counted",
	.criu = "forgets the overruns of before the dump",
};
