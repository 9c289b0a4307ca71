// SPDX-License-Identifier: GPL-2.0
/* A deadline thread keeps its runtime, deadline and period. */
#include "kind.h"

struct deadline_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static pthread_t thread;

static void *body(void *arg)
{
	struct deadline_attr attr = {
		.size = sizeof(attr),
		.policy = 6,
		.runtime = 2000000,
		.deadline = 20000000,
		.period = 40000000,
	};

	if (syscall(SYS_sched_setattr, 0, &attr, 0))
		skip("no deadline scheduling here: %s", strerror(errno));
	mark("thread");
	await_go();
	memset(&attr, 0, sizeof(attr));
	must(syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0));
	same(attr.policy, 6, "policy");
	same(attr.runtime, 2000000, "runtime");
	same(attr.deadline, 20000000, "deadline");
	same(attr.period, 40000000, "period");
	return NULL;
}

static void set_up(void)
{
	thread = thread_start(body, NULL);
	await_mark("thread");
}

static void check(void)
{
	thread_join(thread);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "does not know deadline scheduling",
};
