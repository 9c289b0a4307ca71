/* SPDX-License-Identifier: GPL-2.0 */
/* Page content, between memory and the pages files. */
#ifndef CRCTL_MM_PAGES_H
#define CRCTL_MM_PAGES_H

#include "mm/mm.h"

/*
 * Fill the areas of a task that have no pages yet (@inherited false), or write
 * what differs from the parent's pages (@inherited true).
 */
int pages_fill(struct restore *r, struct restore_task *task, bool inherit);
int pages_fill_inherited(struct restore *r, struct restore_task *task);

/* Copy what the pages file has of @len bytes at @start into @buf; *ret_nr counts pages. */
int pages_read(struct restore *r, const struct restore_task *task, uint64_t start, uint64_t len,
	       char *buf, uint64_t *ret_nr);

/* The area at @addr; NULL: none. */
const struct restore_vma *restore_vma_at(const struct restore_task *task, uint64_t addr);

#endif
