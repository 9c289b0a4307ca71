// SPDX-License-Identifier: GPL-2.0
/*
 * Offsets out of /sys/kernel/btf/vmlinux, which the running kernel tells about
 * itself (Documentation/bpf/btf.rst): found by the names of structure and member
 * and checked by the member's size. The blob is read when the module starts and
 * not kept. Deletable member by member, when a header for modules has it.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/percpu_counter.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "kmod/compat/btf.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"
#define LEN_MAX (256L << 20)
#define MAGIC 0xeb9f
#define DEPTH_MAX 4		/* of structures without a name in structures */
#define CHAIN_MAX 16		/* of typedef, const and the like */

enum kind {
	KIND_INT = 1, KIND_PTR, KIND_ARRAY, KIND_STRUCT, KIND_UNION, KIND_ENUM, KIND_FWD,
	KIND_TYPEDEF, KIND_VOLATILE, KIND_CONST, KIND_RESTRICT, KIND_FUNC, KIND_FUNC_PROTO,
	KIND_VAR, KIND_DATASEC, KIND_FLOAT, KIND_DECL_TAG, KIND_TYPE_TAG, KIND_ENUM64,
	KIND_NR
};

struct header {
	u16 magic;
	u8 version, flags;
	u32 hdr_len, type_off, type_len, str_off, str_len;
};

struct type {
	u32 name;
	u32 info;
	u32 size;		/* or another type */
};

struct member {
	u32 name, type, offset;
};

/* Bytes behind a type: some, and some for each of its parts. */
static const struct {
	u8 fixed, each;
} tails[KIND_NR] = {
	[KIND_INT] = { 4, 0 }, [KIND_ARRAY] = { 12, 0 }, [KIND_STRUCT] = { 0, 12 },
	[KIND_UNION] = { 0, 12 }, [KIND_ENUM] = { 0, 8 }, [KIND_FUNC_PROTO] = { 0, 8 },
	[KIND_VAR] = { 4, 0 }, [KIND_DATASEC] = { 0, 12 }, [KIND_DECL_TAG] = { 4, 0 },
	[KIND_ENUM64] = { 0, 12 },
};

struct blob {
	const char *types, *strings;
	u32 types_len, strings_len;
	u32 *index;		/* offset of each type */
	u32 nr;			/* types, the first is void */
};

#define MEMBER(type_, name_, len_) { .type = type_, .name = name_, .len = len_, .offset = -1 }

static struct btf_member members[BTF_NR] __ro_after_init = {
	[BTF_MOUNT_MNT] = MEMBER("mount", "mnt", sizeof(struct vfsmount)),
	[BTF_MOUNT_ID] = MEMBER("mount", "mnt_id", sizeof(int)),
	[BTF_MNT_NS_COMMON] = MEMBER("mnt_namespace", "ns", 0),
	[BTF_AIO_TABLE_NR] = MEMBER("kioctx_table", "nr", sizeof(unsigned int)),
	[BTF_AIO_TABLE] = MEMBER("kioctx_table", "table", 0),
	[BTF_AIO_USER_ID] = MEMBER("kioctx", "user_id", sizeof(long)),
	[BTF_AIO_MAP_BASE] = MEMBER("kioctx", "mmap_base", sizeof(long)),
	[BTF_AIO_MAP_LEN] = MEMBER("kioctx", "mmap_size", sizeof(long)),
	[BTF_AIO_NR_EVENTS] = MEMBER("kioctx", "nr_events", sizeof(unsigned int)),
	[BTF_AIO_MAX_REQS] = MEMBER("kioctx", "max_reqs", sizeof(unsigned int)),
	[BTF_AIO_DEAD] = MEMBER("kioctx", "dead", sizeof(atomic_t)),
	[BTF_AIO_CPU] = MEMBER("kioctx", "cpu", sizeof(void *)),
	[BTF_AIO_CPU_REQS] = MEMBER("kioctx_cpu", "reqs_available", sizeof(unsigned int)),
	[BTF_AIO_REQS] = MEMBER("kioctx", "reqs_available", sizeof(atomic_t)),
	[BTF_AIO_TAIL] = MEMBER("kioctx", "tail", sizeof(unsigned int)),
	[BTF_AIO_COMPLETED] = MEMBER("kioctx", "completed_events", sizeof(unsigned int)),
	[BTF_INOTIFY_MARK] = MEMBER("inotify_inode_mark", "fsn_mark",
				    sizeof(struct fsnotify_mark)),
	[BTF_INOTIFY_WD] = MEMBER("inotify_inode_mark", "wd", sizeof(int)),
	[BTF_URING_FLAGS] = MEMBER("io_ring_ctx", "flags", sizeof(unsigned int)),
	[BTF_URING_SQ_ENTRIES] = MEMBER("io_ring_ctx", "sq_entries", sizeof(unsigned int)),
	[BTF_URING_CQ_ENTRIES] = MEMBER("io_ring_ctx", "cq_entries", sizeof(unsigned int)),
	[BTF_URING_SQ_HEAD] = MEMBER("io_ring_ctx", "cached_sq_head", sizeof(unsigned int)),
	[BTF_URING_CQ_TAIL] = MEMBER("io_ring_ctx", "cached_cq_tail", sizeof(unsigned int)),
	[BTF_URING_SQ_DATA] = MEMBER("io_ring_ctx", "sq_data", sizeof(void *)),
	[BTF_URING_OVERFLOW] = MEMBER("io_ring_ctx", "cq_overflow_list",
				      sizeof(struct list_head)),
	[BTF_URING_RINGS] = MEMBER("io_ring_ctx", "rings", sizeof(void *)),
	[BTF_URING_SQ] = MEMBER("io_rings", "sq", 0),
	[BTF_URING_CQ] = MEMBER("io_rings", "cq", 0),
	[BTF_URING_HEAD] = MEMBER("io_uring", "head", sizeof(u32)),
	[BTF_URING_TAIL] = MEMBER("io_uring", "tail", sizeof(u32)),
	[BTF_URING_CACHED_REFS] = MEMBER("io_uring_task", "cached_refs", sizeof(int)),
	[BTF_URING_INFLIGHT] = MEMBER("io_uring_task", "inflight",
				      sizeof(struct percpu_counter)),
};

static enum kind type_kind(const struct type *t)
{
	return t->info >> 24 & 0x1f;
}

static u32 type_parts(const struct type *t)
{
	return t->info & 0xffff;
}

static const struct type *type_at(const struct blob *b, u32 id)
{
	return id && id < b->nr ? (const struct type *)(b->types + b->index[id]) : NULL;
}

static const char *string_at(const struct blob *b, u32 at)
{
	return at < b->strings_len ? b->strings + at : "";
}

/* Bytes from @at to the next type; 0 when the blob ends early or has a kind of the future. */
static u32 type_len(const struct blob *b, u32 at)
{
	const struct type *t = (const struct type *)(b->types + at);
	u32 len;

	if (b->types_len - at < sizeof(*t) || !type_kind(t) || type_kind(t) >= KIND_NR)
		return 0;
	len = sizeof(*t) + tails[type_kind(t)].fixed + tails[type_kind(t)].each * type_parts(t);
	return len <= b->types_len - at ? len : 0;
}

static u32 type_size(const struct blob *b, u32 id)
{
	int i;

	for (i = 0; i < CHAIN_MAX; i++) {
		const struct type *t = type_at(b, id);

		switch (t ? type_kind(t) : 0) {
		case KIND_PTR:
			return sizeof(void *);
		case KIND_INT:
		case KIND_STRUCT:
		case KIND_UNION:
		case KIND_ENUM:
		case KIND_ENUM64:
			return t->size;
		case KIND_TYPEDEF:
		case KIND_VOLATILE:
		case KIND_CONST:
		case KIND_RESTRICT:
		case KIND_TYPE_TAG:
			id = t->size;
			break;
		default:
			return 0;
		}
	}
	return 0;
}

/* Offset of a member in bytes, also inside of parts without a name; -1. */
static s32 member_find(const struct blob *b, const struct type *t, const struct btf_member *w,
		       int depth)
{
	const struct member *m = (const struct member *)(t + 1);
	bool bits = t->info >> 31;
	u32 i;

	for (i = 0; i < type_parts(t); i++) {
		u32 at = bits ? m[i].offset & 0xffffff : m[i].offset;
		const struct type *inner;
		s32 inside;

		if (at % 8 || at / 8 > t->size || (bits && m[i].offset >> 24))
			continue;
		if (!strcmp(string_at(b, m[i].name), w->name))
			return w->len && type_size(b, m[i].type) != w->len ? -1 : (s32)(at / 8);
		inner = type_at(b, m[i].type);
		if (m[i].name || !depth || !inner || type_kind(inner) < KIND_STRUCT ||
		    type_kind(inner) > KIND_UNION)
			continue;
		inside = member_find(b, inner, w, depth - 1);
		if (inside >= 0)
			return (s32)(at / 8) + inside;
	}
	return -1;
}

static void __init struct_look(const struct blob *b, const struct type *t)
{
	const char *name = string_at(b, t->name);
	size_t i;

	for (i = 0; i < BTF_NR; i++)
		if (members[i].offset < 0 && !strcmp(members[i].type, name))
			members[i].offset = member_find(b, t, &members[i], DEPTH_MAX);
}

static bool __init blob_index(struct blob *b)
{
	u32 at, len;

	b->nr = 1;
	for (at = 0; at < b->types_len; at += len, b->nr++) {
		len = type_len(b, at);
		if (!len)
			break;
		if (b->index)
			b->index[b->nr] = at;
	}
	return b->nr > 1;
}

static bool __init blob_open(struct blob *b, const char *data, size_t len)
{
	const struct header *h = (const struct header *)data;

	if (len < sizeof(*h) || h->magic != MAGIC || h->hdr_len < sizeof(*h) || h->hdr_len > len)
		return false;
	len -= h->hdr_len;
	if (h->type_off % 4 || h->type_off > len || h->type_len > len - h->type_off ||
	    h->str_off > len || h->str_len > len - h->str_off || !h->str_len)
		return false;
	b->types = data + h->hdr_len + h->type_off;
	b->types_len = h->type_len;
	b->strings = data + h->hdr_len + h->str_off;
	b->strings_len = h->str_len;
	return !b->strings[h->str_len - 1];
}

static void __init blob_look(struct blob *b)
{
	u32 i;

	if (!blob_index(b))
		return;
	b->index = kvcalloc(b->nr, sizeof(*b->index), GFP_KERNEL);
	if (!b->index)
		return;
	blob_index(b);
	for (i = 1; i < b->nr; i++) {
		const struct type *t = type_at(b, i);

		if (type_kind(t) == KIND_STRUCT && t->name)
			struct_look(b, t);
	}
	kvfree(b->index);
}

static ssize_t __init file_read_all(struct file *file, char *data, size_t len)
{
	loff_t pos = 0;

	while (pos < len) {
		ssize_t n = kernel_read(file, data + pos, len - pos, &pos);

		if (n <= 0)
			return n ? n : -EIO;
	}
	return pos;
}

static ssize_t __init blob_read(char **ret_data)
{
	struct file *file = filp_open(BTF_PATH, O_RDONLY, 0);
	ssize_t len;

	if (IS_ERR(file))
		return PTR_ERR(file);
	len = i_size_read(file_inode(file));
	*ret_data = len > 0 && len < LEN_MAX ? vmalloc(len) : NULL;
	len = *ret_data ? file_read_all(file, *ret_data, len) : -ENOMEM;
	filp_close(file, NULL);
	return len;
}

void __init btf_begin(void)
{
	struct blob b = { 0 };
	char *data = NULL;
	ssize_t len = blob_read(&data);

	if (len > 0 && blob_open(&b, data, len))
		blob_look(&b);
	else
		pr_info("%s cannot be read (%zd): some questions will not be answered\n", BTF_PATH,
			len);
	vfree(data);
}

s32 btf_offset(enum btf_wanted which)
{
	return members[which].offset;
}

bool btf_has(enum btf_wanted first, enum btf_wanted last)
{
	int i;

	for (i = first; i <= (int)last; i++)
		if (members[i].offset < 0)
			return false;
	return true;
}

s32 btf_mnt_id(const struct vfsmount *mnt)
{
	const char *mount = (const char *)mnt - btf_offset(BTF_MOUNT_MNT);

	if (!mnt || !btf_has(BTF_MOUNT_MNT, BTF_MOUNT_ID))
		return -1;
	return READ_ONCE(*(const s32 *)(mount + btf_offset(BTF_MOUNT_ID)));
}
