// SPDX-License-Identifier: GPL-2.0
/* The table of memory area kinds. */
#include "mm/mm.h"

#include <sys/mman.h>

extern const struct vma_kind vma_anon_kind, vma_file_private_kind, vma_file_shared_kind,
	vma_shmem_kind, vma_memfd_kind, vma_vdso_kind, vma_vvar_kind, vma_vsyscall_kind,
	vma_aio_kind, vma_sysv_kind, vma_memfd_private_kind, vma_socket_kind;

const struct vma_kind *const vma_kinds[] = {
	/* the special ones first: they carry the bit of anonymous memory too */
	&vma_vdso_kind,	       &vma_vvar_kind,	       &vma_vsyscall_kind,
	&vma_aio_kind,	       &vma_memfd_private_kind, &vma_memfd_kind,
	&vma_file_private_kind, &vma_sysv_kind,	       &vma_socket_kind,
	&vma_file_shared_kind, &vma_shmem_kind,	       &vma_anon_kind,
	NULL,
};

#define VMA_UNKNOWN                                                                                \
	(VMA_SHADOW_STACK | VMA_UPROBES)

const struct vma_kind *vma_kind_find(uint32_t status)
{
	if (status & VMA_UNKNOWN)
		return NULL;
	for (size_t i = 0; vma_kinds[i]; i++) {
		if ((status & vma_kinds[i]->status) == vma_kinds[i]->status)
			return vma_kinds[i];
	}
	return NULL;
}

int vma_map(struct restore *r, const struct restore_vma *vma, uint64_t at, int prot, int flags,
	    int fd, uint64_t *ret_at)
{
	uint64_t len = vma->end - vma->start;
	void *p;

	if (at)
		flags |= MAP_FIXED_NOREPLACE;
	p = mmap((void *)(uintptr_t)at, len, prot, flags, fd,
		 fd < 0 ? 0 : (off_t)vma->entry->pgoff);
	if (p == MAP_FAILED)
		return -errno;
	/* kernels before 4.17 take the flag for a hint */
	if (at && (uintptr_t)p != at) {
		munmap(p, len);
		return -EEXIST;
	}
	*ret_at = (uintptr_t)p;
	return 0;
}
