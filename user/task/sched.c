// SPDX-License-Identifier: GPL-2.0
/*
 * How a thread is scheduled: policy, nice value, priority, deadline parameters,
 * CPU affinity, I/O priority, timer slack. The image format has room for the
 * first three; the rest goes into crctl's own image.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kapi/ask.h"
#include "stub/dump.h"
#include "task/task.h"

/* ---- dump ---- */

#define DEFAULT_SLACK_NS 50000

static int affinity_dump(const struct dump_thread *thread, CrctlThreadEntry *extra)
{
	int ret = ask_cpus(thread->told, thread->tid, &extra->cpu_mask.data, &extra->cpu_mask.len);

	extra->has_cpu_mask = !ret;
	return ret;
}

static void attr_dump(const struct sys_sched_attr *attr, ThreadCoreEntry *tc,
		      CrctlThreadEntry *extra)
{
	tc->has_sched_nice = tc->has_sched_policy = true;
	tc->sched_nice = attr->nice;
	tc->sched_policy = attr->policy;
	/* as sched_getscheduler(2) tells it, which is what others expect */
	if (attr->flags & SCHED_FLAG_RESET_ON_FORK)
		tc->sched_policy |= SCHED_RESET_ON_FORK;
	if (attr->priority) {
		tc->has_sched_prio = true;
		tc->sched_prio = attr->priority;
	}
	extra->has_sched_flags = attr->flags != 0;
	extra->sched_flags = (uint32_t)attr->flags;
	if (attr->period) {
		extra->has_sched_runtime = extra->has_sched_deadline = true;
		extra->has_sched_period = true;
		extra->sched_runtime = attr->runtime;
		extra->sched_deadline = attr->deadline;
		extra->sched_period = attr->period;
	}
}

static int sched_dump(struct dump *d, struct dump_task *task, struct dump_thread *thread,
		      CoreEntry *core, CrctlThreadEntry *extra)
{
	struct sys_sched_attr attr = { 0 };
	int ret = ask_sched(thread->told, thread->tid, &attr);

	if (!ret) {
		attr_dump(&attr, core->thread_core, extra);
		ret = affinity_dump(thread, extra);
	}
	extra->timer_slack_ns = thread->facts->timer_slack_ns;
	extra->has_timer_slack_ns =
		extra->timer_slack_ns && extra->timer_slack_ns != DEFAULT_SLACK_NS;
	extra->ioprio = ask_ioprio(thread->told, thread->tid);
	/* Before Linux 5.15 ioprio_get tells a level of no class, which ioprio_set refuses. */
	extra->has_ioprio = IOPRIO_PRIO_CLASS(extra->ioprio) != IOPRIO_CLASS_NONE;
	return ret ? fail_errno(d->ctx.err, ret, "pid %d thread %d: scheduling cannot be read",
				task->pid, thread->tid) : 0;
}

/* ---- restore ---- */

/* Threads start with this process's mask: setting it again would cost a migration. */
static bool sched_mask_is_ours(const CrctlThreadEntry *x)
{
	unsigned char mask[8192];
	long len = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);

	return len == (long)x->cpu_mask.len && !memcmp(mask, x->cpu_mask.data, x->cpu_mask.len);
}

static int sched_restore_extra(struct restore *r, const CrctlThreadEntry *x, struct stub_thread *th)
{
	if (x->has_ioprio) {
		th->has_ioprio = 1;
		th->ioprio = x->ioprio;
	}
	if (x->has_timer_slack_ns)
		th->timer_slack = x->timer_slack_ns;
	if (x->has_sched_flags)
		th->sched_flags |= x->sched_flags;
	th->sched_runtime = x->sched_runtime;
	th->sched_deadline = x->sched_deadline;
	th->sched_period = x->sched_period;
	if (x->has_cpu_mask && x->cpu_mask.len && !sched_mask_is_ours(x)) {
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
		thread->sched_policy = e->sched_policy & ~SCHED_RESET_ON_FORK;
		if (e->sched_policy & SCHED_RESET_ON_FORK)
			thread->sched_flags |= SCHED_FLAG_RESET_ON_FORK;
		thread->sched_prio = e->sched_prio;
		thread->sched_nice = e->sched_nice;
	}
	return extra ? sched_restore_extra(r, extra, thread) : 0;
}

const struct task_kind sched_kind = {
	.name = "scheduling",
	.dump = sched_dump,
	.restore = sched_restore,
};
