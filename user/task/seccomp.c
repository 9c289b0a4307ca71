// SPDX-License-Identifier: GPL-2.0
/*
 * Seccomp: strict mode, and filters with those they were stacked on. Read with
 * PTRACE_SECCOMP_GET_FILTER; installed last, while the master keeps them suspended
 * (PTRACE_O_SUSPEND_SECCOMP).
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include "image/seccomp.pb-c.h"
#include "task/task.h"

#define MAX_DEPTH 4096

static int seccomp_copy(struct restore *r, const SeccompFilter *e, uint32_t tid,
			struct stub_filter *out)
{
	void *insns;

	if (!e->filter.len || e->filter.len % sizeof(struct sock_filter) ||
	    e->filter.len > BPF_MAXINSNS * sizeof(struct sock_filter))
		return fail(r->ctx.err, -EINVAL, "seccomp.img: a filter of thread %u has %zu bytes",
			    tid, e->filter.len);
	insns = arena_alloc(&r->arena, e->filter.len);
	if (!insns)
		return fail_errno(r->ctx.err, -ENOMEM, "thread %u: its seccomp filters", tid);
	memcpy(insns, e->filter.data, e->filter.len);
	out->insns = (uintptr_t)insns;
	out->nr_insns = (uint32_t)(e->filter.len / sizeof(struct sock_filter));
	out->flags = e->has_flags ? e->flags : 0;
	return 0;
}

static int seccomp_restore_filters(struct restore *r, uint32_t last, struct stub_thread *th)
{
	uint32_t chain[MAX_DEPTH], nr = 0;
	struct stub_filter *out;

	for (uint32_t i = last;; i = r->seccomp->seccomp_filters[i]->prev) {
		if (!r->seccomp || i >= r->seccomp->n_seccomp_filters || nr == MAX_DEPTH)
			return fail(r->ctx.err, -EINVAL,
				    "core-%u.img: its seccomp filter %u is not in seccomp.img",
				    th->tid, i);
		chain[nr++] = i;
		if (!r->seccomp->seccomp_filters[i]->has_prev)
			break;
	}
	out = arena_alloc(&r->arena, nr * sizeof(*out));
	if (!out)
		return fail_errno(r->ctx.err, -ENOMEM, "thread %u: its seccomp filters", th->tid);
	th->filters = (uintptr_t)out;
	th->nr_filters = nr;
	for (uint32_t i = 0; i < nr; i++) {
		int ret = seccomp_copy(r, r->seccomp->seccomp_filters[chain[nr - 1 - i]], th->tid,
				       &out[i]);

		if (ret)
			return ret;
	}
	return 0;
}

static int seccomp_restore(struct restore *r, struct restore_task *task, const CoreEntry *core,
			   const CrctlThreadEntry *extra, struct stub_thread *thread)
{
	const ThreadCoreEntry *e = core->thread_core;

	if (!e->has_seccomp_mode || e->seccomp_mode == SECCOMP_MODE__disabled)
		return 0;
	thread->seccomp_mode = (uint32_t)e->seccomp_mode;
	if (e->seccomp_mode != SECCOMP_MODE__filter)
		return 0;
	return seccomp_restore_filters(r, e->seccomp_filter, thread);
}

const struct task_kind seccomp_kind = {
	.name = "seccomp",
	.restore = seccomp_restore,
};
