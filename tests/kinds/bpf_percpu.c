// SPDX-License-Identifier: GPL-2.0
/* BPF maps with a value for each CPU, a trie of prefixes, and types of keys and values. */
#include "kind.h"

#include <linux/bpf.h>
#include <linux/btf.h>

#define NR_CPUS 1024

struct prefix {
	uint32_t len;
	uint8_t data[4];
};

static int percpu, percpu_array, trie, typed;
static uint64_t values[NR_CPUS];

static long call(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static long entry(int command, int fd, const void *key, void *value)
{
	union bpf_attr attr = { .map_fd = fd, .key = (uintptr_t)key, .value = (uintptr_t)value };

	return call(command, &attr);
}

static int make(int type, unsigned int key_size, unsigned int value_size, int flags, int btf)
{
	union bpf_attr attr = { .map_type = type, .key_size = key_size, .value_size = value_size,
				.max_entries = 16, .map_flags = flags, .map_name = "m" };

	if (btf >= 0) {
		attr.btf_fd = btf;
		attr.btf_key_type_id = attr.btf_value_type_id = 1;
	}
	return must(call(BPF_MAP_CREATE, &attr));
}

/* One type: int, of 4 bytes. */
static int types_load(void)
{
	struct {
		struct btf_header head;
		struct btf_type type;
		uint32_t bits;
		char strings[6];
	} data = {
		.head = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(data.head),
			  .type_len = 16, .str_off = 16, .str_len = 5 },
		.type = { .name_off = 1, .info = BTF_KIND_INT << 24, .size = 4 },
		.bits = BTF_INT_SIGNED << 24 | 32,
		.strings = "\0int",
	};
	union bpf_attr attr = { .btf = (uintptr_t)&data, .btf_size = sizeof(data.head) + 16 + 5 };

	return must(call(BPF_BTF_LOAD, &attr));
}

static void set_up(void)
{
	struct prefix net = { 8, { 10 } }, host = { 32, { 10, 1, 2, 3 } };
	uint64_t one = 1, two = 2;
	int key, btf;

	key = syscall(SYS_bpf, BPF_MAP_CREATE, NULL, 0);
	if (key < 0 && (errno == ENOSYS || errno == EPERM))
		skip("no BPF maps here: %s", strerror(errno));
	percpu = make(BPF_MAP_TYPE_PERCPU_HASH, 4, 4, 0, -1);
	percpu_array = make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 0, -1);
	trie = make(BPF_MAP_TYPE_LPM_TRIE, sizeof(net), 8, BPF_F_NO_PREALLOC, -1);
	for (int i = 0; i < NR_CPUS; i++)
		values[i] = 100 + i;
	key = 3;
	must(entry(BPF_MAP_UPDATE_ELEM, percpu, &key, values));
	must(entry(BPF_MAP_UPDATE_ELEM, percpu_array, &key, values));
	must(entry(BPF_MAP_UPDATE_ELEM, trie, &net, &one));
	must(entry(BPF_MAP_UPDATE_ELEM, trie, &host, &two));
	btf = types_load();
	typed = make(BPF_MAP_TYPE_ARRAY, 4, 4, 0, btf);
	close(btf);
}

static void check(void)
{
	struct prefix a = { 32, { 10, 9, 9, 9 } }, b = { 32, { 10, 1, 2, 3 } };
	struct bpf_map_info info = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = typed, .info_len = sizeof(info),
					  .info = (uintptr_t)&info } };
	uint64_t value;
	int key = 3;

	memset(values, 0, sizeof(values));
	must(entry(BPF_MAP_LOOKUP_ELEM, percpu, &key, values));
	same(values[0], 100, "value of the first CPU");
	memset(values, 0, sizeof(values));
	must(entry(BPF_MAP_LOOKUP_ELEM, percpu_array, &key, values));
	for (int i = 0; i < sysconf(_SC_NPROCESSORS_CONF); i++)
		same(values[i], 100 + i, "value of CPU %d", i);
	must(entry(BPF_MAP_LOOKUP_ELEM, trie, &a, &value));
	same(value, 1, "what the trie has for 10.9.9.9");
	must(entry(BPF_MAP_LOOKUP_ELEM, trie, &b, &value));
	same(value, 2, "what the trie has for 10.1.2.3");
	must(call(BPF_OBJ_GET_INFO_BY_FD, &attr));
	if (!info.btf_id)
		fail("the map lost the types of its keys and values");
	same(info.btf_value_type_id, 1, "type of its values");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "is built without BPF by Debian",
};
