// SPDX-License-Identifier: GPL-2.0
/*
 * Signal masks, alternate stacks, and pending signals with all that came with
 * them, of the process and of each thread (PTRACE_PEEKSIGINFO).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/siginfo.pb-c.h"
#include "kapi/proc.h"
#include "kapi/ptrace.h"
#include "stub/dump.h"
#include "task/task.h"

/* ---- dump ---- */

static int queue_fill(const struct ptrace_sigqueue *queue, SignalQueueEntry *e)
{
	e->signals = calloc(queue->nr + 1, sizeof(*e->signals));
	if (!e->signals)
		return -ENOMEM;
	for (size_t i = 0; i < queue->nr; i++) {
		SiginfoEntry *s = message_new(SiginfoEntry, siginfo_entry__init);

		if (!s)
			return -ENOMEM;
		e->signals[e->n_signals++] = s;
		s->siginfo.data = malloc(sizeof(siginfo_t));
		if (!s->siginfo.data)
			return -ENOMEM;
		memcpy(s->siginfo.data, &queue->items[i], sizeof(siginfo_t));
		s->siginfo.len = sizeof(siginfo_t);
	}
	return 0;
}

static int pending_dump(struct dump *d, pid_t tid, bool shared, bool ask,
			SignalQueueEntry **ret_entry)
{
	struct ptrace_sigqueue queue = { 0 };
	SignalQueueEntry *e = message_new(SignalQueueEntry, signal_queue_entry__init);
	int ret;

	if (!e)
		return -ENOMEM;
	*ret_entry = e;
	if (!ask)
		return 0;
	ret = ptrace_get_pending(tid, shared, &queue);
	if (ret)
		ret = fail_errno(d->ctx.err, ret, "thread %d: its pending signals cannot be read",
				 tid);
	if (!ret && queue.nr)
		ret = queue_fill(&queue, e);
	array_free(&queue);
	return ret;
}

static int altstack_dump(const struct stub_thread_facts *facts, ThreadCoreEntry *tc)
{
	ThreadSasEntry *sas = message_new(ThreadSasEntry, thread_sas_entry__init);

	if (!sas)
		return -ENOMEM;
	tc->sas = sas;
	sas->ss_sp = facts->sas_sp;
	sas->ss_size = facts->sas_size;
	sas->ss_flags = (uint32_t)facts->sas_flags;
	return 0;
}

static int signal_dump(struct dump *d, struct dump_task *task, struct dump_thread *thread,
		       CoreEntry *core, CrctlThreadEntry *extra)
{
	/* timers of a task that stands still go on: what status said may be old */
	bool ask = thread->status->sig_pending || task->facts->nr_timers;
	int ret = altstack_dump(thread->facts, core->thread_core);

	if (ret)
		return ret;
	if (thread_is_leader(task, thread)) {
		core->tc->blk_sigset = thread->sigmask;
		ret = pending_dump(d, task->live_tid, true, true, &core->tc->signals_s);
	} else {
		core->thread_core->has_blk_sigset = true;
		core->thread_core->blk_sigset = thread->sigmask;
	}
	if (thread->ended)
		return ret;
	return ret ? ret : pending_dump(d, thread->tid, false, ask, &core->thread_core->signals_p);
}

/* ---- restore ---- */

/* The timer sends this one again: timers.c. */
static bool signal_is_timers(const TaskTimersEntry *timers, const ProtobufCBinaryData *siginfo)
{
	int64_t id = signal_timer_id(siginfo);

	for (size_t i = 0; id >= 0 && timers && i < timers->n_posix; i++) {
		const PosixTimerEntry *p = timers->posix[i];

		if (p->it_id == id && (p->isec || p->insec))
			return true;
	}
	return false;
}

static int signal_copy(struct restore *r, const struct restore_task *task,
		       const SignalQueueEntry *q, uint32_t tid, uint64_t *ret_infos,
		       uint64_t *ret_nr)
{
	size_t nr = 0;
	char *infos;

	if (!q || !q->n_signals)
		return 0;
	infos = arena_alloc(&r->arena, q->n_signals * STUB_SIGINFO_LEN);
	if (!infos)
		return fail_errno(r->ctx.err, -ENOMEM, "thread %u: its pending signals", tid);
	for (size_t i = 0; i < q->n_signals; i++) {
		const ProtobufCBinaryData *b = &q->signals[i]->siginfo;
		int signo;

		if (b->len < sizeof(int) || b->len > STUB_SIGINFO_LEN)
			return fail(r->ctx.err, -EINVAL,
				    "core-%u.img: a pending signal has %zu bytes", tid, b->len);
		memcpy(&signo, b->data, sizeof(signo));
		if (signo < 1 || signo > STUB_NR_SIGNALS)
			return fail(r->ctx.err, -EINVAL, "core-%u.img: signal %d is pending", tid,
				    signo);
		if (!signal_is_timers(task->cores[0]->tc->timers, b))
			memcpy(infos + nr++ * STUB_SIGINFO_LEN, b->data, b->len);
	}
	*ret_infos = (uintptr_t)infos;
	*ret_nr = nr;
	return 0;
}

static int signal_restore(struct restore *r, struct restore_task *task, const CoreEntry *core,
			  const CrctlThreadEntry *extra, struct stub_thread *thread)
{
	struct stub_task *t = stub_task_of(thread);
	int ret = signal_copy(r, task, core->thread_core->signals_p, thread->tid, &thread->siginfos,
			      &thread->nr_siginfos);

	if (!ret && core->tc)
		ret = signal_copy(r, task, core->tc->signals_s, thread->tid, &t->siginfos,
				  &t->nr_siginfos);
	return ret;
}

const struct task_kind signal_kind = {
	.name = "pending signals",
	.dump = signal_dump,
	.restore = signal_restore,
};
