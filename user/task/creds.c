// SPDX-License-Identifier: GPL-2.0
/*
 * Credentials of a thread: user and group ids, supplementary groups, the five
 * capability sets, securebits, no_new_privs. Seen in /proc/PID/task/TID/status;
 * only securebits have to be asked for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/creds.pb-c.h"
#include "kapi/proc.h"
#include "stub/dump.h"
#include "task/task.h"

/* ---- dump ---- */

static int caps_dump(uint64_t caps, uint32_t **ret_words, size_t *ret_nr)
{
	*ret_words = malloc(8);
	if (!*ret_words)
		return -ENOMEM;
	(*ret_words)[0] = (uint32_t)caps;
	(*ret_words)[1] = (uint32_t)(caps >> 32);
	*ret_nr = 2;
	return 0;
}

static int all_caps_dump(const struct proc_status *st, CredsEntry *e)
{
	int ret = caps_dump(st->cap_inh, &e->cap_inh, &e->n_cap_inh);

	if (!ret)
		ret = caps_dump(st->cap_prm, &e->cap_prm, &e->n_cap_prm);
	if (!ret)
		ret = caps_dump(st->cap_eff, &e->cap_eff, &e->n_cap_eff);
	if (!ret)
		ret = caps_dump(st->cap_bnd, &e->cap_bnd, &e->n_cap_bnd);
	if (!ret)
		ret = caps_dump(st->cap_amb, &e->cap_amb, &e->n_cap_amb);
	return ret;
}

static int groups_dump(const struct proc_status *st, CredsEntry *e)
{
	if (!st->nr_groups)
		return 0;
	e->groups = malloc(st->nr_groups * sizeof(*e->groups));
	if (!e->groups)
		return -ENOMEM;
	memcpy(e->groups, st->groups, st->nr_groups * sizeof(*e->groups));
	e->n_groups = st->nr_groups;
	return 0;
}

static int creds_dump(struct dump *d, struct dump_task *task, struct dump_thread *thread,
		      CoreEntry *core, CrctlThreadEntry *extra)
{
	const struct proc_status *st = thread->status;
	CredsEntry *e = message_new(CredsEntry, creds_entry__init);
	int ret;

	if (!e)
		return -ENOMEM;
	core->thread_core->creds = e;
	e->uid = st->uid[0];
	e->euid = st->uid[1];
	e->suid = st->uid[2];
	e->fsuid = st->uid[3];
	e->gid = st->gid[0];
	e->egid = st->gid[1];
	e->sgid = st->gid[2];
	e->fsgid = st->gid[3];
	e->secbits = (uint32_t)thread->facts->securebits;
	e->has_no_new_privs = st->no_new_privs != 0;
	e->no_new_privs = st->no_new_privs;
	ret = all_caps_dump(st, e);
	return ret ? ret : groups_dump(st, e);
}

/* ---- restore ---- */

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
		return fail(r->ctx.err, -EINVAL, "core-%u.img: %zu groups", thread->tid,
			    e->n_groups);
	if (e->n_groups) {
		uint32_t *groups = arena_alloc(&r->arena, e->n_groups * sizeof(*groups));

		if (!groups)
			return fail_errno(r->ctx.err, -ENOMEM, "thread %u: its groups",
					  thread->tid);
		memcpy(groups, e->groups, e->n_groups * sizeof(*groups));
		c->groups = (uintptr_t)groups;
	}
	return 0;
}

const struct task_kind creds_kind = {
	.name = "credentials",
	.dump = creds_dump,
	.restore = creds_restore,
};
