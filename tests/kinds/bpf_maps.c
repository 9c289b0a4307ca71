// SPDX-License-Identifier: GPL-2.0
/* BPF maps: entries, limits, names, what may be done with them, and descriptors of one map. */
#include "kind.h"

#include <linux/bpf.h>

static int hash, hash2, hash_ro, array, frozen, lru;

static long call(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int make(int type, const char *name, unsigned int value_size, unsigned int max, int flags)
{
	union bpf_attr attr = { .map_type = type, .key_size = 4, .value_size = value_size,
				.max_entries = max, .map_flags = flags };

	strcpy(attr.map_name, name);
	return call(BPF_MAP_CREATE, &attr);
}

static long entry(int command, int fd, unsigned int key, void *value, int flags)
{
	union bpf_attr attr = { .map_fd = fd, .key = (uintptr_t)&key, .value = (uintptr_t)value,
				.flags = flags };

	return call(command, &attr);
}

static uint64_t get(int fd, unsigned int key)
{
	uint64_t value = 0;

	must(entry(BPF_MAP_LOOKUP_ELEM, fd, key, &value, 0));
	return value;
}

static void set(int fd, unsigned int key, uint64_t value)
{
	must(entry(BPF_MAP_UPDATE_ELEM, fd, key, &value, BPF_ANY));
}

static struct bpf_map_info info_of(int fd)
{
	struct bpf_map_info info = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = fd, .info_len = sizeof(info),
					  .info = (uintptr_t)&info } };

	must(call(BPF_OBJ_GET_INFO_BY_FD, &attr));
	return info;
}

static int open_again(int fd, int flags)
{
	union bpf_attr attr = { .map_id = info_of(fd).id, .open_flags = flags };

	return must(call(BPF_MAP_GET_FD_BY_ID, &attr));
}

static void set_up(void)
{
	union bpf_attr attr = { 0 };

	hash = make(BPF_MAP_TYPE_HASH, "counts", 8, 1000, BPF_F_NO_PREALLOC);
	if (hash < 0)
		skip("no BPF maps here: %s", strerror(errno));
	hash2 = open_again(hash, 0);
	hash_ro = open_again(hash, BPF_F_RDONLY);
	array = must(make(BPF_MAP_TYPE_ARRAY, "table", 8, 64, BPF_F_MMAPABLE));
	lru = must(make(BPF_MAP_TYPE_LRU_HASH, "last", 8, 128, 0));
	frozen = must(make(BPF_MAP_TYPE_ARRAY, "constants", 8, 2, 0));
	for (int i = 0; i < 300; i++)
		set(hash, i * 7, i + 1);
	for (int i = 0; i < 64; i += 3)
		set(array, i, 1000 + i);
	for (int i = 0; i < 10; i++)
		set(lru, i, i * i);
	set(frozen, 1, 4711);
	attr.map_fd = frozen;
	must(call(BPF_MAP_FREEZE, &attr));
}

static void check(void)
{
	uint64_t value = 1;

	for (int i = 0; i < 300; i++)
		same(get(hash, i * 7), i + 1, "entry %d of the hash", i * 7);
	if (!entry(BPF_MAP_LOOKUP_ELEM, hash, 1, &value, 0))
		fail("the hash has an entry that nobody set");
	for (int i = 0; i < 64; i++)
		same(get(array, i), i % 3 ? 0 : 1000 + i, "entry %d of the array", i);
	for (int i = 0; i < 10; i++)
		same(get(lru, i), i * i, "entry %d of the LRU hash", i);
	same(get(frozen, 1), 4711, "entry of the frozen array");
	if (!entry(BPF_MAP_UPDATE_ELEM, frozen, 1, &value, 0))
		fail("the frozen array can be changed");
	set(hash2, 4242, 5);
	same(get(hash, 4242), 5, "an entry set through the other descriptor");
	same(get(hash_ro, 4242), 5, "an entry read through the descriptor for reading");
	if (!entry(BPF_MAP_UPDATE_ELEM, hash_ro, 1, &value, 0))
		fail("the descriptor for reading can write");
	same(info_of(hash).max_entries, 1000, "entries of the hash");
	same(info_of(hash).map_flags, BPF_F_NO_PREALLOC, "flags of the hash");
	same(info_of(array).map_flags, BPF_F_MMAPABLE, "flags of the array");
	if (strcmp(info_of(hash).name, "counts") || strcmp(info_of(frozen).name, "constants"))
		fail("the hash is called %s", info_of(hash).name);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "is built without BPF by Debian",
};
