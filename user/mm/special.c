// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings that the kernel makes: vdso, vvar and vsyscall. The vdso's code is
 * kept in the pages file for kernels with another one; the time pages before it
 * are always the running kernel's own.
 */
#include <string.h>
#include <sys/mman.h>

#include "mm/mm.h"

static bool vdso_match(const struct proc_vma *vma)
{
	return !strcmp(vma->name, "[vdso]");
}

static bool vvar_match(const struct proc_vma *vma)
{
	return !strncmp(vma->name, "[vvar", 5);
}

static bool vsyscall_match(const struct proc_vma *vma)
{
	return !strcmp(vma->name, "[vsyscall]");
}

static int vdso_dump(struct dump *d, struct dump_task *task, const struct proc_vma *vma,
		     VmaEntry *entry)
{
	entry->flags |= MAP_ANONYMOUS;
	entry->status |= VMA_ANON_PRIVATE | VMA_VDSO;
	return 0;
}

static int vvar_dump(struct dump *d, struct dump_task *task, const struct proc_vma *vma,
		     VmaEntry *entry)
{
	entry->flags |= MAP_ANONYMOUS;
	entry->status |= VMA_ANON_PRIVATE | VMA_VVAR;
	return 0;
}

static int vsyscall_dump(struct dump *d, struct dump_task *task, const struct proc_vma *vma,
			 VmaEntry *entry)
{
	entry->flags |= MAP_ANONYMOUS;
	entry->status = VMA_VSYSCALL | VMA_ANON_PRIVATE;
	return 0;
}

const struct vma_kind vma_vdso_kind = {
	.name = "vdso",
	.status = VMA_VDSO,
	.match = vdso_match,
	.dump = vdso_dump,
	.has_pages = true,
};

const struct vma_kind vma_vvar_kind = {
	.name = "vvar",
	.status = VMA_VVAR,
	.match = vvar_match,
	.dump = vvar_dump,
};

const struct vma_kind vma_vsyscall_kind = {
	.name = "vsyscall",
	.status = VMA_VSYSCALL,
	.match = vsyscall_match,
	.dump = vsyscall_dump,
};
