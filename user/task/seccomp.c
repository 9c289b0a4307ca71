// SPDX-License-Identifier: GPL-2.0
/*
 * Seccomp mode and filters of a thread. Filters are chains that threads and
 * children share; seccomp.img holds each filter once, with the number of the one
 * installed before it. PTRACE_SECCOMP_GET_FILTER counts from the first installed.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "image/seccomp.pb-c.h"
#include "kapi/proc.h"
#include "kapi/ptrace.h"
#include "lib/cleanup.h"
#include "task/task.h"

/* ---- dump ---- */

struct filter {
	struct sock_filter *insns;
	size_t len;		/* bytes */
	uint64_t flags;
	int prev;		/* index, or -1 */
};
struct seccomp_table { struct filter *items; size_t nr, cap; };

/* Takes over @insns. Equal filters behind an equal chain are one. */
static int filter_intern(struct seccomp_table *t, struct sock_filter *insns, size_t len,
			 uint64_t flags, int prev)
{
	struct filter *f;

	for (size_t i = t->nr; i > 0; i--) {
		f = &t->items[i - 1];
		if (f->prev == prev && f->flags == flags && f->len == len &&
		    !memcmp(f->insns, insns, len)) {
			free(insns);
			return (int)i - 1;
		}
	}
	f = array_add(t);
	if (!f) {
		free(insns);
		return -ENOMEM;
	}
	*f = (struct filter){ insns, len, flags, prev };
	return (int)t->nr - 1;
}

static int filter_read(struct seccomp_table *t, pid_t tid, unsigned int index, int prev)
{
	int nr = ptrace_get_filter(tid, index, NULL, NULL);
	struct sock_filter *insns;
	uint64_t flags;

	if (nr < 0)
		return nr;
	insns = calloc((size_t)nr + 1, sizeof(*insns));
	if (!insns)
		return -ENOMEM;
	nr = ptrace_get_filter(tid, index, insns, &flags);
	if (nr < 0) {
		free(insns);
		return nr;
	}
	return filter_intern(t, insns, (size_t)nr * sizeof(*insns), flags, prev);
}

/* Whether a filter may ask a listener, which no task of the tree has: its descriptor is refused. */
static bool filter_asks(const struct filter *f)
{
	for (size_t i = 0; i < f->len / sizeof(*f->insns); i++)
		if (f->insns[i].code == (BPF_RET | BPF_K) &&
		    (f->insns[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

static int filters_dump(struct dump *d, const struct dump_thread *thread, int *ret_last)
{
	unsigned int nr = thread->status->nr_seccomp_filters;
	int last = -1;

	if (!d->seccomp)
		d->seccomp = calloc(1, sizeof(*d->seccomp));
	if (!d->seccomp)
		return -ENOMEM;
	/* Linux before 5.9 does not say how many there are. */
	for (unsigned int i = 0; nr ? i < nr : last != -ENOENT; i++) {
		int index = filter_read(d->seccomp, thread->tid, i, last);

		if (index == -ENOENT && !nr)
			break;
		if (index < 0)
			return index;
		if (filter_asks(&d->seccomp->items[index])) {
			err_set_exit(d->ctx.err, EXIT_UNSUPPORTED);
			return fail(d->ctx.err, -EOPNOTSUPP,
				    "thread %d: its seccomp filter asks a listener "
				    "(SECCOMP_RET_USER_NOTIF), which cannot be given one again",
				    thread->tid);
		}
		last = index;
	}
	*ret_last = last;
	return 0;
}

static int seccomp_dump(struct dump *d, struct dump_task *task, struct dump_thread *thread,
			CoreEntry *core, CrctlThreadEntry *extra)
{
	ThreadCoreEntry *tc = core->thread_core;
	int last = -1, ret;

	if (!thread->status->seccomp_mode)
		return 0;
	tc->has_seccomp_mode = true;
	tc->seccomp_mode = (SeccompMode)thread->status->seccomp_mode;
	if (thread->status->seccomp_mode != 2)
		return 0;
	ret = filters_dump(d, thread, &last);
	if (ret && d->ctx.err->ret)
		return ret;
	if (ret)
		return fail_errno(d->ctx.err, ret,
				  "pid %d thread %d: its seccomp filters cannot be "
				  "read (this needs CAP_SYS_ADMIN)",
				  task->pid, thread->tid);
	tc->has_seccomp_filter = last >= 0;
	tc->seccomp_filter = last >= 0 ? (uint32_t)last : 0;
	return 0;
}

int seccomp_write(struct dump *d)
{
	size_t nr = d->seccomp ? d->seccomp->nr : 0;
	auto_free SeccompFilter *filters = calloc(nr + 1, sizeof(*filters));
	auto_free SeccompFilter **list = calloc(nr + 1, sizeof(*list));
	SeccompEntry all = SECCOMP_ENTRY__INIT;
	int ret;

	if (!filters || !list)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		const struct filter *f = &d->seccomp->items[i];

		seccomp_filter__init(&filters[i]);
		filters[i].filter.data = (uint8_t *)f->insns;
		filters[i].filter.len = f->len;
		filters[i].has_prev = f->prev >= 0;
		filters[i].prev = f->prev >= 0 ? (uint32_t)f->prev : 0;
		filters[i].has_flags = f->flags != 0;
		filters[i].flags = (uint32_t)f->flags;
		list[i] = &filters[i];
	}
	all.seccomp_filters = list;
	all.n_seccomp_filters = nr;
	ret = image_write_one(d->ctx.images_fd, IMG_SECCOMP, 0, &all.base);
	for (size_t i = 0; i < nr; i++)
		free(d->seccomp->items[i].insns);
	if (d->seccomp)
		array_free(d->seccomp);
	free(d->seccomp);
	d->seccomp = NULL;
	return ret ? fail(d->ctx.err, ret, "%s", image_error()) : 0;
}

/* ---- restore ---- */

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
	out->flags = e->has_flags ?
			     e->flags & (SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW) :
			     0;
	return 0;
}

/* The filters that @last is stacked on, and it: newest first. */
static int seccomp_chain(struct restore *r, uint32_t last, uint32_t tid, uint32_t *chain,
			 uint32_t *ret_nr)
{
	uint32_t nr = 0;

	for (uint32_t i = last;; i = r->seccomp->seccomp_filters[i]->prev) {
		if (!r->seccomp || i >= r->seccomp->n_seccomp_filters || nr == MAX_DEPTH)
			return fail(r->ctx.err, -EINVAL,
				    "core-%u.img: its seccomp filter %u is not in seccomp.img", tid,
				    i);
		chain[nr++] = i;
		if (!r->seccomp->seccomp_filters[i]->has_prev)
			break;
	}
	*ret_nr = nr;
	return 0;
}

/*
 * How many of the leader's oldest filters every thread has. The leader installs
 * them for all: as one object, so that a later SECCOMP_FILTER_FLAG_TSYNC of the
 * program finds a common ancestor (kernel/seccomp.c, is_ancestor).
 */
static int seccomp_common(struct restore *r, const struct restore_task *task, uint32_t *ret_nr)
{
	uint32_t own[MAX_DEPTH], other[MAX_DEPTH], nr = 0, common = 0;
	uint32_t last = task->cores[0]->thread_core->seccomp_filter, seen = last;
	int ret = seccomp_chain(r, last, task->pid, own, &nr);

	common = nr;
	for (size_t i = 1; !ret && common && i < task->nr_threads; i++) {
		const ThreadCoreEntry *e = task->cores[i]->thread_core;
		uint32_t nr_other = 0, same = 0;

		if (!e->has_seccomp_mode || e->seccomp_mode != SECCOMP_MODE__filter) {
			common = 0;
			break;
		}
		if (e->seccomp_filter == seen)
			continue;
		seen = e->seccomp_filter;
		ret = seccomp_chain(r, seen, task->pid, other, &nr_other);
		while (!ret && same < common && same < nr_other &&
		       own[nr - 1 - same] == other[nr_other - 1 - same])
			same++;
		common = same;
	}
	*ret_nr = common;
	return ret;
}

static int seccomp_restore_filters(struct restore *r, struct restore_task *task, uint32_t last,
				   struct stub_thread *th)
{
	uint32_t chain[MAX_DEPTH], nr = 0, skip = stub_task_of(th)->nr_common_filters;
	bool leader = th->tid == task->pid;
	struct stub_filter *out;
	int ret = seccomp_chain(r, last, th->tid, chain, &nr);

	if (!ret && leader && task->nr_threads > 1)
		ret = seccomp_common(r, task, &stub_task_of(th)->nr_common_filters);
	if (ret)
		return ret;
	skip = leader ? 0 : skip;
	out = arena_alloc(&r->arena, nr * sizeof(*out));
	if (!out)
		return fail_errno(r->ctx.err, -ENOMEM, "thread %u: its seccomp filters", th->tid);
	th->filters = (uintptr_t)out;
	th->nr_filters = nr - skip;
	for (uint32_t i = 0; !ret && i < th->nr_filters; i++)
		ret = seccomp_copy(r, r->seccomp->seccomp_filters[chain[nr - 1 - skip - i]],
				   th->tid, &out[i]);
	return ret;
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
	return seccomp_restore_filters(r, task, e->seccomp_filter, thread);
}

const struct task_kind seccomp_kind = {
	.name = "seccomp",
	.dump = seccomp_dump,
	.restore = seccomp_restore,
};
