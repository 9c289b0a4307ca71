// SPDX-License-Identifier: GPL-2.0
/* CPU affinity of each thread. */
#include "kind.h"

static pthread_t thread;
static cpu_set_t all;

static void cpus_check(pid_t tid, const cpu_set_t *want, const char *who)
{
	cpu_set_t set;

	must(sched_getaffinity(tid, sizeof(set), &set));
	if (!CPU_EQUAL(&set, want))
		fail("the %s may run on %d CPUs, not %d, or on others", who, CPU_COUNT(&set),
		     CPU_COUNT(want));
}

static void *body(void *arg)
{
	cpu_set_t one;
	int cpu = 0;

	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	must(sched_setaffinity(0, sizeof(one), &one));
	mark("thread");
	await_go();
	cpus_check(0, &one, "second thread");
	return NULL;
}

static void set_up(void)
{
	must(sched_getaffinity(0, sizeof(all), &all));
	if (CPU_COUNT(&all) < 2)
		skip("there is one CPU only");
	thread = thread_start(body, NULL);
	await_mark("thread");
}

static void check(void)
{
	cpus_check(0, &all, "main thread");
	thread_join(thread);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "does not keep CPU affinity",
};
