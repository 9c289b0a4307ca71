// SPDX-License-Identifier: GPL-2.0
/* Scheduling policies: FIFO, RR, BATCH and IDLE threads, with priority and reset-on-fork. */
#include "kind.h"

static const struct policy {
	int policy, priority, nice;
} policies[] = {
	{ SCHED_FIFO, 11, 0 }, { SCHED_RR | SCHED_RESET_ON_FORK, 22, 0 },   { SCHED_BATCH, 0, 5 },
	{ SCHED_IDLE, 0, 0 },  { SCHED_OTHER | SCHED_RESET_ON_FORK, 0, 0 },
};

#define NR (sizeof(policies) / sizeof(policies[0]))

static pthread_t threads[NR];

static void *body(void *arg)
{
	const struct policy *p = arg;
	struct sched_param param = { .sched_priority = p->priority };
	int tid = syscall(SYS_gettid);
	char name[16];

	if (sched_setscheduler(tid, p->policy, &param))
		fail("policy %#x: %s", p->policy, strerror(errno));
	if (p->nice)
		must(setpriority(PRIO_PROCESS, tid, p->nice));
	snprintf(name, sizeof(name), "thread%d", p->policy);
	mark(name);
	await_go();
	same(sched_getscheduler(tid), p->policy, "policy");
	must(sched_getparam(tid, &param));
	same(param.sched_priority, p->priority, "priority of policy %#x", p->policy);
	same(getpriority(PRIO_PROCESS, tid), p->nice, "nice value of policy %#x", p->policy);
	return NULL;
}

static void set_up(void)
{
	char name[16];
	unsigned int i;

	for (i = 0; i < NR; i++) {
		threads[i] = thread_start(body, (void *)&policies[i]);
		snprintf(name, sizeof(name), "thread%d", policies[i].policy);
		await_mark(name);
	}
}

static void check(void)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		thread_join(threads[i]);
	same(sched_getscheduler(0), SCHED_OTHER, "policy of the main thread");
}

const struct kind kind = { .set_up = set_up, .check = check };
