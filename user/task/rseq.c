// SPDX-License-Identifier: GPL-2.0
/*
 * Restartable sequences: where the thread registered its area
 * (PTRACE_GET_RSEQ_CONFIGURATION, Linux 5.13), and the critical section that it
 * was stopped in, if any.
 */
#include <errno.h>
#include <linux/rseq.h>
#include <stddef.h>
#include <stdlib.h>

#include "image/rseq.pb-c.h"
#include "kapi/ptrace.h"
#include "kapi/sys.h"
#include "task/task.h"

/* ---- dump ---- */

/* The address of the section that holds @ip, 0: none. */
static uint64_t section_find(pid_t pid, uint64_t area, uint64_t ip)
{
	struct rseq_cs cs;
	uint64_t at;

	if (sys_mem_read(pid, area + offsetof(struct rseq, rseq_cs), &at, sizeof(at)) || !at ||
	    sys_mem_read(pid, at, &cs, sizeof(cs)))
		return 0;
	return ip - cs.start_ip < cs.post_commit_offset ? at : 0;
}

static int rseq_dump(struct dump *d, struct dump_task *task, struct dump_thread *thread,
		     CoreEntry *core, CrctlThreadEntry *extra)
{
	struct ptrace_rseq conf;
	RseqEntry *e;
	int ret = ptrace_get_rseq(thread->tid, &conf);

	if (ret == -EIO || ret == -EINVAL || (!ret && !conf.pointer))
		return 0;	/* an older kernel, or not registered */
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d thread %d: rseq(2) registration",
				  task->pid, thread->tid);
	e = message_new(RseqEntry, rseq_entry__init);
	if (!e)
		return -ENOMEM;
	core->thread_core->rseq_entry = e;
	e->rseq_abi_pointer = conf.pointer;
	e->rseq_abi_size = conf.size;
	e->signature = conf.signature;
	e->rseq_cs_pointer = section_find(task->pid, conf.pointer, thread->regs.rip);
	e->has_rseq_cs_pointer = e->rseq_cs_pointer != 0;
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
