// SPDX-License-Identifier: GPL-2.0
/*
 * Puts a task's areas at their addresses while the engine still runs in the same
 * address space. What collides with the engine's own memory is made elsewhere and
 * moved by the stub once that is gone.
 */
#include "mm/place.h"

#include <linux/mman.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/crctl.pb-c.h"
#include "mm/pages.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA	     0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif
#define WINDOW_LEN (1UL << 30) /* larger areas without write access are not opened as a whole */

static bool vma_has_pages(const struct restore_task *t, const struct restore_vma *v)
{
	size_t lo = 0, hi = t->pages.runs.nr;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct page_run *run = &t->pages.runs.items[mid];

		if (run->start + run->nr_pages * PAGE_LEN <= v->start)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < t->pages.runs.nr && t->pages.runs.items[lo].start < v->end;
}

static bool ranges_overlap(const struct restore_task *t, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < t->nr_vmas; i++) {
		if (t->vmas[i].start < end && t->vmas[i].end > start)
			return true;
	}
	return false;
}

static int place_failed(struct restore *r, const struct restore_vma *v, int ret)
{
	if (r->ctx.err->ret)
		return ret;
	return fail_errno(r->ctx.err, ret, "pid %u: mapping %lu bytes (%s) at %#lx", r->self->pid,
			  v->end - v->start, v->kind->name, v->start);
}

/* Somewhere that no area of the task will need. */
static int place_elsewhere(struct restore *r, struct restore_task *t, struct restore_vma *v,
			   int prot)
{
	uint64_t len = v->end - v->start, hint = 0, at;
	int ret;

	for (int i = 0; i < 4096; i++) {
		ret = v->kind->restore(r, v, hint, prot, &at);
		if (ret && ret != -EEXIST)
			return ret;
		if (!ret && !ranges_overlap(t, at, at + len)) {
			v->at = at;
			return 0;
		}
		if (!ret)
			munmap((void *)(uintptr_t)at, len);
		hint = (hint ? hint : 0x10000000000UL) +
		       (len + 0xffffffUL) / 0x1000000UL * 0x1000000UL;
	}
	return -ENOMEM;
}

static int place_one(struct restore *r, struct restore_task *t, struct restore_vma *v,
		     bool collided)
{
	int prot = (int)v->entry->prot, ret;

	v->writable = prot & PROT_WRITE;
	if (v->kind->has_pages && !v->writable && v->end - v->start < WINDOW_LEN &&
	    vma_has_pages(t, v)) {
		prot |= PROT_WRITE;
		v->writable = true;
	}
	if (collided)
		ret = place_elsewhere(r, t, v, prot);
	else
		ret = v->kind->restore(r, v, v->start, prot, &v->at);
	if (ret == -EEXIST && !collided)
		return 0; /* in the second round */
	if (ret)
		return place_failed(r, v, ret);
	/* before it is filled: nothing that is touched in it or beside it is to be huge */
	if (v->entry->has_madv && v->entry->madv >> MADV_NOHUGEPAGE & 1)
		(void)madvise((void *)(uintptr_t)v->at, v->end - v->start, MADV_NOHUGEPAGE);
	return 0;
}

/* First all that fit where they belong, then the others in what is left. */
static int place_all(struct restore *r, struct restore_task *t, bool inherit)
{
	int ret = 0;

	for (int round = 0; !ret && round < 2; round++) {
		for (size_t i = 0; !ret && i < t->nr_vmas; i++) {
			struct restore_vma *v = &t->vmas[i];

			if (!v->at && v->kind->restore && (!inherit || v->inherit))
				ret = place_one(r, t, v, round);
		}
	}
	if (r->map_fd >= 0) {
		close(r->map_fd);
		r->map_fd = -1;
	}
	return ret;
}

/* What the creator placed for its children: take what is ours, drop the rest. */
static void place_inherit(struct restore_task *t)
{
	struct restore_task *c = t->creator;
	size_t j = 0;

	while (c && (c->helper || c->dead))
		c = c->creator;
	if (!c)
		return;
	for (size_t i = 0; i < c->nr_vmas; i++) {
		struct restore_vma *v = &c->vmas[i];

		if (!v->at)
			continue;
		while (j < t->nr_vmas && t->vmas[j].start < v->start)
			j++;
		if (j < t->nr_vmas && t->vmas[j].start == v->start && t->vmas[j].inherited) {
			t->vmas[j].at = v->at;
			t->vmas[j].writable = v->writable;
		} else {
			munmap((void *)(uintptr_t)v->at, v->end - v->start);
		}
	}
}

static int place_make_shmem(struct restore *r, struct restore_task *t)
{
	array_for_each(&r->shmems, s) {
		int ret;

		if (s->owner != t)
			continue;
		ret = restore_shmem_make(r, s);
		if (ret)
			return ret;
	}
	return 0;
}

int mm_place_shared(struct restore *r, struct restore_task *t)
{
	int ret = place_make_shmem(r, t);

	/* before anything is filled, as above; whoever made this task may have it otherwise */
	(void)prctl(PR_SET_THP_DISABLE, t->mm && t->mm->has_thp_disabled && t->mm->thp_disabled, 0,
		    0, 0);
	place_inherit(t);
	if (!ret)
		ret = pages_fill_inherited(r, t);
	if (!ret)
		ret = place_all(r, t, true);
	if (!ret)
		ret = pages_fill(r, t, true);
	return ret;
}

static void vma_advise(const struct restore_vma *v)
{
	for (int advice = 1; v->entry->has_madv && advice < 64; advice++) {
		if (v->entry->madv >> advice & 1)
			(void)madvise((void *)(uintptr_t)v->at, v->end - v->start, advice);
	}
}

static int vma_finish(struct restore *r, const struct restore_vma *v)
{
	void *at = (void *)(uintptr_t)v->at;
	uint64_t len = v->end - v->start;

	if (v->kind->finish) {
		int ret = v->kind->finish(r, v);

		if (ret)
			return ret;
	}
	if (v->writable && !(v->entry->prot & PROT_WRITE) && mprotect(at, len, (int)v->entry->prot))
		return place_failed(r, v, -errno);
	vma_advise(v);
	if (v->entry->flags & MAP_LOCKED && mlock(at, len))
		return fail_errno(r->ctx.err, -errno, "pid %u: locking %lu bytes at %#lx in memory",
				  r->self->pid, len, v->start);
	return 0;
}

/* Where @addr is for now, and at most how many bytes of *len from there; 0: nowhere. */
static uint64_t address_now(const struct restore_task *t, uint64_t addr, uint64_t *len)
{
	const struct restore_vma *v = restore_vma_at(t, addr);

	if (!v || !v->at)
		return 0;
	if (*len > v->end - addr)
		*len = v->end - addr;
	return v->at + (addr - v->start);
}

static int guard_install(struct restore *r, const struct restore_task *t, uint64_t start,
			 uint64_t end)
{
	while (start < end) {
		uint64_t len = end - start, at = address_now(t, start, &len);

		if (!at)
			return fail(r->ctx.err, -EINVAL,
				    "mm-%u.img: guard pages at %#lx lie in no area", t->pid, start);
		if (madvise((void *)(uintptr_t)at, len, MADV_GUARD_INSTALL))
			return fail_errno(r->ctx.err, -errno, "pid %u: guard pages at %#lx",
					  t->pid, start);
		start += len;
	}
	return 0;
}

static int mm_finish_extra(struct restore *r, const struct restore_task *t)
{
	const CrctlTaskEntry *x = t->extra;

	array_for_each(&t->guards, g) {
		if (guard_install(r, t, g->start, g->start + g->nr_pages * PAGE_LEN))
			return r->ctx.err->ret;
	}
	for (size_t i = 0; x && i < x->n_guards; i++) {
		if (guard_install(r, t, x->guards[i]->start, x->guards[i]->end))
			return r->ctx.err->ret;
	}
	for (size_t i = 0; x && i < x->n_names; i++) {
		uint64_t len = x->names[i]->end - x->names[i]->start;
		uint64_t at = address_now(t, x->names[i]->start, &len);

		/* a name is a comment; a kernel without CONFIG_ANON_VMA_NAME shows none */
		if (at)
			(void)prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, at, len, x->names[i]->name);
	}
	for (size_t i = 0; x && i < x->n_locked_on_fault; i++) {
		uint64_t len = x->locked_on_fault[i]->end - x->locked_on_fault[i]->start;
		uint64_t at = address_now(t, x->locked_on_fault[i]->start, &len);

		if (at && syscall(SYS_mlock2, at, len, 1 /* MLOCK_ONFAULT */))
			return fail_errno(r->ctx.err, -errno, "pid %u: locking memory at %#lx",
					  t->pid, x->locked_on_fault[i]->start);
	}
	return 0;
}

int mm_place_rest(struct restore *r, struct restore_task *t)
{
	int ret = place_all(r, t, false);

	if (!ret)
		ret = pages_fill(r, t, false);
	for (size_t i = 0; !ret && i < t->nr_vmas; i++) {
		if (t->vmas[i].at)
			ret = vma_finish(r, &t->vmas[i]);
	}
	if (!ret)
		ret = mm_finish_extra(r, t);
	return ret;
}
