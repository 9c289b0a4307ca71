/* SPDX-License-Identifier: GPL-2.0 */
/* The functions of a vdso, and how those of an old one are led to a new one. */
#ifndef CRCTL_MM_VDSO_H
#define CRCTL_MM_VDSO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VDSO_MAX_SYMBOLS 64
#define VDSO_MAX_LEN	 (64UL << 10)

struct vdso_symbol {
	const char *name;	/* in the image */
	uint32_t offset;
	uint32_t room;		/* bytes that may be overwritten */
};

struct vdso_image {
	const char *base;
	size_t len;
	struct vdso_symbol symbols[VDSO_MAX_SYMBOLS];	/* functions, by offset */
	size_t nr;
};

/* Find the functions of a vdso whose bytes are at @base. -EINVAL: it is none. */
int vdso_parse(const void *base, size_t len, struct vdso_image *ret_image);

/* Whether the same functions are at the same places. */
bool vdso_same(const struct vdso_image *a, const struct vdso_image *b);

/*
 * Make @code, a writable copy of @old's bytes, jump to the functions of @now,
 * which will be at @now_addr; what is missing there becomes its system call.
 * -ENOSPC: a function is too short for that; *ret_name says which.
 */
int vdso_redirect(const struct vdso_image *old, char *code, const struct vdso_image *now,
		  uint64_t now_addr, const char **ret_name);

#endif
