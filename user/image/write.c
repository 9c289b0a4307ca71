// SPDX-License-Identifier: GPL-2.0
/*
 * Writing image files. Everything is gathered in one buffer that is written out
 * when it has grown past WRITE_CHUNK and at the end, so that a small image costs
 * one open, one write and one close. A file that exists is removed first rather
 * than truncated: the new one has mode 0600 whatever the old one had, and names
 * elsewhere (hard or symbolic links) of the old one are not written through.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/internal.h"
#include "lib/cleanup.h"

#define WRITE_CHUNK (64u << 10)
#define WRITE_FIRST 1024u

struct image_writer {
	int fd;
	int dir_fd;
	int ret;	 /* first failure; all later calls repeat it */
	uint64_t offset; /* bytes already in the file */
	size_t len, cap;
	uint8_t *buf;
	char name[IMAGE_NAME_LEN];
};

static int writer_fail(struct image_writer *w, int ret, const char *what)
{
	if (!w->ret)
		w->ret = ret;
	return image_fail(ret, "%s: %s at offset %llu: %s.", w->name, what,
			  (unsigned long long)(w->offset + w->len), strerror(-ret));
}

static int file_create(int dir_fd, const char *name)
{
	int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir_fd, name, flags, 0600);

	if (fd < 0 && errno == EEXIST && !unlinkat(dir_fd, name, 0))
		fd = openat(dir_fd, name, flags, 0600);
	return fd < 0 ? -errno : fd;
}

static int bytes_write(struct image_writer *w, const uint8_t *buf, size_t len)
{
	while (len) {
		ssize_t nr = write(w->fd, buf, len);

		if (nr < 0 && errno == EINTR)
			continue;
		if (nr <= 0)
			return writer_fail(w, nr ? -errno : -EIO, "cannot write");
		buf += nr;
		len -= nr;
		w->offset += nr;
	}
	return 0;
}

int image_write_flush(struct image_writer *w)
{
	size_t len = w->len;

	if (w->ret)
		return w->ret;
	w->len = 0;
	return bytes_write(w, w->buf, len);
}

/* Room for @len bytes at the end of the buffer. */
static int buffer_reserve(struct image_writer *w, size_t len)
{
	size_t cap = w->cap ? w->cap : WRITE_FIRST;
	uint8_t *buf;

	if (w->len + len <= w->cap)
		return 0;
	while (cap < w->len + len)
		cap *= 2;
	buf = realloc(w->buf, cap);
	if (!buf)
		return writer_fail(w, -ENOMEM, "no memory for an entry");
	w->buf = buf;
	w->cap = cap;
	return 0;
}

static void u32_put(struct image_writer *w, uint32_t value)
{
	uint8_t *p = w->buf + w->len;

	p[0] = value;
	p[1] = value >> 8;
	p[2] = value >> 16;
	p[3] = value >> 24;
	w->len += 4;
}

static void writer_free(struct image_writer *w)
{
	if (w->fd >= 0)
		close(w->fd);
	free(w->buf);
	free(w);
}

int image_write_open(int dir_fd, enum image_type type, unsigned long id,
		     struct image_writer **ret_w)
{
	struct image_writer *w = calloc(1, sizeof(*w));
	int ret;

	if (!w)
		return image_fail(-ENOMEM, "No memory to write an image.");
	w->dir_fd = dir_fd;
	image_name(type, id, w->name, sizeof(w->name));
	w->fd = file_create(dir_fd, w->name);
	if (w->fd < 0)
		ret = image_fail(w->fd, "%s: cannot be made in the images directory: %s.", w->name,
				 strerror(-w->fd));
	else
		ret = buffer_reserve(w, WRITE_FIRST);
	if (ret) {
		writer_free(w);
		return ret;
	}
	if (image_kinds[type].magic && image_first_magic(type))
		u32_put(w, image_first_magic(type));
	if (image_kinds[type].magic)
		u32_put(w, image_kinds[type].magic);
	*ret_w = w;
	return 0;
}

int image_write(struct image_writer *w, const ProtobufCMessage *msg)
{
	size_t len = protobuf_c_message_get_packed_size(msg);
	int ret;

	if (w->ret)
		return w->ret;
	if (len > INT32_MAX)
		return writer_fail(w, -EFBIG, "an entry would pass 2 GiB");
	ret = buffer_reserve(w, 4 + len);
	if (ret)
		return ret;
	u32_put(w, len);
	protobuf_c_message_pack(msg, w->buf + w->len);
	w->len += len;
	return w->len > WRITE_CHUNK ? image_write_flush(w) : 0;
}

int image_write_raw(struct image_writer *w, const void *buf, size_t len)
{
	int ret;

	if (w->ret)
		return w->ret;
	if (len > WRITE_CHUNK) {
		ret = image_write_flush(w);
		return ret ? ret : bytes_write(w, buf, len);
	}
	ret = buffer_reserve(w, len);
	if (ret)
		return ret;
	if (len)
		memcpy(w->buf + w->len, buf, len);
	w->len += len;
	return w->len > WRITE_CHUNK ? image_write_flush(w) : 0;
}

int image_write_fd(const struct image_writer *w)
{
	return w->fd;
}

int image_write_close(struct image_writer *w)
{
	int ret;

	if (!w)
		return 0;
	ret = image_write_flush(w);
	if (close(steal_fd(&w->fd)) && !ret)
		ret = writer_fail(w, -errno, "cannot finish writing");
	writer_free(w);
	return ret;
}

void image_write_abort(struct image_writer *w)
{
	if (!w)
		return;
	/* A file that is left behind is no harm: without inventory.img there is no checkpoint. */
	(void)unlinkat(w->dir_fd, w->name, 0);
	writer_free(w);
}

int image_write_one(int dir_fd, enum image_type type, unsigned long id, const ProtobufCMessage *msg)
{
	struct image_writer *w;
	int ret = image_write_open(dir_fd, type, id, &w);

	if (ret)
		return ret;
	ret = image_write(w, msg);
	if (ret) {
		image_write_abort(w);
		return ret;
	}
	return image_write_close(w);
}
