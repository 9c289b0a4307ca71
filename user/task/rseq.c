// SPDX-License-Identifier: GPL-2.0
/*
 * Restartable sequences. The registration is made again by the thread; one that
 * was inside a critical section gets its descriptor pointer back last (resume.c),
 * and the kernel then aborts the section as after any preemption.
 */
#include "image/rseq.pb-c.h"
#include "task/task.h"

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
	.restore = rseq_restore,
};
