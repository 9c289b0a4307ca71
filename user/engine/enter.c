// SPDX-License-Identifier: GPL-2.0
/*
 * The bootstrap area of a task: the stub, its arguments and stacks, at an address
 * that neither the engine nor the task uses; and the jump into it, after which
 * the engine's memory is no more.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/restore_internal.h"
#include "files/files.h"
#include "image/core.pb-c.h"
#include "image/crctl.pb-c.h"
#include "image/fs.pb-c.h"
#include "image/mm.pb-c.h"
#include "image/pstree.pb-c.h"
#include "image/regfile.pb-c.h"
#include "image/seccomp.pb-c.h"
#include "lib/cleanup.h"
#include "mm/mm.h"
#include "stub/restore_args.h"
#include "task/task.h"

#define LEADER_STACK (32UL << 10)

extern const char stub_restore[], stub_restore_end[];

void *arena_alloc(struct arena *a, size_t len)
{
	void *p;

	len = (len + 15) & ~15UL;
	if (len > a->len - a->used)
		return NULL;
	p = a->base + a->used;
	a->used += len;
	return p;
}

static size_t area_size_task(const struct restore *r, const struct restore_task *t)
{
	size_t len = LEADER_STACK + sizeof(struct stub_task) + 4096 +
		     t->nr_locks * sizeof(struct stub_lock);

	for (size_t i = 0; i < t->nr_threads; i++) {
		const ThreadCoreEntry *th = t->cores[i]->thread_core;
		const TaskCoreEntry *tc = t->cores[i]->tc;

		len += sizeof(struct stub_thread) + STUB_THREAD_STACK + 256;
		len += th->signals_p ? th->signals_p->n_signals * STUB_SIGINFO_LEN + 16 : 0;
		len += tc && tc->signals_s ? tc->signals_s->n_signals * STUB_SIGINFO_LEN + 16 : 0;
		len += tc && tc->timers ? tc->timers->n_posix * sizeof(struct stub_timer) + 16 : 0;
		len += th->creds ? th->creds->n_groups * 4 + 16 : 0;
		len += 8192; /* CPU mask */
		if (th->has_seccomp_mode && th->seccomp_mode == SECCOMP_MODE__filter &&
		    r->seccomp) {
			for (size_t j = 0; j < r->seccomp->n_seccomp_filters; j++)
				len += r->seccomp->seccomp_filters[j]->filter.len +
				       sizeof(struct stub_filter) + 16;
		}
	}
	for (const struct restore_task *c = t->child; c; c = c->next_child)
		len += c->helper || c->dead ? sizeof(uint32_t) : 0;
	return len + t->nr_fds * sizeof(struct stub_fd_move) + 64;
}

static size_t area_size(const struct restore *r, const struct restore_task *t)
{
	size_t len = (size_t)(stub_restore_end - stub_restore) + r->shared_len + (64UL << 10);

	len += (t->nr_vmas + 64) * (sizeof(struct stub_range) * 2 + sizeof(struct stub_move));
	len += t->extra ? t->extra->n_sealed * sizeof(struct stub_range) : 0;
	len += area_size_task(r, t);
	for (const struct restore_task *s = t->sharer; s; s = s->next_sharer)
		len += area_size_task(r, s) + sizeof(struct stub_sharer);
	return (len + PAGE_LEN - 1) & ~(PAGE_LEN - 1);
}

static bool area_collides(const struct restore_task *t, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < t->nr_vmas; i++) {
		if (t->vmas[i].start < end && t->vmas[i].end > start)
			return true;
	}
	return false;
}

int restore_free_space(const struct restore_task *t, size_t len, int prot, void **ret_at)
{
	uint64_t hint = 0;

	for (int i = 0; i < 4096; i++) {
		void *p = mmap((void *)(uintptr_t)hint, len, prot,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				       (hint ? MAP_FIXED_NOREPLACE : 0),
			       -1, 0);

		if (p != MAP_FAILED && !area_collides(t, (uintptr_t)p, (uintptr_t)p + len)) {
			*ret_at = p;
			return 0;
		}
		if (p != MAP_FAILED)
			munmap(p, len);
		else if (errno != EEXIST)
			return -errno;
		hint = (hint ? hint : 0x10000000) + ((len + 0xffffffUL) & ~0xffffffUL);
	}
	return -ENOMEM;
}

static int area_make(struct restore *r, const struct restore_task *t)
{
	size_t len = area_size(r, t);
	void *p;
	int ret = restore_free_space(t, len, PROT_READ | PROT_WRITE | PROT_EXEC, &p);

	if (ret)
		return fail_errno(
			r->ctx.err, ret,
			"pid %u: finding room for %zu bytes of bootstrap code in its address space",
			t->pid, len);
	r->arena = (struct arena){ .base = p, .len = len };
	return 0;
}

/* The stub first, then the shared page; the rest is handed out behind them. */
static int area_fill(struct restore *r)
{
	size_t code = ((size_t)(stub_restore_end - stub_restore) + PAGE_LEN - 1) & ~(PAGE_LEN - 1);
	void *p;

	memcpy(r->arena.base, stub_restore, (size_t)(stub_restore_end - stub_restore));
	p = mmap(r->arena.base + code, r->shared_len, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, r->shared_fd, 0);
	if (p == MAP_FAILED)
		return fail_errno(r->ctx.err, -errno, "mapping the shared page");
	r->arena.used = code + r->shared_len;
	return 0;
}

static const CrctlThreadEntry *extra_of(const struct restore_task *t, uint32_t tid, size_t nr)
{
	const CrctlTaskEntry *x = t->extra;

	if (!x)
		return NULL;
	if (nr < x->n_threads && x->threads[nr]->tid == tid)
		return x->threads[nr];
	for (size_t i = 0; i < x->n_threads; i++) {
		if (x->threads[i]->tid == tid)
			return x->threads[i];
	}
	return NULL;
}

static int prepare_threads(struct restore *r, struct restore_task *t, struct stub_task *st)
{
	struct stub_thread *th = arena_alloc(&r->arena, t->nr_threads * sizeof(*th));

	if (!th)
		return fail_errno(r->ctx.err, -ENOMEM, "pid %u: its threads", t->pid);
	st->threads = (uintptr_t)th;
	r->shared->tasks[t->index].threads = (uintptr_t)th;
	st->nr_threads = t->nr_threads;
	for (size_t i = 0; i < t->nr_threads; i++) {
		size_t len = i ? STUB_THREAD_STACK : LEADER_STACK;
		char *stack = arena_alloc(&r->arena, len);

		if (!stack)
			return fail_errno(r->ctx.err, -ENOMEM, "pid %u: its threads", t->pid);
		th[i].task = (uintptr_t)st;
		th[i].stack = (uintptr_t)stack + len;
		th[i].tid = i ? t->pstree->threads[i] : t->pid;
		for (size_t k = 0; task_kinds[k]; k++) {
			int ret = task_kinds[k]->restore(r, t, t->cores[i],
							 extra_of(t, th[i].tid, i), &th[i]);

			if (ret)
				return ret;
		}
	}
	return 0;
}

static int prepare_pids(struct restore *r, const struct restore_task *t, struct stub_task *st)
{
	size_t nr_reap = 0, nr_zombies = 0;
	uint32_t *reap, *zombies;

	for (const struct restore_task *c = t->child; c; c = c->next_child) {
		nr_reap += c->helper;
		nr_zombies += !c->helper && c->dead;
	}
	reap = arena_alloc(&r->arena, nr_reap * sizeof(*reap));
	zombies = arena_alloc(&r->arena, nr_zombies * sizeof(*zombies));
	if (!reap || !zombies)
		return fail_errno(r->ctx.err, -ENOMEM, "pid %u: its children", t->pid);
	st->reap = (uintptr_t)reap;
	st->zombies = (uintptr_t)zombies;
	for (const struct restore_task *c = t->child; c; c = c->next_child) {
		if (c->helper)
			reap[st->nr_reap++] = c->pid;
		else if (c->dead)
			zombies[st->nr_zombies++] = c->pid;
	}
	return 0;
}

static int prepare_sharer_fds(struct restore *r, struct restore_task *t, struct stub_task *st)
{
	struct stub_fd_move *mv = arena_alloc(&r->arena, t->nr_fds * sizeof(*mv) + 16);

	if (!mv)
		return fail_errno(r->ctx.err, -ENOMEM, "pid %u: its descriptors", t->pid);
	st->own_files = 1;
	st->close_from = r->base_fd;
	st->fd_moves = (uintptr_t)mv;
	st->nr_fd_moves = t->nr_fds;
	for (size_t i = 0; i < t->nr_fds; i++) {
		struct restore_file *f = restore_file_find(r, t->fds[i]->id);
		int fd, ret = 0;

		if (f->fd < 0) {
			ret = f->kind->restore(r, f, &fd);
			if (!ret)
				f->fd = restore_fd_lift(r, fd);
			if (!ret && f->fd < 0)
				ret = fail_errno(r->ctx.err, f->fd, "pid %u fd %u", t->pid,
						 t->fds[i]->fd);
		}
		if (ret)
			return ret;
		mv[i] = (struct stub_fd_move){ f->fd, (int)t->fds[i]->fd,
					       t->fds[i]->flags & FD_CLOEXEC };
	}
	return files_link(r, t);
}

static int prepare_sharer_dirs(struct restore *r, struct restore_task *t, struct stub_task *st)
{
	int cwd, root, ret = fs_open_dirs(r, t, &cwd, &root);

	if (ret)
		return ret;
	st->cwd_fd = restore_fd_lift(r, cwd);
	if (root >= 0)
		st->root_fd = restore_fd_lift(r, root);
	if (t->fs->has_umask)
		st->umask = (int)t->fs->umask;
	return 0;
}

static struct stub_task *prepare_task(struct restore *r, struct restore_task *t)
{
	size_t code = ((size_t)(stub_restore_end - stub_restore) + PAGE_LEN - 1) & ~(PAGE_LEN - 1);
	struct stub_task *st = arena_alloc(&r->arena, sizeof(*st));

	if (!st) {
		fail_errno(r->ctx.err, -ENOMEM, "pid %u", t->pid);
		return NULL;
	}
	st->shared = (uintptr_t)r->arena.base + code;
	st->pid = t->pid;
	st->close_from = t->files_owner == t ? r->base_fd : -1;
	st->cwd_fd = st->root_fd = st->umask = -1;
	st->dumpable = -1;
	st->shares_sighand = t->sighand_owner != t;
	if (t->mm && t->mm->has_dumpable && t->mm->dumpable != 2)
		st->dumpable = t->mm->dumpable;
	if (prepare_threads(r, t, st) || prepare_pids(r, t, st) || lock_prepare(r, t, st))
		return NULL;
	return st;
}

static int prepare_sharers(struct restore *r, struct restore_task *t, struct stub_task *st)
{
	struct stub_sharer *sh;
	size_t nr = 0;

	for (const struct restore_task *o = t->sharer; o; o = o->next_sharer)
		nr++;
	sh = arena_alloc(&r->arena, nr * sizeof(*sh));
	if (!sh)
		return fail_errno(r->ctx.err, -ENOMEM, "pid %u", t->pid);
	for (struct restore_task *o = t->sharer; o; o = o->next_sharer) {
		struct stub_task *ot = prepare_task(r, o);

		if (!ot)
			return fail_errno(r->ctx.err, -ENOMEM, "pid %u", o->pid);
		ot->shares_mm = 1;
		ot->ppid = o->creator == t ? t->pid : (uint32_t)getppid();
		ot->new_session = o->sid == o->pid;
		ot->pgid = (int)o->pgid;
		if (o->files_owner == o && prepare_sharer_fds(r, o, ot))
			return r->ctx.err->ret;
		if (o->fs_owner == o && prepare_sharer_dirs(r, o, ot))
			return r->ctx.err->ret;
		sh[st->nr_sharers].task = (uintptr_t)ot;
		sh[st->nr_sharers].index = o->index;
		sh[st->nr_sharers++].clone_flags =
			CLONE_VM | (o->files_owner == o ? 0 : CLONE_FILES) |
			(o->fs_owner == o ? 0 : CLONE_FS) |
			(o->sighand_owner == o ? 0 : CLONE_SIGHAND) |
			(o->creator == t ? 0 : CLONE_PARENT);
	}
	st->sharers = (uintptr_t)sh;
	return 0;
}

static int prepare_mm(struct restore *r, struct restore_task *t, struct stub_task *st)
{
	const MmEntry *mm = t->mm;
	struct restore_file *exe = restore_file_find(r, mm->exe_file_id);
	uint64_t *auxv;
	int fd, ret;

	if (!exe || (!exe->entry->reg && !exe->entry->memfd))
		return fail(
			r->ctx.err, -EINVAL,
			"mm-%u.img: its executable is open file %u, which files.img does not have",
			t->pid, mm->exe_file_id);
	if (exe->entry->reg)
		ret = reg_open(r, exe->entry->reg, O_RDONLY, &fd);
	else
		ret = exe->kind->restore(r, exe, &fd);
	if (ret)
		return ret;
	fd = restore_fd_lift(r, fd);
	auxv = arena_alloc(&r->arena, mm->n_mm_saved_auxv * 8 + 16);
	if (fd < 0 || !auxv)
		return fail_errno(r->ctx.err, fd < 0 ? fd : -ENOMEM, "pid %u", t->pid);
	memcpy(auxv, mm->mm_saved_auxv, mm->n_mm_saved_auxv * 8);
	st->mm = (struct stub_mm_map){
		.start_code = mm->mm_start_code,   .end_code = mm->mm_end_code,
		.start_data = mm->mm_start_data,   .end_data = mm->mm_end_data,
		.start_brk = mm->mm_start_brk,	   .brk = mm->mm_brk,
		.start_stack = mm->mm_start_stack, .arg_start = mm->mm_arg_start,
		.arg_end = mm->mm_arg_end,	   .env_start = mm->mm_env_start,
		.env_end = mm->mm_env_end,	   .auxv = (uintptr_t)auxv,
		.auxv_size = (uint32_t)mm->n_mm_saved_auxv * 8,
		.exe_fd = (uint32_t)fd,
	};
	return 0;
}

static int range_compare(const void *a, const void *b)
{
	const struct stub_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* All that is not the task's, the area's or the vdso's goes. */
static int prepare_unmaps(struct restore *r, struct restore_task *t, struct stub_task *st,
			  const struct stub_move *moves)
{
	auto_free struct stub_range *keep = calloc(t->nr_vmas + st->nr_moves + 2, sizeof(*keep));
	struct stub_range *out = arena_alloc(&r->arena, (t->nr_vmas + 64) * sizeof(*out));
	uint64_t at = 0;
	size_t nr = 0;

	if (!keep || !out)
		return fail_errno(r->ctx.err, -ENOMEM, "pid %u", t->pid);
	for (size_t i = 0; i < t->nr_vmas; i++) {
		const struct restore_vma *v = &t->vmas[i];

		if (v->at)
			keep[nr++] = (struct stub_range){ v->at, v->at + (v->end - v->start) };
	}
	for (size_t i = 0; i < st->nr_moves; i++)
		keep[nr++] = (struct stub_range){ moves[i].from, moves[i].from + moves[i].len };
	keep[nr++] = (struct stub_range){ (uintptr_t)r->arena.base,
					  (uintptr_t)r->arena.base + r->arena.len };
	qsort(keep, nr, sizeof(*keep), range_compare);
	st->unmaps = (uintptr_t)out;
	for (size_t i = 0; i < nr; i++) {
		if (keep[i].start > at)
			out[st->nr_unmaps++] = (struct stub_range){ at, keep[i].start };
		at = keep[i].end;
	}
	out[st->nr_unmaps++] = (struct stub_range){ at, TASK_END };
	return 0;
}

static int prepare_locks(struct restore *r, struct restore_task *t, struct stub_task *st)
{
	const CrctlTaskEntry *x = t->extra;
	struct stub_range *seals;

	if (!x)
		return 0;
	seals = arena_alloc(&r->arena, x->n_sealed * sizeof(*seals));
	if (!seals)
		return fail_errno(r->ctx.err, -ENOMEM, "pid %u: its sealed memory", t->pid);
	for (size_t i = 0; i < x->n_sealed; i++)
		seals[i] = (struct stub_range){ x->sealed[i]->start, x->sealed[i]->end };
	st->seals = (uintptr_t)seals;
	st->nr_seals = x->n_sealed;
	st->mdwe = x->has_mdwe ? x->mdwe : 0;
	st->mlock_future = x->has_mlock_future ? x->mlock_future & (MCL_FUTURE | MCL_ONFAULT) : 0;
	return 0;
}

static int prepare_memory(struct restore *r, struct restore_task *t, struct stub_task *st)
{
	struct stub_move *moves = arena_alloc(&r->arena, (t->nr_vmas + 8) * sizeof(*moves));
	int ret;

	if (!moves)
		return fail_errno(r->ctx.err, -ENOMEM, "pid %u", t->pid);
	st->moves = (uintptr_t)moves;
	ret = restore_enter_vdso(r, t, st, moves);
	if (!ret)
		ret = prepare_unmaps(r, t, st, moves);
	for (size_t i = 0; !ret && i < t->nr_vmas; i++) {
		const struct restore_vma *v = &t->vmas[i];

		if (v->at && v->at != v->start)
			moves[st->nr_moves++] =
				(struct stub_move){ v->at, v->start, v->end - v->start };
	}
	if (!ret)
		ret = prepare_locks(r, t, st);
	return ret ? ret : prepare_mm(r, t, st);
}

/* Where the master finds the area of a task that it then has removed. */
static void task_area_tell(struct restore *r, const struct restore_task *t)
{
	r->shared->tasks[t->index].area = (uintptr_t)r->arena.base;
	r->shared->tasks[t->index].area_len = r->arena.len;
}

int restore_enter_prepare(struct restore *r, struct restore_task *t)
{
	int ret = area_make(r, t);

	if (!ret)
		ret = area_fill(r);
	if (ret)
		return ret;
	r->stub = prepare_task(r, t);
	if (!r->stub)
		return r->ctx.err->ret;
	ret = prepare_sharers(r, t, r->stub);
	if (!ret)
		ret = prepare_memory(r, t, r->stub);
	task_area_tell(r, t);
	for (const struct restore_task *o = t->sharer; o; o = o->next_sharer)
		task_area_tell(r, o);
	return ret;
}

void restore_enter(struct restore *r)
{
	struct stub_thread *th = (struct stub_thread *)(uintptr_t)r->stub->threads;
	sigset_t all;

	sigfillset(&all);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
	/* libc's registration points into memory that is about to go */
	if (__rseq_size)
		syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, 32,
			RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
	__asm__ volatile("mov %0, %%rsp\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "call *%1\n\t"
			 "hlt"
			 :
			 : "r"(th->stack), "r"(r->arena.base), "D"(r->stub)
			 : "memory");
	__builtin_unreachable();
}
