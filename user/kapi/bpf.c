// SPDX-License-Identifier: GPL-2.0
/* Thin wrappers of bpf(2); see bpf.h. */
#include "kapi/bpf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cleanup.h"

static int bpf_call(int command, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return ret < 0 ? -errno : (int)ret;
}

int bpf_map_open(uint32_t id, uint32_t flags)
{
	union bpf_attr attr = { .map_id = id, .open_flags = flags };

	return bpf_call(BPF_MAP_GET_FD_BY_ID, &attr);
}

int bpf_map_info(int fd, struct bpf_map_info *ret_info)
{
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)fd, .info_len = sizeof(*ret_info),
					  .info = (uintptr_t)ret_info } };

	memset(ret_info, 0, sizeof(*ret_info));
	return bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static int map_entry(int command, int fd, const void *key, const void *value)
{
	union bpf_attr attr = { .map_fd = (uint32_t)fd, .key = (uintptr_t)key,
				.value = (uintptr_t)value };

	return bpf_call(command, &attr);
}

int bpf_map_next(int fd, const void *key, void *ret_key)
{
	return map_entry(BPF_MAP_GET_NEXT_KEY, fd, key, ret_key);
}

int bpf_map_lookup(int fd, const void *key, void *ret_value)
{
	return map_entry(BPF_MAP_LOOKUP_ELEM, fd, key, ret_value);
}

int bpf_map_update(int fd, const void *key, const void *value)
{
	return map_entry(BPF_MAP_UPDATE_ELEM, fd, key, value);
}

int bpf_map_freeze(int fd)
{
	return map_entry(BPF_MAP_FREEZE, fd, NULL, NULL);
}

int bpf_map_create(const struct bpf_map_info *info, int btf_fd)
{
	union bpf_attr attr = {
		.map_type = info->type, .key_size = info->key_size, .value_size = info->value_size,
		.max_entries = info->max_entries, .map_flags = info->map_flags,
		.map_extra = info->map_extra, .map_ifindex = info->ifindex,
	};

	memcpy(attr.map_name, info->name, sizeof(attr.map_name) - 1);
	if (btf_fd >= 0) {
		attr.btf_fd = (uint32_t)btf_fd;
		attr.btf_key_type_id = info->btf_key_type_id;
		attr.btf_value_type_id = info->btf_value_type_id;
	}
	return bpf_call(BPF_MAP_CREATE, &attr);
}

static int btf_info(int fd, struct bpf_btf_info *info)
{
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)fd, .info_len = sizeof(*info),
					  .info = (uintptr_t)info } };

	return bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

int bpf_btf_read(uint32_t id, void **ret_data, size_t *ret_len)
{
	union bpf_attr attr = { .btf_id = id };
	auto_close int fd = bpf_call(BPF_BTF_GET_FD_BY_ID, &attr);
	struct bpf_btf_info info = { 0 };
	auto_free void *data = NULL;
	int ret = fd < 0 ? fd : btf_info(fd, &info);

	if (ret)
		return ret;
	data = malloc(info.btf_size + 1ul);
	if (!data)
		return -ENOMEM;
	info = (struct bpf_btf_info){ .btf = (uintptr_t)data, .btf_size = info.btf_size };
	ret = btf_info(fd, &info);
	if (ret)
		return ret;
	*ret_len = info.btf_size;
	*ret_data = steal_ptr(data);
	return 0;
}

int bpf_btf_load(const void *data, size_t len)
{
	union bpf_attr attr = { .btf = (uintptr_t)data, .btf_size = (uint32_t)len };

	return bpf_call(BPF_BTF_LOAD, &attr);
}

unsigned int bpf_nr_cpus(void)
{
	auto_fclose FILE *f = fopen("/sys/devices/system/cpu/possible", "re");
	unsigned int first, last, max = 0;

	while (f && fscanf(f, "%u", &first) == 1) {
		last = first;
		(void)!fscanf(f, "-%u", &last);
		max = last + 1 > max ? last + 1 : max;
		(void)!fscanf(f, ",");
	}
	return max;
}
