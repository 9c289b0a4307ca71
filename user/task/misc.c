// SPDX-License-Identifier: GPL-2.0
/*
 * Small attributes: name, personality, parent death signal, robust futex list,
 * child subreaper, membarrier registrations.
 */
#include <string.h>
#include <sys/personality.h>

#include "task/task.h"

static int misc_restore_task(struct restore *r, const TaskCoreEntry *tc, struct stub_task *t)
{
	t->child_subreaper = tc->has_child_subreaper && tc->child_subreaper;
	if (tc->has_membarrier_registration_mask)
		t->membarrier = tc->membarrier_registration_mask;
	if ((uint32_t)personality(0xffffffff) != tc->personality && personality(tc->personality) < 0)
		return fail_errno(r->ctx.err, -errno, "pid %u: personality %#x", t->pid,
				  tc->personality);
	return 0;
}

static int misc_restore(struct restore *r, struct restore_task *task, const CoreEntry *core,
			const CrctlThreadEntry *extra, struct stub_thread *thread)
{
	const ThreadCoreEntry *e = core->thread_core;
	const char *comm = e->comm ? e->comm : core->tc ? core->tc->comm : "";

	strncpy(thread->comm, comm, sizeof(thread->comm) - 1);
	thread->robust = e->futex_rla;
	thread->robust_len = e->futex_rla_len;
	if (e->has_pdeath_sig)
		thread->pdeath_sig = e->pdeath_sig;
	if (core->tc)
		return misc_restore_task(r, core->tc, stub_task_of(thread));
	return 0;
}

const struct task_kind misc_kind = {
	.name = "attributes",
	.restore = misc_restore,
};
