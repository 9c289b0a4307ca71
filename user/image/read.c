// SPDX-License-Identifier: GPL-2.0
/*
 * Reading image files. The whole file is in memory before the first entry is
 * handed out: read at once, or mapped where it is large. Nothing in it is
 * believed: every length is checked against what is left, and what unpacks was
 * checked for depth. Fields and enum values that are not known are kept silently,
 * so that images of newer writers are readable.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/internal.h"
#include "image/wire.h"
#include "lib/cleanup.h"

/* Above this a mapping is cheaper than a copy. */
#define READ_MAP_FROM (4u << 20)
/* Entries up to this size cannot nest deeply enough to matter. */
#define READ_SMALL    200u
#define READ_DEPTH    100u

struct image_reader {
	char *name;
	uint8_t *data;
	size_t len, at;
	bool mapped;
};

static uint32_t u32_get(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static int open_fail(const char *name, int ret)
{
	if (ret == -ENOENT)
		return image_fail(ret, "%s: no such file; the checkpoint is incomplete.", name);
	if (ret == -ELOOP)
		return image_fail(ret, "%s: is a symbolic link; images are not read through links.",
				  name);
	return image_fail(ret, "%s: cannot be opened: %s.", name, strerror(-ret));
}

static int file_map(struct image_reader *r, int fd)
{
	void *data = mmap(NULL, r->len, PROT_READ, MAP_PRIVATE, fd, 0);

	if (data == MAP_FAILED)
		return image_fail(-errno, "%s: cannot be mapped: %s.", r->name, strerror(errno));
	r->data = data;
	r->mapped = true;
	return 0;
}

static int file_read(struct image_reader *r, int fd)
{
	size_t len = 0;

	r->data = malloc(r->len ? r->len : 1);
	if (!r->data)
		return image_fail(-ENOMEM, "%s: no memory to read %zu bytes.", r->name, r->len);
	while (len < r->len) {
		ssize_t nr = read(fd, r->data + len, r->len - len);

		if (nr < 0 && errno == EINTR)
			continue;
		if (nr < 0)
			return image_fail(-errno, "%s: cannot be read at offset %zu: %s.", r->name,
					  len, strerror(errno));
		if (!nr)
			break;
		len += nr;
	}
	r->len = len;
	return 0;
}

static int file_load(struct image_reader *r, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return image_fail(-errno, "%s: cannot be looked at: %s.", r->name, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return image_fail(-EINVAL, "%s: is not a regular file, so no image.", r->name);
	r->len = st.st_size;
	return r->len > READ_MAP_FROM ? file_map(r, fd) : file_read(r, fd);
}

void image_read_close(struct image_reader *r)
{
	if (!r)
		return;
	if (r->mapped)
		munmap(r->data, r->len);
	else
		free(r->data);
	free(r->name);
	free(r);
}

static int reader_new(int dir_fd, const char *path, int open_flags, struct image_reader **ret_r)
{
	/* Not blocking: a fifo in an image's place must not stop us. */
	auto_close int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | open_flags);
	struct image_reader *r;
	int ret;

	if (fd < 0)
		return open_fail(path, -errno);
	r = calloc(1, sizeof(*r));
	if (r)
		r->name = strdup(path);
	if (!r || !r->name)
		ret = image_fail(-ENOMEM, "%s: no memory to read it.", path);
	else
		ret = file_load(r, fd);
	if (ret) {
		image_read_close(r);
		return ret;
	}
	*ret_r = r;
	return 0;
}

/*
 * Step over the header. *ret_magic is the kind's own magic. Version 1.0 images
 * begin with it, as inventory.img always does.
 */
static int header_read(struct image_reader *r, uint32_t *ret_magic)
{
	uint32_t magic = r->len >= 4 ? u32_get(r->data) : 0;

	if (r->len < 4)
		return image_fail(-EINVAL,
				  "%s: holds %zu bytes, less than the header of an image; "
				  "it is truncated.",
				  r->name, r->len);
	if (magic != IMAGE_MAGIC_COMMON && magic != IMAGE_MAGIC_SERVICE) {
		r->at = 4;
		*ret_magic = magic;
		return 0;
	}
	if (r->len < 8)
		return image_fail(-EINVAL,
				  "%s: ends at offset %zu, inside its header; "
				  "it is truncated.",
				  r->name, r->len);
	r->at = 8;
	*ret_magic = u32_get(r->data + 4);
	return 0;
}

/* The kind that @magic stands for; the one the name says where several share a magic. */
static int type_find(const char *path, uint32_t magic, enum image_type *ret_type)
{
	const char *slash = strrchr(path, '/');
	enum image_type type;
	unsigned long id;

	if (!image_parse_name(slash ? slash + 1 : path, &type, &id) &&
	    image_kinds[type].magic == magic) {
		*ret_type = type;
		return 0;
	}
	for (int i = 0; i < IMG_NR_TYPES; i++) {
		if (image_kinds[i].magic != magic || !magic)
			continue;
		*ret_type = i;
		return 0;
	}
	return -ENOENT;
}

/* Is the first magic that of @type, or absent (version 1.0, inventory.img)? */
static bool header_fits(const struct image_reader *r, enum image_type type)
{
	return r->at == 4 || u32_get(r->data) == image_first_magic(type);
}

static int header_check(struct image_reader *r, enum image_type type)
{
	enum image_type other;
	uint32_t magic;
	int ret;

	if (!image_kinds[type].magic)
		return 0;
	ret = header_read(r, &magic);
	if (ret)
		return ret;
	if (magic == image_kinds[type].magic && header_fits(r, type))
		return 0;
	if (type_find("", magic, &other) || !header_fits(r, type))
		return image_fail(-EINVAL,
				  "%s: the header should have the magic 0x%08x but has "
				  "0x%08x; it is no image of this kind or damaged.",
				  r->name, image_kinds[type].magic,
				  header_fits(r, type) ? magic : u32_get(r->data));
	return image_fail(-EINVAL,
			  "%s: holds an image of another kind (%s, by its magic at offset "
			  "%zu); the file was renamed or damaged.",
			  r->name, image_kinds[other].label, r->at - 4);
}

int image_read_open(int dir_fd, enum image_type type, unsigned long id, struct image_reader **ret_r)
{
	char name[IMAGE_NAME_LEN];
	struct image_reader *r;
	int ret;

	ret = reader_new(dir_fd, image_name(type, id, name, sizeof(name)), O_NOFOLLOW, &r);
	if (ret)
		return ret;
	ret = header_check(r, type);
	if (ret) {
		image_read_close(r);
		return ret;
	}
	*ret_r = r;
	return 0;
}

static bool path_is_raw(const char *path)
{
	const char *slash = strrchr(path, '/');
	enum image_type type;
	unsigned long id;

	return !image_parse_name(slash ? slash + 1 : path, &type, &id) && !image_kinds[type].magic;
}

int image_read_open_path(int dir_fd, const char *path, enum image_type *ret_type,
			 struct image_reader **ret_r)
{
	enum image_type type = IMG_PAGES;
	struct image_reader *r;
	uint32_t magic;
	int ret;

	ret = reader_new(dir_fd, path, 0, &r);
	if (ret)
		return ret;
	if (!path_is_raw(path)) {
		ret = header_read(r, &magic);
		if (!ret && (type_find(path, magic, &type) || !header_fits(r, type)))
			ret = image_fail(-EINVAL,
					 "%s: no kind of image has the magic 0x%08x at "
					 "offset %zu; it is no image or damaged.",
					 path, magic, r->at - 4);
	}
	if (ret) {
		image_read_close(r);
		return ret;
	}
	*ret_type = type;
	*ret_r = r;
	return 0;
}

/* Check and step over the length of the next entry. Returns 1, 0 at the end, or -errno. */
static int length_read(struct image_reader *r, uint32_t *ret_len)
{
	size_t left = image_read_left(r);
	uint32_t len;

	if (!left)
		return 0;
	if (left < 4)
		return image_fail(-EINVAL,
				  "%s: %zu bytes are left at offset %zu, too few for an entry; "
				  "the image is truncated or damaged.",
				  r->name, left, r->at);
	len = u32_get(r->data + r->at);
	if (len > left - 4)
		return image_fail(-EINVAL,
				  "%s: entry at offset %zu says %u bytes but only %zu are "
				  "left; the image is truncated or damaged.",
				  r->name, r->at, len, left - 4);
	r->at += 4;
	*ret_len = len;
	return 1;
}

int image_read(struct image_reader *r, const ProtobufCMessageDescriptor *desc,
	       ProtobufCMessage **ret_msg)
{
	ProtobufCMessage *msg = NULL;
	size_t start = r->at;
	uint32_t len = 0;
	int ret = length_read(r, &len);

	if (ret <= 0)
		return ret;
	if (len <= READ_SMALL || !wire_check_depth(desc, r->data + r->at, len, READ_DEPTH))
		msg = protobuf_c_message_unpack(desc, NULL, len, r->data + r->at);
	if (!msg) {
		r->at = start;
		return image_fail(-EINVAL,
				  "%s: entry at offset %zu (%u bytes) is no valid %s; the "
				  "image is damaged.",
				  r->name, start, len, desc->name);
	}
	r->at += len;
	*ret_msg = msg;
	return 1;
}

int image_read_missing(const struct image_reader *r, const ProtobufCMessageDescriptor *desc)
{
	return image_fail(-EINVAL,
			  "%s: ends at offset %zu where a %s should be; the image is "
			  "truncated.",
			  r->name, r->at, desc->name);
}

int image_read_raw(struct image_reader *r, size_t len, const void **ret_buf)
{
	size_t left = image_read_left(r);

	if (len > left)
		return image_fail(-EINVAL,
				  "%s: %zu bytes of data belong at offset %zu but only %zu are "
				  "left; the image is truncated or damaged.",
				  r->name, len, r->at, left);
	*ret_buf = r->data + r->at;
	r->at += len;
	return 0;
}

size_t image_read_left(const struct image_reader *r)
{
	return r->len - r->at;
}

size_t image_read_offset(const struct image_reader *r)
{
	return r->at;
}

int image_read_one(int dir_fd, enum image_type type, unsigned long id,
		   const ProtobufCMessageDescriptor *desc, ProtobufCMessage **ret_msg)
{
	struct image_reader *r;
	ProtobufCMessage *msg;
	int ret = image_read_open(dir_fd, type, id, &r);

	if (ret)
		return ret;
	ret = image_read(r, desc, &msg);
	if (!ret)
		ret = image_read_missing(r, desc);
	if (ret == 1 && image_read_left(r)) {
		ret = image_fail(-EINVAL,
				 "%s: %zu bytes follow at offset %zu where the file should "
				 "end; the image is damaged.",
				 r->name, image_read_left(r), r->at);
		protobuf_c_message_free_unpacked(msg, NULL);
	}
	image_read_close(r);
	if (ret < 0)
		return ret;
	*ret_msg = msg;
	return 0;
}
