// SPDX-License-Identifier: GPL-2.0
/* POSIX timers keep their ids, which need not be dense, and their clocks and signals. */
#include "kind.h"

#define NR 8

static int ids[NR];
static volatile int seen[NR];
static const clockid_t clocks[] = {
	CLOCK_MONOTONIC,
	CLOCK_REALTIME,
	CLOCK_BOOTTIME,
	CLOCK_PROCESS_CPUTIME_ID,
};

static void handler(int sig, siginfo_t *info, void *context)
{
	int i = info->si_value.sival_int;

	if (info->si_code == SI_TIMER && i >= 0 && i < NR && info->si_timerid == ids[i])
		seen[i]++;
}

static void set_up(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };
	int i, unused;

	for (i = 0; i < NR; i++) {
		struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
					  .sigev_signo = SIGRTMIN + i,
					  .sigev_value.sival_int = i };

		must(sigaction(SIGRTMIN + i, &action, NULL));
		must(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &unused));
		must(syscall(SYS_timer_create, clocks[i % 4], &event, &ids[i]));
		must(syscall(SYS_timer_delete, unused));
	}
}

static void check(void)
{
	struct itimerspec value = { .it_value.tv_nsec = 1000000 };
	int64_t end = patience_end();
	int i;

	for (i = 0; i < NR; i++)
		if (syscall(SYS_timer_settime, ids[i], 0, &value, NULL))
			fail("timer %d: %s", ids[i], strerror(errno));
	for (i = 0; i < NR; i++) {
		while (!seen[i] && now_ms() < end)
			;
		same(seen[i], 1, "signals of timer %d (clock %d)", ids[i], clocks[i % 4]);
	}
}

const struct kind kind = { .set_up = set_up, .check = check };
