// SPDX-License-Identifier: GPL-2.0
/*
 * Private anonymous memory: heap, stacks, malloc arenas, reservations, huge
 * pages. Areas come from /proc/PID/smaps, pages from pagemap and process_vm_readv.
 */
#include <linux/mman.h>
#include <sys/mman.h>

#include "mm/mm.h"

#define ANON_FLAGS (MAP_GROWSDOWN | MAP_NORESERVE | MAP_HUGETLB | MAP_HUGE_MASK << MAP_HUGE_SHIFT)

static int anon_restore(struct restore *r, struct restore_vma *vma, uint64_t at, int prot,
			uint64_t *ret_at)
{
	int flags = (int)vma->entry->flags & (MAP_GROWSDOWN | MAP_NORESERVE);

	if (vma->entry->flags & MAP_HUGETLB)
		flags |= (int)(vma->entry->flags & ANON_FLAGS);
	return vma_map(r, vma, at, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, ret_at);
}

const struct vma_kind vma_anon_kind = {
	.name = "anonymous",
	.status = VMA_ANON_PRIVATE,
	.restore = anon_restore,
	.has_pages = true,
};
