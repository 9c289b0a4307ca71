// SPDX-License-Identifier: GPL-2.0
/*
 * Restartable sequences: where the thread registered its area
 * (PTRACE_GET_RSEQ_CONFIGURATION, Linux 5.13). A thread that was stopped inside a
 * critical section already stands at its abort handler: see engine/collect.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "image/rseq.pb-c.h"
#include "task/task.h"

/* ---- dump ---- */

static int rseq_dump(struct dump *d, struct dump_task *task, struct dump_thread *thread,
		     CoreEntry *core, CrctlThreadEntry *extra)
{
	RseqEntry *e;

	if (!thread->rseq)
		return 0;
	e = message_new(RseqEntry, rseq_entry__init);
	if (!e)
		return -ENOMEM;
	core->thread_core->rseq_entry = e;
	e->rseq_abi_pointer = thread->rseq;
	e->rseq_abi_size = thread->rseq_len;
	e->signature = thread->rseq_signature;
	return 0;
}

/* ---- restore ---- */

static int rseq_restore(struct restore *r, struct restore_task *task, const CoreEntry *core,
			const CrctlThreadEntry *extra, struct stub_thread *thread)
{
	const RseqEntry *e = core->thread_core->rseq_entry;

	if (e && e->rseq_abi_pointer) {
		thread->rseq = e->rseq_abi_pointer;
		thread->rseq_len = e->rseq_abi_size;
		thread->rseq_sig = e->signature;
	}
	return 0;
}

const struct task_kind rseq_kind = {
	.name = "rseq",
	.dump = rseq_dump,
	.restore = rseq_restore,
};
