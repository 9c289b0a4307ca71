// SPDX-License-Identifier: GPL-2.0
/*
 * Interval timers and POSIX timers with ids, remaining time and overrun. Which
 * POSIX timers exist is seen in /proc/PID/timers; the times are what the
 * process was asked for.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

#include "image/timer.pb-c.h"
#include "image/siginfo.pb-c.h"
#include "kapi/ask.h"
#include "kapi/ptrace.h"
#include "stub/dump.h"
#include "task/task.h"

/* ---- dump ---- */

static bool queue_has_timer(const SignalQueueEntry *q, uint32_t id)
{
	for (size_t i = 0; q && i < q->n_signals; i++) {
		if (signal_timer_id(&q->signals[i]->siginfo) == (int64_t)id)
			return true;
	}
	return false;
}

static bool queue_has_signal(const SignalQueueEntry *q, int signo)
{
	for (size_t i = 0; q && i < q->n_signals; i++) {
		if (((const siginfo_t *)q->signals[i]->siginfo.data)->si_signo == signo)
			return true;
	}
	return false;
}

/*
 * Whether one may have expired after its time was read: a task that stands still does not
 * stop its timers. Where its signal is in the queue, which was read later, it is to fire once.
 */
static bool time_passed(const struct dump_task *task, uint64_t left_ns)
{
	return left_ns <= ptrace_now_ns() - task->asked_ns;
}

static ItimerEntry *itimer_dump(const struct dump_task *task, const CoreEntry *core, int which)
{
	static const int signals[] = { SIGALRM, SIGVTALRM, SIGPROF };
	ItimerEntry *e = message_new(ItimerEntry, itimer_entry__init);
	const __u64 *t = task->facts->itimers[which];

	if (e && time_passed(task, (t[2] * 1000000 + t[3]) * 1000) &&
	    queue_has_signal(core->tc->signals_s, signals[which])) {
		e->isec = t[0];
		e->iusec = t[1];
	} else if (e) {
		e->isec = t[0];
		e->iusec = t[1];
		e->vsec = t[2];
		e->vusec = t[3];
	}
	return e;
}

static PosixTimerEntry *timer_dump(const struct dump_task *task, const SignalQueueEntry *q,
				   const struct proc_timer *info,
				   const struct stub_fact_timer *value)
{
	PosixTimerEntry *e = message_new(PosixTimerEntry, posix_timer_entry__init);

	if (!e)
		return NULL;
	e->it_id = (uint32_t)info->id;
	e->clock_id = (uint32_t)info->clock;
	e->si_signo = (uint32_t)info->signo;
	e->it_sigev_notify = (uint32_t)info->notify;
	e->sival_ptr = info->sigval;
	e->overrun = value->overrun > 0 ? (uint32_t)value->overrun : 0;
	e->isec = value->isec;
	e->insec = value->insec;
	if (value->isec || value->insec || !queue_has_timer(q, e->it_id) ||
	    !time_passed(task, value->vsec * 1000000000 + value->vnsec)) {
		e->vsec = value->vsec;
		e->vnsec = value->vnsec;
	}
	if (info->notify & 4) {	/* SIGEV_THREAD_ID */
		e->has_notify_thread_id = true;
		e->notify_thread_id = info->tid;
	}
	return e;
}

/* What a signal that is not yet taken counted, which the format has no room for. */
static int overruns_dump(const struct told *told, CrctlTaskEntry *extra)
{
	size_t nr = told ? told->timers.nr : 0;

	extra->timers = calloc(nr + 1, sizeof(*extra->timers));
	if (!extra->timers)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		const struct crctl_timer *from = &told->timers.items[i];
		CrctlTimerEntry *e;

		if (!from->overrun_next)
			continue;
		e = message_new(CrctlTimerEntry, crctl_timer_entry__init);
		if (!e)
			return -ENOMEM;
		e->id = (uint32_t)from->id;
		e->overrun_next = from->overrun_next;
		extra->timers[extra->n_timers++] = e;
	}
	return 0;
}

/* The list is asked for again: nothing can have changed since the ids were taken. */
static int posix_dump(struct dump *d, struct dump_task *task, const SignalQueueEntry *q,
		      TaskTimersEntry *timers)
{
	const struct asked asked = dump_asked(d, task);
	struct timer_array list = { 0 };
	size_t nr = task->facts->nr_timers;
	int ret = nr ? ask_timers(&asked, &list) : 0;

	if (!ret && list.nr != nr)
		ret = -ESTALE;
	if (!ret && nr) {
		timers->posix = calloc(nr, sizeof(*timers->posix));
		ret = timers->posix ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < nr && !ret; i++) {
		PosixTimerEntry *e = timer_dump(task, q, &list.items[i],
						&task->facts->timers[i]);

		if (e)
			timers->posix[timers->n_posix++] = e;
		else
			ret = -ENOMEM;
	}
	array_free(&list);
	if (!ret)
		ret = overruns_dump(task->told, task->extra);
	return ret ? fail_errno(d->ctx.err, ret, "pid %d: its POSIX timers cannot be read",
				task->pid)
		   : 0;
}

static int timers_dump(struct dump *d, struct dump_task *task, struct dump_thread *thread,
		       CoreEntry *core, CrctlThreadEntry *extra)
{
	TaskTimersEntry *timers;

	if (!thread_is_leader(task, thread))
		return 0;
	timers = message_new(TaskTimersEntry, task_timers_entry__init);
	if (!timers)
		return -ENOMEM;
	core->tc->timers = timers;
	timers->real = itimer_dump(task, core, ITIMER_REAL);
	timers->virt = itimer_dump(task, core, ITIMER_VIRTUAL);
	timers->prof = itimer_dump(task, core, ITIMER_PROF);
	if (!timers->real || !timers->virt || !timers->prof)
		return -ENOMEM;
	return posix_dump(d, task, core->tc->signals_s, timers);
}

/* ---- restore ---- */

/*
 * A periodic timer whose signal is pending has no time left: the kernel starts it
 * again when the signal is taken (dequeue_signal), but setitimer(2) with no time
 * would forget the period, so it gets a whole one.
 */
static void itimer_restore(const ItimerEntry *e, uint64_t out[4])
{
	bool waits = !e->vsec && !e->vusec;

	out[0] = e->isec;
	out[1] = e->iusec;
	out[2] = waits ? e->isec : e->vsec;
	out[3] = waits ? e->iusec : e->vusec;
}

/* Whether the timer's signal is pending; that of a periodic one signal.c leaves to the timer. */
static bool posix_fired(const struct restore_task *task, const PosixTimerEntry *p)
{
	for (size_t i = 0; i < task->nr_threads; i++) {
		const ThreadCoreEntry *th = task->cores[i]->thread_core;

		if (queue_has_timer(th->signals_p, p->it_id))
			return true;
	}
	return queue_has_timer(task->cores[0]->tc->signals_s, p->it_id);
}

/* Both lists have the order of the ids; *at is the place in that of the extra image. */
static uint32_t overrun_next(const CrctlTaskEntry *extra, uint32_t id, size_t *at)
{
	for (size_t i = *at; extra && i < extra->n_timers; i++) {
		if (extra->timers[i]->id != id)
			continue;
		*at = i + 1;
		return extra->timers[i]->overrun_next < INT32_MAX ?
		       (uint32_t)extra->timers[i]->overrun_next : INT32_MAX;
	}
	return 0;
}

static int timer_compare(const void *a, const void *b)
{
	const struct stub_timer *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int posix_restore(struct restore *r, const struct restore_task *task,
			 const TaskTimersEntry *e, struct stub_thread *thread)
{
	const CrctlTaskEntry *extra = task->extra;
	struct stub_timer *out = arena_alloc(&r->arena, e->n_posix * sizeof(*out));
	size_t next = 0;

	if (!out)
		return fail_errno(r->ctx.err, -ENOMEM, "pid %u: its timers", thread->tid);
	for (size_t i = 0; i < e->n_posix; i++) {
		const PosixTimerEntry *p = e->posix[i];
		bool fired = posix_fired(task, p), once = !p->isec && !p->insec;

		if (p->it_id > INT32_MAX || p->insec > 999999999 || p->vnsec > 999999999)
			return fail(r->ctx.err, -EINVAL,
				    "core-%u.img: POSIX timer %u is impossible", thread->tid,
				    p->it_id);
		out[i] = (struct stub_timer){
			.id = p->it_id,
			.clock = p->clock_id,
			.signo = p->si_signo,
			.notify = p->it_sigev_notify,
			.notify_tid = p->has_notify_thread_id ? (uint32_t)p->notify_thread_id : 0,
			.overrun = overrun_next(extra, p->it_id, &next),
			.fired = fired && !once,
			.value = p->sival_ptr,
			.isec = p->isec,
			.insec = p->insec,
			/* one that expired between the two looks has time left and a signal */
			.vsec = fired && once ? 0 : p->vsec,
			.vnsec = fired && once ? 0 : p->vnsec,
		};
	}
	/* Where the kernel only counts ids up (before 6.16), and the list began with the last. */
	qsort(out, e->n_posix, sizeof(*out), timer_compare);
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
	return e->n_posix ? posix_restore(r, task, e, thread) : 0;
}

const struct task_kind timers_kind = {
	.name = "timers",
	.dump = timers_dump,
	.restore = timers_restore,
};
