// SPDX-License-Identifier: GPL-2.0
/* A reader of BTF that knows structs and unions; see btf.h. */
#include "kapi/btf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/array.h"
#include "lib/cleanup.h"

#define DEPTH_MAX 8	/* unnamed parts in unnamed parts */

struct btf {
	char *data;
	size_t mapped;		/* bytes, where it is mapped and not read */
	const char *types, *strings;
	uint32_t types_len, strings_len;
	ARRAY_OF(uint32_t) at;	/* by id - 1: where the type stands */
};

/* Bytes behind the head of a type; -EINVAL for a kind that is not known. */
static long type_extra(const struct btf_type *t)
{
	uint32_t nr = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case 17: /* DECL_TAG */
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return (long)nr * (long)sizeof(struct btf_member);
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		return (long)nr * 8;
	case BTF_KIND_DATASEC:
	case 19: /* ENUM64 */
		return (long)nr * 12;
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case 16: /* FLOAT */
	case 18: /* TYPE_TAG */
		return 0;
	}
	return -EINVAL;
}

static int types_index(struct btf *btf)
{
	for (uint32_t at = 0; at + sizeof(struct btf_type) <= btf->types_len;) {
		long extra = type_extra((const struct btf_type *)(btf->types + at));
		uint32_t *slot = array_add(&btf->at);

		if (!slot)
			return -ENOMEM;
		if (extra < 0 || extra > btf->types_len - at - (long)sizeof(struct btf_type))
			return -EINVAL;
		*slot = at;
		at += (uint32_t)(sizeof(struct btf_type) + (size_t)extra);
	}
	return 0;
}

/* Megabytes, which sysfs gives out page by page; it can be mapped since Linux 6.15. */
static int file_load(char **ret_data, size_t *ret_len, size_t *ret_mapped)
{
	auto_close int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	auto_free char *data = NULL;
	size_t len = 0;
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map != MAP_FAILED) {
		*ret_data = map;
		*ret_len = *ret_mapped = (size_t)st.st_size;
		return 0;
	}
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return -ENOMEM;
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, data + len, (size_t)st.st_size - len);

		if (n <= 0)
			return n ? -errno : -EIO;
		len += (size_t)n;
	}
	data[len] = '\0';
	*ret_len = len;
	*ret_data = steal_ptr(data);
	return 0;
}

int btf_open(struct btf **ret_btf)
{
	struct btf *btf = calloc(1, sizeof(*btf));
	const struct btf_header *head;
	size_t len = 0;
	int ret = btf ? file_load(&btf->data, &len, &btf->mapped) : -ENOMEM;

	if (!ret) {
		head = (const struct btf_header *)btf->data;
		if (len < sizeof(*head) || head->magic != BTF_MAGIC || head->hdr_len > len ||
		    head->type_off > len || head->type_len > len || head->str_off > len ||
		    head->str_len > len ||
		    (uint64_t)head->hdr_len + head->type_off + head->type_len > len ||
		    (uint64_t)head->hdr_len + head->str_off + head->str_len > len)
			ret = -EINVAL;
	}
	/* every name ends in it */
	if (!ret && (!head->str_len ||
		     btf->data[head->hdr_len + head->str_off + head->str_len - 1]))
		ret = -EINVAL;
	if (!ret) {
		btf->types = btf->data + head->hdr_len + head->type_off;
		btf->types_len = head->type_len;
		btf->strings = btf->data + head->hdr_len + head->str_off;
		btf->strings_len = head->str_len;
		ret = types_index(btf);
	}
	if (ret) {
		btf_close(btf);
		return ret;
	}
	*ret_btf = btf;
	return 0;
}

void btf_close(struct btf *btf)
{
	if (!btf)
		return;
	array_free(&btf->at);
	if (btf->mapped)
		munmap(btf->data, btf->mapped);
	else
		free(btf->data);
	free(btf);
}

static const struct btf_type *type_by_id(const struct btf *btf, uint32_t id)
{
	if (!id || id > btf->at.nr)
		return NULL;
	return (const struct btf_type *)(btf->types + btf->at.items[id - 1]);
}

static bool is_named(const struct btf *btf, uint32_t name_off, const char *name)
{
	return name_off < btf->strings_len && !strcmp(btf->strings + name_off, name);
}

static bool is_aggregate(const struct btf_type *t)
{
	uint32_t kind = t ? BTF_INFO_KIND(t->info) : 0;

	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
}

static const struct btf_type *type_by_name(const struct btf *btf, const char *name)
{
	for (size_t i = 0; i < btf->at.nr; i++) {
		const struct btf_type *t = type_by_id(btf, (uint32_t)i + 1);

		if (is_aggregate(t) && is_named(btf, t->name_off, name))
			return t;
	}
	return NULL;
}

static int member_find(const struct btf *btf, const struct btf_type *t, const char *name,
		       int depth, uint32_t *ret_bits)
{
	const struct btf_member *m = (const struct btf_member *)(t + 1);

	for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info); i++, m++) {
		uint32_t bits = BTF_INFO_KFLAG(t->info) ? BTF_MEMBER_BIT_OFFSET(m->offset) :
							  m->offset, inner;
		const struct btf_type *part;

		if (is_named(btf, m->name_off, name)) {
			*ret_bits = bits;
			return 0;
		}
		part = is_named(btf, m->name_off, "") ? type_by_id(btf, m->type) : NULL;
		if (depth < DEPTH_MAX && is_aggregate(part) &&
		    !member_find(btf, part, name, depth + 1, &inner)) {
			*ret_bits = bits + inner;
			return 0;
		}
	}
	return -ENOENT;
}

int btf_offset(const struct btf *btf, const char *type, const char *member, uint32_t *ret_offset)
{
	const struct btf_type *t = type_by_name(btf, type);
	uint32_t bits = 0;
	int ret = t ? member_find(btf, t, member, 0, &bits) : -ENOENT;

	if (!ret)
		*ret_offset = bits / 8;
	return ret;
}

int btf_offsets(const struct btf *btf, const struct btf_wanted *wanted, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (btf_offset(btf, wanted[i].type, wanted[i].member, wanted[i].offset))
			return -EOPNOTSUPP;
	return 0;
}

int btf_size(const struct btf *btf, const char *type, uint32_t *ret_size)
{
	const struct btf_type *t = type_by_name(btf, type);

	if (!t)
		return -ENOENT;
	*ret_size = t->size;
	return 0;
}
