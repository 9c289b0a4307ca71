/* SPDX-License-Identifier: GPL-2.0 */
/* BPF maps from outside: bpf(2) without a library. All return 0 (or a descriptor) or -errno. */
#ifndef CRCTL_KAPI_BPF_H
#define CRCTL_KAPI_BPF_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* Descriptors by id need CAP_SYS_ADMIN; @flags BPF_F_RDONLY or BPF_F_WRONLY. */
int bpf_map_open(uint32_t id, uint32_t flags);
int bpf_map_info(int fd, struct bpf_map_info *ret_info);
/* The key after @key, or the first one when it is NULL. -ENOENT: there is none. */
int bpf_map_next(int fd, const void *key, void *ret_key);
int bpf_map_lookup(int fd, const void *key, void *ret_value);
int bpf_map_update(int fd, const void *key, const void *value);
int bpf_map_freeze(int fd);
/* From type to name as in @info, with type information @btf_fd where it is not -1. */
int bpf_map_create(const struct bpf_map_info *info, int btf_fd);

/* The type information of @id, malloc'ed. */
int bpf_btf_read(uint32_t id, void **ret_data, size_t *ret_len);
int bpf_btf_load(const void *data, size_t len);

/* CPUs that may ever be there: a value of a per-CPU map has a slot for each. 0: not known. */
unsigned int bpf_nr_cpus(void);

#endif
