/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kinds of memory areas, one file each, and the mm as a whole.
 */
#ifndef CRCTL_MM_MM_H
#define CRCTL_MM_MM_H

#include "engine/ctx.h"
#include "image/mm.pb-c.h"
#include "image/vma.pb-c.h"

#define PAGE_LEN     4096UL
#define TASK_END     0x7ffffffff000UL	/* x86_64, 4-level: TASK_SIZE_MAX */

struct vma_kind {
	const char *name;
	uint32_t status;	/* the bit of vma_entry.status that names the kind */
	/* Check the record before anything is made. */
	int (*check)(struct restore *r, const struct restore_task *task,
		     const struct restore_vma *vma);
	/*
	 * Map the area at @at (MAP_FIXED_NOREPLACE), or anywhere when 0, with @prot.
	 * *ret_at is where it is.
	 */
	int (*restore)(struct restore *r, struct restore_vma *vma, uint64_t at, int prot,
		       uint64_t *ret_at);
	bool has_pages;		/* private content comes from the pages file */
};

/* NULL-terminated. */
extern const struct vma_kind *const vma_kinds[];

/* Private areas of nobody's file; also used by the special kinds. */
int vma_map(struct restore *r, const struct restore_vma *vma, uint64_t at, int prot, int flags,
	    int fd, uint64_t *ret_at);

/* The kind of a status mask; NULL when none or more than one matches. */
const struct vma_kind *vma_kind_find(uint32_t status);

#endif
