// SPDX-License-Identifier: GPL-2.0
/* A periodic POSIX timer keeps its period; a one-shot one fires once, whenever it was due. */
#include "kind.h"

static timer_t periodic, once, idle;
static volatile int nr_periodic, nr_once;
static volatile int64_t once_ms;
static int64_t start_ms;

static void handler(int sig, siginfo_t *info, void *context)
{
	if (sig == SIGRTMIN)
		nr_periodic++;
	else
		nr_once++, once_ms = now_ms();
}

static void make(timer_t *timer, int sig, long first_ms, long interval_ms)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = sig };
	struct itimerspec value = { .it_value.tv_nsec = first_ms * 1000000,
				    .it_interval.tv_nsec = interval_ms * 1000000 };
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };

	must(sigaction(sig, &action, NULL));
	must(timer_create(CLOCK_MONOTONIC, &event, timer));
	must(timer_settime(*timer, 0, &value, NULL));
}

static void set_up(void)
{
	make(&periodic, SIGRTMIN, 20, 20);
	make(&idle, SIGRTMIN + 2, 0, 0);
	start_ms = now_ms();
	make(&once, SIGRTMIN + 1, 400, 0);
}

static void check(void)
{
	int64_t end = patience_end();
	struct itimerspec value;
	int before = nr_periodic;

	must(timer_gettime(periodic, &value));
	same(value.it_interval.tv_nsec, 20000000, "interval");
	must(timer_gettime(idle, &value));
	same(value.it_value.tv_nsec + value.it_interval.tv_nsec, 0,
	     "time left of an unarmed timer");
	while ((nr_periodic < before + 3 || !nr_once) && now_ms() < end)
		sleep_ms(2);
	if (nr_periodic < before + 3)
		fail("the periodic timer fired only %d times", nr_periodic - before);
	same(nr_once, 1, "times the one-shot timer fired");
	if (once_ms - start_ms < 395)
		fail("the one-shot timer fired after %d ms, not 400", (int)(once_ms - start_ms));
	must(timer_gettime(once, &value));
	same(value.it_value.tv_nsec, 0, "time left of the fired timer");
}

const struct kind kind = { .set_up = set_up, .check = check };
