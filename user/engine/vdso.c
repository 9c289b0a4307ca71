// SPDX-License-Identifier: GPL-2.0
/*
 * The vdso of a restored task. Where it has the functions of this kernel's at the
 * same places, this kernel's is moved to where the task knew it. Where not, the old
 * pages stay at the old place as plain memory, this kernel's goes to a free one,
 * and each old function jumps to the new one or makes the system call.
 */
#include <string.h>
#include <sys/mman.h>

#include "engine/restore_internal.h"
#include "image/vma.pb-c.h"
#include "lib/cleanup.h"
#include "mm/mm.h"
#include "mm/pages.h"
#include "mm/vdso.h"
#include "stub/restore_args.h"

static void move_add(struct stub_task *st, struct stub_move *moves, uint64_t from, uint64_t to,
		     uint64_t len)
{
	moves[st->nr_moves++] = (struct stub_move){ from, to, len };
}

/* A system call instruction in this kernel's vdso, once that is at @at. */
static uint64_t vdso_syscall_ip(const struct restore *r, uint64_t at)
{
	const char *code = (const char *)(uintptr_t)r->vdso.start;
	uint64_t len = r->vdso.end - r->vdso.start;

	for (uint64_t o = 0; o + 1 < len; o++) {
		if (code[o] == 0x0f && code[o + 1] == 0x05)
			return at + o;
	}
	return 0;
}

/* The vdso and the data pages before it, as one. */
static uint64_t vdso_start(const struct restore *r)
{
	return r->nr_vvars && r->vvar[0].start < r->vdso.start ? r->vvar[0].start : r->vdso.start;
}

/* They keep their distances: the code finds its data by them. */
static void vdso_move(struct restore *r, struct restore_task *t, struct stub_task *st,
		      struct stub_move *moves, uint64_t to)
{
	uint64_t base = vdso_start(r), at = to + (r->vdso.start - base);

	for (size_t i = 0; i < r->nr_vvars; i++)
		move_add(st, moves, r->vvar[i].start, to + (r->vvar[i].start - base),
			 r->vvar[i].end - r->vvar[i].start);
	move_add(st, moves, r->vdso.start, at, r->vdso.end - r->vdso.start);
	r->shared->tasks[t->index].syscall_ip = vdso_syscall_ip(r, at);
}

/* Whether this kernel's, with its data pages, fits where the task had both. */
static bool vdso_fits(const struct restore *r, const struct restore_vma *code,
		      const struct restore_vma *data)
{
	uint64_t before = r->vdso.start - vdso_start(r);

	if (code->end - code->start != r->vdso.end - r->vdso.start)
		return false;
	return data ? data->start + before == code->start && data->end <= code->start : !before;
}

/* The old code as plain memory, its functions overwritten; the data pages read as zeros. */
static int vdso_keep_old(struct restore *r, struct restore_task *t, struct stub_task *st,
			 const struct restore_vma *code, const struct restore_vma *data,
			 const char *old, struct stub_move *moves)
{
	uint64_t len = code->end - code->start, now_len = r->vdso.end - vdso_start(r);
	struct vdso_image image, now;
	const char *name = "";
	void *at, *zeros, *to;
	int ret = vdso_parse(old, len, &image);

	if (ret)
		return fail(r->ctx.err, ret, "pages-%u.img: the vdso of pid %u is broken",
			    t->pages.pages_id, t->pid);
	ret = vdso_parse((void *)(uintptr_t)r->vdso.start, r->vdso.end - r->vdso.start, &now);
	if (!ret)
		ret = restore_free_space(t, now_len, PROT_NONE, &to);
	if (!ret)
		ret = restore_free_space(t, len, PROT_READ | PROT_WRITE, &at);
	if (!ret && data)
		ret = restore_free_space(t, data->end - data->start, PROT_READ, &zeros);
	if (ret)
		return fail_errno(r->ctx.err, ret, "pid %u: leading its vdso to this kernel's",
				  t->pid);
	memcpy(at, old, len);
	ret = vdso_redirect(&image, at, &now, (uintptr_t)to + (r->vdso.start - vdso_start(r)),
			    &name);
	if (ret)
		return fail(r->ctx.err, -EOPNOTSUPP,
			    "pid %u: its vdso is another kernel's, and %s in it has no room for a "
			    "jump; restore on the kernel it was dumped on",
			    t->pid, name);
	mprotect(at, len, PROT_READ | PROT_EXEC);
	vdso_move(r, t, st, moves, (uintptr_t)to);
	move_add(st, moves, (uintptr_t)at, code->start, len);
	if (data)
		move_add(st, moves, (uintptr_t)zeros, data->start, data->end - data->start);
	return 0;
}

int restore_enter_vdso(struct restore *r, struct restore_task *t, struct stub_task *st,
		       struct stub_move *moves)
{
	const struct restore_vma *code = NULL, *data = NULL;
	struct vdso_image old, now;
	auto_free char *buf = NULL;
	uint64_t len, nr = 0;
	int ret;

	for (size_t i = 0; i < t->nr_vmas; i++) {
		if (t->vmas[i].entry->status & VMA_VDSO)
			code = &t->vmas[i];
		else if (t->vmas[i].entry->status & VMA_VVAR && !data)
			data = &t->vmas[i];
	}
	if (!code)
		return 0;
	len = code->end - code->start;
	if (len > VDSO_MAX_LEN || (data && data->end - data->start > VDSO_MAX_LEN))
		return fail(r->ctx.err, -EINVAL, "mm-%u.img: a vdso of %lu bytes is impossible",
			    t->pid, len);
	buf = calloc(1, len);
	if (!buf)
		return fail_errno(r->ctx.err, -ENOMEM, "pid %u", t->pid);
	ret = pages_read(r, t, code->start, len, buf, &nr);
	if (ret)
		return ret;
	if (vdso_fits(r, code, data) &&
	    (nr * PAGE_LEN < len || !memcmp(buf, (void *)(uintptr_t)r->vdso.start, len) ||
	     (!vdso_parse(buf, len, &old) &&
	      !vdso_parse((void *)(uintptr_t)r->vdso.start, len, &now) && vdso_same(&old, &now)))) {
		vdso_move(r, t, st, moves, code->start - (r->vdso.start - vdso_start(r)));
		return 0;
	}
	log_info("pid %u: its vdso is another kernel's; leading it to this one's", t->pid);
	return vdso_keep_old(r, t, st, code, data, buf, moves);
}
