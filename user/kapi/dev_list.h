/* SPDX-License-Identifier: GPL-2.0 */
/* What the files that read lists from the device share: dev.c has it. */
#ifndef CRCTL_KAPI_DEV_LIST_H
#define CRCTL_KAPI_DEV_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "kapi/dev.h"

#define DEV_RECORD_MAX 1024	/* no struct of a list is longer */

struct dev {
	int fd;
	uint64_t features;
	char *buf;		/* for one answer */
	uint32_t buf_len;
	/* the last line of every maps file, which the module leaves out */
	struct proc_vma vsyscall;
	bool vsyscall_known;	/* end 0: this kernel has none */
};

/*
 * Ask until the list is whole. @record has at least @size bytes; texts are at the
 * offsets that it says from @base. Both are gone when @each returns.
 */
int dev_list_each(struct dev *dev, uint64_t feature, unsigned long command,
		  struct crctl_list list, size_t size,
		  int (*each)(void *arg, const void *record, const char *base), void *arg);

/* A copy of the text at an offset; NULL where the offset is 0. */
int dev_text(const char *base, uint32_t at, uint32_t len, char **ret_text);

#endif
