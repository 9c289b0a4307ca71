// SPDX-License-Identifier: GPL-2.0
/*
 * Pending signals with their siginfo, of each thread and of the whole task.
 * Read with PTRACE_PEEKSIGINFO; queued again by the receiver itself, which may
 * give any siginfo (kernel/signal.c, do_rt_sigqueueinfo).
 */
#include <string.h>

#include "image/siginfo.pb-c.h"
#include "task/task.h"

static int signal_copy(struct restore *r, const SignalQueueEntry *q, uint32_t tid, uint64_t *ret_infos,
		       uint64_t *ret_nr)
{
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
			return fail(r->ctx.err, -EINVAL, "core-%u.img: a pending signal has %zu bytes",
				    tid, b->len);
		memcpy(infos + i * STUB_SIGINFO_LEN, b->data, b->len);
		memcpy(&signo, b->data, sizeof(signo));
		if (signo < 1 || signo > STUB_NR_SIGNALS)
			return fail(r->ctx.err, -EINVAL, "core-%u.img: signal %d is pending", tid,
				    signo);
	}
	*ret_infos = (uintptr_t)infos;
	*ret_nr = q->n_signals;
	return 0;
}

static int signal_restore(struct restore *r, struct restore_task *task, const CoreEntry *core,
			  const CrctlThreadEntry *extra, struct stub_thread *thread)
{
	struct stub_task *t = stub_task_of(thread);
	int ret = signal_copy(r, core->thread_core->signals_p, thread->tid, &thread->siginfos,
			      &thread->nr_siginfos);

	if (!ret && core->tc)
		ret = signal_copy(r, core->tc->signals_s, thread->tid, &t->siginfos, &t->nr_siginfos);
	return ret;
}

const struct task_kind signal_kind = {
	.name = "pending signals",
	.restore = signal_restore,
};
