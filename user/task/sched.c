// SPDX-License-Identifier: GPL-2.0
/*
 * Scheduling of each thread: policy, priority, nice, CPU affinity, I/O priority,
 * timer slack.
 */
#include <string.h>

#include "task/task.h"

static int sched_restore_extra(struct restore *r, const CrctlThreadEntry *x, struct stub_thread *th)
{
	if (x->has_ioprio) {
		th->has_ioprio = 1;
		th->ioprio = x->ioprio;
	}
	if (x->has_timer_slack_ns)
		th->timer_slack = x->timer_slack_ns;
	if (x->has_sched_flags)
		th->sched_flags = x->sched_flags;
	th->sched_runtime = x->sched_runtime;
	th->sched_deadline = x->sched_deadline;
	th->sched_period = x->sched_period;
	if (x->has_cpu_mask && x->cpu_mask.len) {
		void *mask = arena_alloc(&r->arena, x->cpu_mask.len);

		if (!mask)
			return fail_errno(r->ctx.err, -ENOMEM, "thread %u: its CPU mask", th->tid);
		memcpy(mask, x->cpu_mask.data, x->cpu_mask.len);
		th->cpu_mask = (uintptr_t)mask;
		th->cpu_mask_len = x->cpu_mask.len;
	}
	return 0;
}

static int sched_restore(struct restore *r, struct restore_task *task, const CoreEntry *core,
			 const CrctlThreadEntry *extra, struct stub_thread *thread)
{
	const ThreadCoreEntry *e = core->thread_core;

	if (e->has_sched_policy || e->has_sched_nice) {
		thread->has_sched = 1;
		thread->sched_policy = e->sched_policy;
		thread->sched_prio = e->sched_prio;
		thread->sched_nice = e->sched_nice;
	}
	return extra ? sched_restore_extra(r, extra, thread) : 0;
}

const struct task_kind sched_kind = {
	.name = "scheduling",
	.restore = sched_restore,
};
