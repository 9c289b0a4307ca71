/* SPDX-License-Identifier: GPL-2.0 */
/* Where the members of the running kernel's structs lie, from /sys/kernel/btf/vmlinux. */
#ifndef CRCTL_KAPI_BTF_H
#define CRCTL_KAPI_BTF_H

#include <stddef.h>
#include <stdint.h>

struct btf;

/* -ENOENT: the kernel was built without it (CONFIG_DEBUG_INFO_BTF). */
int btf_open(struct btf **ret_btf);
void btf_close(struct btf *btf);

/* Bytes from the start of struct @type to @member, also one of an unnamed part. */
int btf_offset(const struct btf *btf, const char *type, const char *member, uint32_t *ret_offset);
/* All of a list; -EOPNOTSUPP when one is missing. */
struct btf_wanted {
	const char *type, *member;
	uint32_t *offset;
};
int btf_offsets(const struct btf *btf, const struct btf_wanted *wanted, size_t nr);
int btf_size(const struct btf *btf, const char *type, uint32_t *ret_size);

#endif
