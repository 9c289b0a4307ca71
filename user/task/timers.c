// SPDX-License-Identifier: GPL-2.0
/*
 * Interval timers and POSIX timers. Values are what was left when the task was
 * frozen: they go on from there.
 */
#include <signal.h>

#include "image/timer.pb-c.h"
#include "task/task.h"

static void itimer_restore(const ItimerEntry *e, uint64_t out[4])
{
	out[0] = e->isec;
	out[1] = e->iusec;
	out[2] = e->vsec;
	out[3] = e->vusec;
}

static int posix_restore(struct restore *r, const TaskTimersEntry *e, struct stub_thread *thread)
{
	struct stub_timer *out = arena_alloc(&r->arena, e->n_posix * sizeof(*out));

	if (!out)
		return fail_errno(r->ctx.err, -ENOMEM, "pid %u: its timers", thread->tid);
	for (size_t i = 0; i < e->n_posix; i++) {
		const PosixTimerEntry *p = e->posix[i];

		if (p->it_id > INT32_MAX || p->insec > 999999999 || p->vnsec > 999999999)
			return fail(r->ctx.err, -EINVAL, "core-%u.img: POSIX timer %u is impossible",
				    thread->tid, p->it_id);
		out[i] = (struct stub_timer){
			.id = p->it_id,
			.clock = p->clock_id,
			.signo = p->si_signo,
			.notify = p->it_sigev_notify,
			.notify_tid = p->has_notify_thread_id ? (uint32_t)p->notify_thread_id : 0,
			.overrun = p->overrun,
			.value = p->sival_ptr,
			.isec = p->isec,
			.insec = p->insec,
			.vsec = p->vsec,
			.vnsec = p->vnsec,
		};
	}
	stub_task_of(thread)->timers = (uintptr_t)out;
	stub_task_of(thread)->nr_timers = e->n_posix;
	return 0;
}

static int timers_restore(struct restore *r, struct restore_task *task, const CoreEntry *core,
			  const CrctlThreadEntry *extra, struct stub_thread *thread)
{
	const TaskTimersEntry *e = core->tc ? core->tc->timers : NULL;
	struct stub_task *t = stub_task_of(thread);

	if (!e)
		return 0;
	t->has_itimers = 1;
	itimer_restore(e->real, t->itimers[0]);
	itimer_restore(e->virt, t->itimers[1]);
	itimer_restore(e->prof, t->itimers[2]);
	return e->n_posix ? posix_restore(r, e, thread) : 0;
}

const struct task_kind timers_kind = {
	.name = "timers",
	.restore = timers_restore,
};
