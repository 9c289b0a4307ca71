/* SPDX-License-Identifier: GPL-2.0 */
/* Filling much fresh anonymous memory from a file at once. */
#ifndef CRCTL_MM_BULK_H
#define CRCTL_MM_BULK_H

#include "mm/mm.h"

#define BULK_BUFFER (256UL << 10) /* one that stays in the cache */
#define BULK_MIN (1UL << 20) /* bytes of a run that are worth it */

struct bulk_run {
	uint64_t at;		/* address of fresh anonymous memory */
	uint64_t offset;	/* in the pages file */
	uint64_t len;
};

struct bulk {
	ARRAY_OF(struct bulk_run) runs;
};

int bulk_add(struct bulk *b, uint64_t at, uint64_t offset, uint64_t len);

/*
 * Fill every run from @fd, the pages file. -EOPNOTSUPP when the kernel gives no userfaultfd:
 * nothing was filled then, and the caller reads the runs itself.
 */
int bulk_fill(struct restore *r, struct bulk *b, int fd);

void bulk_free(struct bulk *b);

#endif
