/* SPDX-License-Identifier: GPL-2.0 */
/* Which pages of an address space hold private content. */
#ifndef CRCTL_KAPI_PAGEMAP_H
#define CRCTL_KAPI_PAGEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pagemap_range {
	uint64_t start, end;
	uint64_t guard;		/* not 0: MADV_GUARD_INSTALL, no content */
};
struct pagemap_list { struct pagemap_range *items; size_t nr, cap; };

/*
 * Append the ranges of [start, end) whose pages are the task's own: present or in
 * swap, not the file's, not the zero page; and guard ranges. @proc_fd is the
 * task's /proc directory.
 */
int pagemap_scan(int pagemap_fd, uint64_t start, uint64_t end, struct pagemap_list *ret);
/* The frames of the zero page and of the huge zero page; 0: not known. */
struct pagemap_zeros { uint64_t page, huge; };
void pagemap_zeros(struct pagemap_zeros *ret);
/* The same for kernels where pagemap_scan() fails with -ENOTTY; best a few mappings at a time. */
int pagemap_read_words(int pagemap_fd, uint64_t start, uint64_t end,
		       const struct pagemap_zeros *zeros, struct pagemap_list *ret);
/* Opens /proc/PID/pagemap. */
int pagemap_open(int proc_fd);

#endif
