// SPDX-License-Identifier: GPL-2.0
/*
 * Private anonymous memory: heap, stacks, and what mmap(2) gives. A private
 * mapping of /dev/zero is the same thing. Its pages are in the pages file.
 */
#include <errno.h>
#include <linux/mman.h>
#include <string.h>
#include <sys/mman.h>

#include "mm/mm.h"

/* ---- dump ---- */

static bool anon_match(const struct proc_vma *vma)
{
	if (vma->flags & VMF_SHARED)
		return false;
	if (vma->flags & VMF_HUGETLB)
		return vma_is_anon_huge(vma);
	if (vma->ino)
		return !strcmp(vma->name, "/dev/zero");
	return !*vma->name || !strcmp(vma->name, "[heap]") || !strncmp(vma->name, "[stack", 6) ||
	       !strncmp(vma->name, "[anon:", 6);
}

static int anon_dump(struct dump *d, struct dump_task *task, const struct proc_vma *vma,
		     VmaEntry *entry)
{
	entry->flags |= MAP_ANONYMOUS | vma_huge_flags(vma);
	entry->status |= VMA_ANON_PRIVATE;
	if (!strcmp(vma->name, "[heap]"))
		entry->status |= VMA_HEAP;
	return 0;
}

/* ---- restore ---- */

#define ANON_FLAGS (MAP_GROWSDOWN | MAP_NORESERVE | MAP_HUGETLB | MAP_HUGE_MASK << MAP_HUGE_SHIFT)

#define GROW_LEN (1UL << 30)

/*
 * A heap that grew bit by bit may be larger than the kernel grants at once (overcommit
 * heuristics look at each request alone): let it grow bit by bit again.
 */
static int anon_grow(struct restore *r, struct restore_vma *vma, uint64_t at, int prot, int flags,
		     uint64_t *ret_at)
{
	uint64_t len = vma->end - vma->start, start;
	int ret = vma_map(r, vma, at, PROT_NONE, flags, -1, &start);

	if (ret)
		return ret;
	for (uint64_t done = 0; done < len; done += GROW_LEN) {
		uint64_t step = len - done < GROW_LEN ? len - done : GROW_LEN;

		if (mprotect((void *)(uintptr_t)(start + done), step, prot)) {
			ret = -errno;
			munmap((void *)(uintptr_t)start, len);
			return ret;
		}
	}
	*ret_at = start;
	return 0;
}

static int anon_restore(struct restore *r, struct restore_vma *vma, uint64_t at, int prot,
			uint64_t *ret_at)
{
	int flags = (int)vma->entry->flags & (MAP_GROWSDOWN | MAP_NORESERVE), ret;

	if (vma->entry->flags & MAP_HUGETLB)
		flags |= (int)(vma->entry->flags & ANON_FLAGS);
	flags |= MAP_PRIVATE | MAP_ANONYMOUS;
	ret = vma_map(r, vma, at, prot, flags, -1, ret_at);
	if (ret == -ENOMEM && prot & PROT_WRITE && !(flags & MAP_HUGETLB) &&
	    vma->end - vma->start > GROW_LEN)
		ret = anon_grow(r, vma, at, prot, flags, ret_at);
	return ret;
}

const struct vma_kind vma_anon_kind = {
	.name = "anonymous",
	.status = VMA_ANON_PRIVATE,
	.match = anon_match,
	.dump = anon_dump,
	.restore = anon_restore,
	.has_pages = true,
};
