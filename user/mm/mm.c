// SPDX-License-Identifier: GPL-2.0
/*
 * The address space as a whole: its bounds, auxiliary vector, flags of the
 * process's memory, and the list of mappings. Seen in /proc/PID/stat, auxv, exe
 * and smaps; the program break and the flags are among what the task is asked.
 */
#include "mm/mm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "image/crctl.pb-c.h"
#include "image/image.h"
#include "kapi/ask.h"
#include "kapi/pagemap.h"
#include "mm/aio.h"
#include "stub/dump.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

static uint32_t vma_prot(uint32_t flags)
{
	return (flags & VMF_READ ? PROT_READ : 0u) | (flags & VMF_WRITE ? PROT_WRITE : 0u) |
	       (flags & VMF_EXEC ? PROT_EXEC : 0u);
}

static uint64_t vma_madv(uint32_t flags)
{
	static const struct { uint32_t flag; int advice; } advices[] = {
		{ VMF_RANDOM, MADV_RANDOM }, { VMF_SEQ, MADV_SEQUENTIAL },
		{ VMF_DONTCOPY, MADV_DONTFORK }, { VMF_MERGEABLE, MADV_MERGEABLE },
		{ VMF_HUGEPAGE, MADV_HUGEPAGE }, { VMF_NOHUGEPAGE, MADV_NOHUGEPAGE },
		{ VMF_DONTDUMP, MADV_DONTDUMP }, { VMF_WIPEONFORK, MADV_WIPEONFORK },
	};
	uint64_t madv = 0;

	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (flags & advices[i].flag)
			madv |= 1ull << advices[i].advice;
	return madv;
}

static void vma_dump_common(const struct proc_vma *vma, VmaEntry *e)
{
	vma_entry__init(e);
	e->start = vma->start;
	e->end = vma->end;
	e->prot = vma_prot(vma->flags);
	e->flags = vma->flags & VMF_SHARED ? MAP_SHARED : MAP_PRIVATE;
	e->flags |= vma->flags & VMF_GROWSDOWN ? MAP_GROWSDOWN : 0u;
	e->flags |= vma->flags & VMF_LOCKED ? MAP_LOCKED : 0u;
	e->flags |= vma->flags & VMF_NORESERVE ? MAP_NORESERVE : 0u;
	e->status = VMA_REGULAR;
	e->fd = -1;
	e->madv = vma_madv(vma->flags);
	e->has_madv = e->madv != 0;
}

static const struct vma_kind *kind_match(const struct proc_vma *vma)
{
	for (const struct vma_kind *const *k = vma_kinds; *k; k++)
		if ((*k)->match && (*k)->match(vma))
			return *k;
	return NULL;
}

bool vma_is_anon_huge(const struct proc_vma *vma)
{
	return vma->flags & VMF_HUGETLB && !strncmp(vma->name, "/anon_hugepage", 14);
}

uint32_t vma_huge_flags(const struct proc_vma *vma)
{
	if (!(vma->flags & VMF_HUGETLB) || !vma->page_kb)
		return 0;
	/* log2 of the page size, as mmap(2) takes it */
	return MAP_HUGETLB | (uint32_t)__builtin_ctz(vma->page_kb << 10) << MAP_HUGE_SHIFT;
}

static const char *vma_unsupported(const struct proc_vma *vma)
{
	static const struct { const char *name, *what; } names[] = {
		{ "anon_inode:[io_uring]", "a ring of io_uring" },
		{ "anon_inode:", "memory of an anonymous file" },
		{ "[uprobes]", "uprobes" },
		{ "[shadow", "a shadow stack" },
	};
	if (vma->flags & VMF_UFFD)
		return "memory watched by a userfaultfd";
	if (vma->flags & VMF_SHADOW_STACK)
		return "a shadow stack";
	if (vma->flags & VMF_DROPPABLE)
		return "droppable memory";
	/* The kernel itself gives a key to what may only be executed, and will again. */
	if (vma->pkey && (vma->flags & (VMF_READ | VMF_WRITE | VMF_EXEC)) != VMF_EXEC)
		return "memory with a protection key";
	if (vma->flags & VMF_HUGETLB && !vma_is_anon_huge(vma) &&
	    strncmp(vma->name, "/SYSV", 5) && strncmp(vma->name, "/memfd:", 7))
		return "a mapped file of huge pages (hugetlbfs)";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(vma->name, names[i].name, strlen(names[i].name)))
			return names[i].what;
	return NULL;
}

static int vma_refuse(struct dump *d, const struct dump_task *task, const struct proc_vma *vma,
		      const char *what)
{
	return dump_refuse(d, "pid %d mapping %llx-%llx: %s is not supported yet; unmap it before "
			   "the dump", task->pid, (unsigned long long)vma->start,
			   (unsigned long long)vma->end, what ? what : vma->name);
}

static int vma_dump(struct dump *d, struct dump_task *task, const struct proc_vma *vma,
		    VmaEntry *e)
{
	const char *what = vma_unsupported(vma);
	const struct vma_kind *kind = what ? NULL : kind_match(vma);

	vma_dump_common(vma, e);
	if (!kind)
		return vma_refuse(d, task, vma, what);
	return kind->dump(d, task, vma, e);
}

static int vma_name_dump(struct dump_task *task, const struct proc_vma *vma)
{
	CrctlVmaName **slot, *name;
	size_t len;

	if (strncmp(vma->name, "[anon:", 6))
		return 0;
	name = calloc(1, sizeof(*name));
	slot = name ? reallocarray(task->extra->names, task->extra->n_names + 1, sizeof(*slot))
		    : NULL;
	if (!slot)
		return -ENOMEM;
	crctl_vma_name__init(name);
	len = strlen(vma->name + 6);
	name->start = vma->start;
	name->end = vma->end;
	name->name = strndup(vma->name + 6, len ? len - 1 : 0);
	task->extra->names = slot;
	slot[task->extra->n_names++] = name;
	return name->name ? 0 : -ENOMEM;
}

static int range_add(CrctlRange ***ranges, size_t *nr, uint64_t start, uint64_t end)
{
	CrctlRange *r = calloc(1, sizeof(*r));
	CrctlRange **slot = r ? reallocarray(*ranges, *nr + 1, sizeof(*slot)) : NULL;

	if (!slot)
		return -ENOMEM;
	crctl_range__init(r);
	r->start = start;
	r->end = end;
	*ranges = slot;
	slot[(*nr)++] = r;
	return 0;
}

static int vma_extra_dump(struct dump_task *task, const struct proc_vma *vma)
{
	int ret = 0;

	if (vma->flags & VMF_LOCKONFAULT)
		ret = range_add(&task->extra->locked_on_fault, &task->extra->n_locked_on_fault,
				vma->start, vma->end);
	if (!ret && vma->flags & VMF_SEALED && vma->name[0] != '[')
		ret = range_add(&task->extra->sealed, &task->extra->n_sealed, vma->start,
				vma->end);
	return ret ? ret : vma_name_dump(task, vma);
}

/* One block for all entries; mm_free() knows. */
static int vmas_alloc(MmEntry *mm, size_t nr)
{
	VmaEntry *block = calloc(nr + 1, sizeof(*block));

	mm->vmas = calloc(nr + 1, sizeof(*mm->vmas));
	if (!block || !mm->vmas) {
		free(block);
		return -ENOMEM;
	}
	for (size_t i = 0; i < nr; i++)
		mm->vmas[i] = &block[i];
	return 0;
}

void mm_free(struct dump_task *task)
{
	MmEntry *mm = task->mm;

	if (!mm)
		return;
	/* Guards come last and are single; all the others are one block. */
	while (mm->n_vmas && mm->vmas[mm->n_vmas - 1]->status == VMA_GUARD)
		free(mm->vmas[--mm->n_vmas]);
	if (mm->vmas)
		free(mm->vmas[0]);
	free(mm->vmas);
	free(mm->mm_saved_auxv);
	aio_free(mm);
	free(mm);
	task->mm = NULL;
}

/* Time pages that newer kernels show as several mappings are one in the images. */
static bool vvar_joins(VmaEntry *last, const VmaEntry *e)
{
	if (!(last->status & VMA_VVAR) || !(e->status & VMA_VVAR) || last->end != e->start)
		return false;
	last->end = e->end;
	return true;
}

static int vmas_collect(struct dump *d, struct dump_task *task)
{
	const struct proc_vma_list *vmas = task->vmas;
	MmEntry *mm = task->mm;
	int ret = vmas_alloc(mm, vmas->nr);

	for (size_t i = 0; i < vmas->nr && !ret; i++) {
		VmaEntry *e = mm->vmas[mm->n_vmas];

		ret = vma_dump(d, task, &vmas->items[i], e);
		if (!ret)
			ret = vma_extra_dump(task, &vmas->items[i]);
		if (!mm->n_vmas || !vvar_joins(mm->vmas[mm->n_vmas - 1], e))
			mm->n_vmas++;
	}
	return ret;
}

static int auxv_collect(struct dump *d, struct dump_task *task)
{
	const struct asked asked = dump_asked(d, task);
	MmEntry *mm = task->mm;
	int ret = ask_auxv(&asked, &mm->mm_saved_auxv, &mm->n_mm_saved_auxv);

	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d: its auxiliary vector cannot be read",
				  task->pid);
	/* without the closing AT_NULL: others have no room for it */
	if (mm->n_mm_saved_auxv >= 2 && !mm->mm_saved_auxv[mm->n_mm_saved_auxv - 2])
		mm->n_mm_saved_auxv -= 2;
	return 0;
}

static void bounds_collect(const struct proc_stat *st, MmEntry *mm)
{
	mm->mm_start_code = st->start_code;
	mm->mm_end_code = st->end_code;
	mm->mm_start_data = st->start_data;
	mm->mm_end_data = st->end_data;
	mm->mm_start_stack = st->start_stack;
	mm->mm_start_brk = st->start_brk;
	mm->mm_arg_start = st->arg_start;
	mm->mm_arg_end = st->arg_end;
	mm->mm_env_start = st->env_start;
	mm->mm_env_end = st->env_end;
}

int mm_collect(struct dump *d, struct dump_task *task)
{
	int ret;

	if (task->mm_owner != task)
		return 0;
	task->mm = calloc(1, sizeof(*task->mm));
	if (!task->mm)
		return -ENOMEM;
	mm_entry__init(task->mm);
	bounds_collect(task->stat, task->mm);
	ret = dump_linked_file(d, task, "exe", 0, &task->mm->exe_file_id);
	if (!ret)
		ret = auxv_collect(d, task);
	return ret ? ret : vmas_collect(d, task);
}

int mm_collect_end(struct dump *d)
{
	return aio_settle(d);
}

static int mm_write_one(struct dump *d, struct dump_task *task)
{
	MmEntry *mm = task->mm;
	int ret;

	mm->mm_brk = task->facts->brk;
	mm->has_dumpable = mm->has_thp_disabled = true;
	mm->dumpable = task->facts->dumpable;
	mm->thp_disabled = task->facts->thp_disabled > 0;
	task->extra->has_mdwe = task->facts->mdwe > 0;
	task->extra->mdwe = (uint32_t)task->facts->mdwe;
	ret = image_write_one(d->ctx.images_fd, IMG_MM, (unsigned long)task->pid, &mm->base);
	return ret ? fail(d->ctx.err, ret, "%s", image_error()) : 0;
}

/* Shared objects first: tasks of the same object then come in the order of the tree. */
int mm_write(struct dump *d)
{
	int ret = shmem_dump_all(d);

	for (size_t i = 0; i < d->tasks.nr && !ret; i++) {
		struct dump_task *task = d->tasks.items[i];

		if (task->state == TASK_DEAD || task->mm_owner != task)
			continue;
		ret = pages_dump_task(d, task);
		if (!ret)
			ret = mm_write_one(d, task);
	}
	return ret;
}
