// SPDX-License-Identifier: GPL-2.0
/*
 * Credentials of each thread: uids, gids, groups, the five capability sets,
 * securebits, no_new_privs. From /proc/PID/task/TID/status; securebits only the
 * thread itself can tell.
 */
#include <string.h>

#include "image/creds.pb-c.h"
#include "task/task.h"

static void caps_copy(const uint32_t *from, size_t nr, uint32_t to[2])
{
	to[0] = nr > 0 ? from[0] : 0;
	to[1] = nr > 1 ? from[1] : 0;
}

static int creds_restore(struct restore *r, struct restore_task *task, const CoreEntry *core,
			 const CrctlThreadEntry *extra, struct stub_thread *thread)
{
	const CredsEntry *e = core->thread_core->creds;
	struct stub_creds *c = &thread->creds;

	if (!e)
		return 0;
	*c = (struct stub_creds){
		.present = 1,
		.uid = e->uid, .euid = e->euid, .suid = e->suid, .fsuid = e->fsuid,
		.gid = e->gid, .egid = e->egid, .sgid = e->sgid, .fsgid = e->fsgid,
		.securebits = e->secbits,
		.no_new_privs = e->has_no_new_privs && e->no_new_privs,
		.nr_groups = (uint32_t)e->n_groups,
	};
	caps_copy(e->cap_inh, e->n_cap_inh, c->cap_inh);
	caps_copy(e->cap_prm, e->n_cap_prm, c->cap_prm);
	caps_copy(e->cap_eff, e->n_cap_eff, c->cap_eff);
	caps_copy(e->cap_bnd, e->n_cap_bnd, c->cap_bnd);
	caps_copy(e->cap_amb, e->n_cap_amb, c->cap_amb);
	if (e->n_groups > 65536)
		return fail(r->ctx.err, -EINVAL, "core-%u.img: %zu groups", thread->tid, e->n_groups);
	if (e->n_groups) {
		uint32_t *groups = arena_alloc(&r->arena, e->n_groups * sizeof(*groups));

		if (!groups)
			return fail_errno(r->ctx.err, -ENOMEM, "thread %u: its groups", thread->tid);
		memcpy(groups, e->groups, e->n_groups * sizeof(*groups));
		c->groups = (uintptr_t)groups;
	}
	return 0;
}

const struct task_kind creds_kind = {
	.name = "credentials",
	.restore = creds_restore,
};
