// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks each with an alarm and a POSIX timer that are to fire once, one task after the other
 * from before the dump to after it: whatever the dump does meanwhile, each fires once.
 */
#include "kind.h"

#define NR 30
#define STEP_MS 10

static pid_t pids[NR];
static int delay_ms;
static volatile int alarms, fired;

static void on_alarm(int signo)
{
	alarms++;
}

static void on_timer(int signo)
{
	fired++;
}

static void body(void)
{
	struct itimerval once = { .it_value = { 0, delay_ms * 1000 } };
	struct itimerspec value = { .it_value = { 0, delay_ms * 1000000L } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1 };
	timer_t timer;

	signal(SIGALRM, on_alarm);
	signal(SIGRTMIN + 1, on_timer);
	must(timer_create(CLOCK_MONOTONIC, &event, &timer));
	must(timer_settime(timer, 0, &value, NULL));
	must(setitimer(ITIMER_REAL, &once, NULL));
	while (!marked("stop"))
		sleep_ms(10);
	/* one that is late, or comes again */
	for (int i = 0; i < 200 && !(alarms && fired); i++)
		sleep_ms(10);
	sleep_ms(20);
	same(alarms, 1, "alarms, %d ms after the start", delay_ms);
	same(fired, 1, "signals of the timer, %d ms after the start", delay_ms);
}

static void set_up(void)
{
	for (int i = 0; i < NR; i++) {
		delay_ms = 20 + i * STEP_MS;
		pids[i] = child_start(body);
	}
}

static void check(void)
{
	sleep_ms(NR * STEP_MS + 100);
	mark("stop");
	for (int i = 0; i < NR; i++)
		child_done(pids[i]);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "loses the signal of a timer that fires while it dumps",
};
