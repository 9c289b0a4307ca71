// SPDX-License-Identifier: GPL-2.0
/*
 * BPF maps that user space can read whole: seen in /proc/PID/fdinfo, their content
 * through bpf(2). Descriptions of one map are made together. The kernel numbers maps
 * anew, LRU maps forget which entry was used last, and whoever else uses the map (a
 * program, a name in a bpffs) keeps the old one. The types of keys and values (BTF) are
 * in the extra image.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/files.h"
#include "image/bpfmap_data.pb-c.h"
#include "image/bpfmap_file.pb-c.h"
#include "image/crctl.pb-c.h"
#include "image/image.h"
#include "kapi/bpf.h"
#include "kapi/proc.h"
#include "lib/cleanup.h"

#define VALUE_MAX (256ul << 20)

struct map_type {
	uint32_t type;
	bool per_cpu;
};

static const struct map_type map_types[] = {
	{ BPF_MAP_TYPE_HASH, false },	     { BPF_MAP_TYPE_ARRAY, false },
	{ BPF_MAP_TYPE_PERCPU_HASH, true },  { BPF_MAP_TYPE_PERCPU_ARRAY, true },
	{ BPF_MAP_TYPE_LRU_HASH, false },    { BPF_MAP_TYPE_LRU_PERCPU_HASH, true },
	{ BPF_MAP_TYPE_LPM_TRIE, false },
};

static const struct map_type *map_type_find(uint32_t type)
{
	for (size_t i = 0; i < sizeof(map_types) / sizeof(map_types[0]); i++)
		if (map_types[i].type == type)
			return &map_types[i];
	return NULL;
}

/* Bytes of what bpf(2) takes as one value; 0: impossible. */
static uint64_t map_value_len(const BpfmapFileEntry *e)
{
	const struct map_type *t = map_type_find(e->map_type);
	uint64_t len = e->value_size;

	if (t && t->per_cpu)
		len = ((len + 7) & ~7ul) * bpf_nr_cpus();
	return len > VALUE_MAX ? 0 : len;
}

/* ---- dump ---- */

static bool bpfmap_match(const struct fd_info *fd)
{
	return !strcmp(fd->link, "anon_inode:bpf-map");
}

static uint32_t text_number(const char *text, const char *key)
{
	const char *value = proc_text_value(text, key);

	return value ? (uint32_t)strtoul(value, NULL, 0) : 0;
}

static void map_describe(const struct bpf_map_info *info, bool frozen, BpfmapFileEntry *e)
{
	e->map_id = info->id;
	e->map_type = info->type;
	e->key_size = info->key_size;
	e->value_size = info->value_size;
	e->max_entries = info->max_entries;
	e->map_flags = info->map_flags;
	e->ifindex = info->ifindex;
	e->has_map_extra = info->map_extra != 0;
	e->map_extra = info->map_extra;
	e->frozen = frozen;
}

static int map_btf_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file,
			const struct bpf_map_info *info)
{
	CrctlFileEntry *extra;
	void *data;
	int ret;

	if (!info->btf_id || info->btf_vmlinux_value_type_id)
		return 0;
	ret = file_extra(fd->task, file->entry.id, &extra);
	if (!ret)
		ret = bpf_btf_read(info->btf_id, &data, &extra->btf.len);
	if (ret)
		return fail_errno(d->ctx.err, ret,
				  "pid %d fd %d: the types of BPF map %u cannot be "
				  "read",
				  fd->task->pid, fd->fd, info->id);
	extra->has_btf = extra->has_btf_key_type = extra->has_btf_value_type = true;
	extra->btf.data = data;
	extra->btf_key_type = info->btf_key_type_id;
	extra->btf_value_type = info->btf_value_type_id;
	return 0;
}

static int bpfmap_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	BpfmapFileEntry *e = file_alloc(file, sizeof(*e));
	auto_close int map_fd = -1;
	struct bpf_map_info info;
	const char *text, *memlock;
	int ret = e ? fd_read_text(d, fd, false, &text) : -ENOMEM;

	if (ret)
		return ret;
	bpfmap_file_entry__init(e);
	memlock = proc_text_value(text, "memlock:");
	e->id = file->entry.id;
	e->flags = fd->flags;
	e->fown = &file->fown;
	e->memlock = memlock ? strtoull(memlock, NULL, 10) : 0;
	map_fd = bpf_map_open(text_number(text, "map_id:"), 0);
	ret = map_fd < 0 ? map_fd : bpf_map_info(map_fd, &info);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: the BPF map cannot be opened "
				  "(needs CAP_SYS_ADMIN)", fd->task->pid, fd->fd);
	map_describe(&info, text_number(text, "frozen:") != 0, e);
	e->map_name = file_alloc(file, sizeof(info.name));
	if (!e->map_name)
		return -ENOMEM;
	memcpy(e->map_name, info.name, sizeof(info.name) - 1);
	file->entry.bpf = e;
	if (!map_type_find(info.type))
		return dump_refuse(d,
				   "pid %d fd %d: the BPF map \"%s\" is of type %u, whose content "
				   "user space cannot read or set; close it before the dump",
				   fd->task->pid, fd->fd, e->map_name, info.type);
	if (!map_value_len(e))
		return dump_refuse(d, "pid %d fd %d: the values of BPF map \"%s\" are too large",
				   fd->task->pid, fd->fd, e->map_name);
	return map_btf_dump(d, fd, file, &info);
}

/* Keys and values of a map, gathered. */
struct map_content {
	uint64_t key_len, value_len;
	uint32_t count;
	char *keys, *values;
	size_t keys_cap, values_cap;
};

static int content_add(struct map_content *c, int fd, const void *key)
{
	uint64_t nr = c->count + 1ull;
	int ret = array_grow(&c->keys, &c->keys_cap, nr * c->key_len, 1);

	if (!ret)
		ret = array_grow(&c->values, &c->values_cap, nr * c->value_len, 1);
	if (ret)
		return ret;
	ret = bpf_map_lookup(fd, key, c->values + c->count * c->value_len);
	if (ret == -ENOENT)
		return 0; /* gone since: somebody outside of the tree uses the map too */
	if (ret)
		return ret;
	memcpy(c->keys + c->count * c->key_len, key, c->key_len);
	c->count++;
	return nr * c->key_len > UINT32_MAX || nr * c->value_len > UINT32_MAX ? -EFBIG : 0;
}

static int content_read(struct map_content *c, int fd, uint32_t max_entries)
{
	auto_free char *key = calloc(2, c->key_len);
	char *now = key, *next;
	int ret;

	if (!key)
		return -ENOMEM;
	next = key + c->key_len;
	ret = bpf_map_next(fd, NULL, now);
	/* nobody's additions can keep this going */
	for (uint64_t i = 0; !ret && i < max_entries; i++) {
		ret = content_add(c, fd, now);
		if (!ret)
			ret = bpf_map_next(fd, now, next);
		if (!ret)
			memcpy(now, next, c->key_len);
	}
	return ret == -ENOENT ? 0 : ret;
}

static int map_write(struct dump *d, const BpfmapFileEntry *e, struct image_writer *w)
{
	struct map_content c = { .key_len = e->key_size, .value_len = map_value_len(e) };
	BpfmapDataEntry data = BPFMAP_DATA_ENTRY__INIT;
	auto_close int fd = bpf_map_open(e->map_id, 0);
	int ret = fd < 0 ? fd : content_read(&c, fd, e->max_entries);

	if (ret)
		ret = fail_errno(d->ctx.err, ret, "BPF map \"%s\" (%u): its content cannot be read",
				 e->map_name, e->map_id);
	data.map_id = e->map_id;
	data.count = c.count;
	data.keys_bytes = (uint32_t)(c.count * c.key_len);
	data.values_bytes = (uint32_t)(c.count * c.value_len);
	if (!ret)
		ret = image_write(w, &data.base);
	if (!ret)
		ret = image_write_raw(w, c.keys, data.keys_bytes);
	if (!ret)
		ret = image_write_raw(w, c.values, data.values_bytes);
	free(c.keys);
	free(c.values);
	return ret;
}

static int map_id_compare(const void *a, const void *b)
{
	const BpfmapFileEntry *x = *(BpfmapFileEntry *const *)a, *y = *(BpfmapFileEntry *const *)b;

	return x->map_id < y->map_id ? -1 : x->map_id > y->map_id;
}

/* Each map once, however many descriptions it has. */
static int maps_write(struct dump *d, BpfmapFileEntry **maps, size_t nr)
{
	struct image_writer *w = NULL;
	int close_ret, ret = image_write_open(d->ctx.images_fd, IMG_BPFMAP_DATA, 0, &w);

	qsort(maps, nr, sizeof(*maps), map_id_compare);
	for (size_t i = 0; i < nr && !ret; i++)
		if (!i || maps[i]->map_id != maps[i - 1]->map_id)
			ret = map_write(d, maps[i], w);
	close_ret = image_write_close(w);
	ret = ret ? ret : close_ret;
	return ret && !d->ctx.err->ret ? fail(d->ctx.err, ret, "%s", image_error()) : ret;
}

static int bpfmap_write(struct dump *d)
{
	size_t nr_files = d->files->files.nr, nr = 0;
	auto_free BpfmapFileEntry **maps = calloc(nr_files + 1, sizeof(*maps));

	if (!maps)
		return -ENOMEM;
	for (size_t i = 0; i < nr_files; i++)
		if (d->files->files.items[i]->entry.bpf)
			maps[nr++] = d->files->files.items[i]->entry.bpf;
	return nr ? maps_write(d, maps, nr) : 0;
}

/* ---- restore ---- */

static int bpfmap_check(struct restore *r, const struct restore_file *file)
{
	const BpfmapFileEntry *e = file->entry->bpf;
	const struct restore_bpf_map *data;

	if (!e)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u is no BPF map", file->id);
	if (!map_type_find(e->map_type))
		return fail(
			r->ctx.err, -EOPNOTSUPP,
			"files.img: open file %u is a BPF map of type %u, which is not supported",
			file->id, e->map_type);
	data = restore_bpf_map_find(r, e->map_id);
	if (!data)
		return fail(r->ctx.err, -EINVAL, "bpfmap-data.img has no content of BPF map %u",
			    e->map_id);
	if (data->count > e->max_entries ||
	    data->keys_len != (uint64_t)data->count * e->key_size ||
	    data->values_len != data->count * map_value_len(e))
		return fail(
			r->ctx.err, -EINVAL,
			"bpfmap-data.img: %u entries of BPF map %u do not fit its keys and values "
			"(a per-CPU map needs as many CPUs as before)",
			data->count, e->map_id);
	return 0;
}

static uint32_t bpfmap_group(const struct restore_file *file)
{
	return file->entry->bpf->map_id;
}

static int map_failed(struct restore *r, const struct restore_file *file, int ret, const char *what)
{
	return fail_errno(r->ctx.err, ret, "open file %u: BPF map \"%s\": %s", file->id,
			  file->entry->bpf->map_name, what);
}

static int map_make(struct restore *r, const struct restore_file *file, int *ret_fd)
{
	const BpfmapFileEntry *e = file->entry->bpf;
	const CrctlFileEntry *extra = file->extra;
	auto_close int btf_fd = -1;
	struct bpf_map_info info = {
		.type = e->map_type, .key_size = e->key_size, .value_size = e->value_size,
		.max_entries = e->max_entries, .map_flags = e->map_flags, .ifindex = e->ifindex,
		.map_extra = e->has_map_extra ? e->map_extra : 0,
	};
	int fd;

	memcpy(info.name, e->map_name, strnlen(e->map_name, sizeof(info.name) - 1));
	if (extra && extra->has_btf) {
		btf_fd = bpf_btf_load(extra->btf.data, extra->btf.len);
		if (btf_fd < 0)
			return map_failed(r, file, btf_fd, "loading its types");
		info.btf_key_type_id = extra->btf_key_type;
		info.btf_value_type_id = extra->btf_value_type;
	}
	fd = bpf_map_create(&info, btf_fd);
	if (fd < 0)
		return map_failed(r, file, fd, "making it");
	*ret_fd = fd;
	return 0;
}

static bool is_zero(const char *value, uint64_t len)
{
	return !len || (!value[0] && !memcmp(value, value + 1, len - 1));
}

static int map_fill(struct restore *r, const struct restore_file *file, int fd)
{
	const BpfmapFileEntry *e = file->entry->bpf;
	const struct restore_bpf_map *data = restore_bpf_map_find(r, e->map_id);
	bool array = e->map_type == BPF_MAP_TYPE_ARRAY || e->map_type == BPF_MAP_TYPE_PERCPU_ARRAY;
	uint64_t value_len = map_value_len(e);

	for (uint64_t i = 0; i < data->count; i++) {
		const char *value = (const char *)data->values + i * value_len;
		int ret;

		/* a new array has zeros */
		if (array && is_zero(value, value_len))
			continue;
		ret = bpf_map_update(fd, (const char *)data->keys + i * e->key_size, value);
		if (ret)
			return map_failed(r, file, ret, "setting an entry");
	}
	if (e->frozen) {
		int ret = bpf_map_freeze(fd);

		if (ret)
			return map_failed(r, file, ret, "freezing it");
	}
	return 0;
}

/* One description of the map behind @map_fd, with the access it had. */
static int map_open(struct restore *r, struct restore_file *f, int map_fd, int *ret_fd)
{
	uint32_t flags = f->entry->bpf->flags, access = flags & O_ACCMODE;
	struct bpf_map_info info;
	int ret = bpf_map_info(map_fd, &info), fd;

	if (ret)
		return map_failed(r, f, ret, "looking at it");
	fd = bpf_map_open(info.id, access == O_RDONLY ? BPF_F_RDONLY :
				   access == O_WRONLY ? BPF_F_WRONLY : 0);
	if (fd < 0)
		return map_failed(r, f, fd, "opening it again");
	ret = file_flags_restore(r, f, fd, flags);
	if (ret) {
		close(fd);
		return ret;
	}
	*ret_fd = fd;
	return 0;
}

static int bpfmap_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	auto_close int map_fd = -1;
	struct restore_file *f = file;
	int ret = map_make(r, file, &map_fd), fd = -1;

	if (!ret)
		ret = map_fill(r, file, map_fd);
	if (ret)
		return ret;
	do {
		if (f->owner)
			ret = map_open(r, f, map_fd, &fd);
		if (f->owner && !ret && f == file) {
			*ret_fd = fd;
		} else if (f->owner && !ret) {
			f->fd = restore_fd_lift(r, fd);
			ret = f->fd < 0 ? map_failed(r, f, f->fd, "keeping it open") : 0;
		}
		f = f->group;
	} while (!ret && f != file);
	return ret;
}

const struct file_kind bpfmap_kind = {
	.name = "BPF map",
	.type = FD_TYPES__BPFMAP,
	.match = bpfmap_match,
	.dump = bpfmap_dump,
	.write = bpfmap_write,
	.check = bpfmap_check,
	.group = bpfmap_group,
	.restore = bpfmap_restore,
};
