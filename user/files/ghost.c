// SPDX-License-Identifier: GPL-2.0
/*
 * Deleted files and directories that are still in use. The images carry them
 * (ghost-file-N.img), or a link made at the dump (--link-remap), or name a
 * /proc directory of a dead task. Each is made under its old name and deleted
 * again at once, before anything else exists; all tasks inherit a descriptor of
 * it and open it anew through /proc/self/fd.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files/files.h"
#include "image/ghost_file.pb-c.h"
#include "image/image.h"
#include "image/regfile.pb-c.h"
#include "image/remap_file_path.pb-c.h"
#include "image/time.pb-c.h"

#define DELETED " (deleted)"

static int ghost_write(int fd, const char *buf, size_t len, off_t offset)
{
	while (len) {
		ssize_t n = pwrite(fd, buf, len, offset);

		if (n < 0)
			return -errno;
		buf += n;
		len -= (size_t)n;
		offset += n;
	}
	return 0;
}

static int ghost_fill(struct image_reader *reader, const GhostFileEntry *g, int fd)
{
	const void *data;
	int ret;

	if (!g->has_chunks || !g->chunks) {
		size_t len = image_read_left(reader);

		ret = image_read_raw(reader, len, &data);
		return ret ? ret : ghost_write(fd, data, len, 0);
	}
	if (ftruncate(fd, (off_t)g->size))
		return -errno;
	for (;;) {
		ProtobufCMessage *msg;
		GhostChunkEntry *c;

		ret = image_read(reader, &ghost_chunk_entry__descriptor, &msg);
		if (ret <= 0)
			return ret;
		c = (GhostChunkEntry *)msg;
		ret = image_read_raw(reader, c->len, &data);
		if (!ret)
			ret = ghost_write(fd, data, c->len, (off_t)c->off);
		protobuf_c_message_free_unpacked(msg, NULL);
		if (ret)
			return ret;
	}
}

static int ghost_create(const GhostFileEntry *g, const char *path, int *ret_fd)
{
	mode_t type = g->mode & S_IFMT;
	int fd, ret = 0;

	if (type == S_IFDIR) {
		if (mkdir(path, 0700))
			return -errno;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	} else if (type == S_IFREG) {
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	} else if (type == S_IFLNK) {
		if (!g->symlnk_target || symlink(g->symlnk_target, path))
			return g->symlnk_target ? -errno : -EINVAL;
		fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	} else {
		if (mknod(path, g->mode, g->rdev))
			return -errno;
		fd = open(path, (type == S_IFIFO ? O_RDWR : O_PATH) | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd < 0)
		ret = -errno;
	if (type == S_IFDIR)
		rmdir(path);
	else
		unlink(path);
	if (!ret)
		*ret_fd = fd;
	return ret;
}

/* Under its old name where that is free now, else beside it. */
static int ghost_create_near(const GhostFileEntry *g, const char *name, int *ret_fd)
{
	char path[PATH_MAX];
	size_t len = strlen(name), tail = strlen(DELETED);
	int ret;

	if (len > tail && !strcmp(name + len - tail, DELETED))
		len -= tail;
	snprintf(path, sizeof(path), "%s%.*s", *name == '/' ? "" : "/", (int)len, name);
	ret = ghost_create(g, path, ret_fd);
	for (int i = 0; ret == -EEXIST && i < 100; i++) {
		snprintf(path, sizeof(path), "%s%.*s.%d", *name == '/' ? "" : "/", (int)len, name, i);
		ret = ghost_create(g, path, ret_fd);
	}
	return ret;
}

static int ghost_attributes(const GhostFileEntry *g, int fd)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };

	if ((g->mode & S_IFMT) == S_IFLNK)
		return 0;
	if (fchown(fd, g->uid, g->gid) || fchmod(fd, g->mode & 07777))
		return -errno;
	if (g->atim && g->mtim) {
		times[0] = (struct timespec){ (time_t)g->atim->tv_sec,
					      (long)g->atim->tv_usec * 1000 };
		times[1] = (struct timespec){ (time_t)g->mtim->tv_sec,
					      (long)g->mtim->tv_usec * 1000 };
	}
	(void)futimens(fd, times); /* times are a courtesy */
	return 0;
}

static int ghost_restore(struct restore *r, const RegFileEntry *reg, uint32_t id, int *ret_fd)
{
	struct image_reader *reader;
	ProtobufCMessage *msg = NULL;
	const GhostFileEntry *g;
	int fd = -1, ret = image_read_open(r->ctx.images_fd, IMG_GHOST_FILE, id, &reader);

	if (ret)
		return fail(r->ctx.err, ret, "%s", image_error());
	ret = image_read(reader, &ghost_file_entry__descriptor, &msg);
	if (ret != 1) {
		image_read_close(reader);
		return fail(r->ctx.err, ret ? ret : -EINVAL, "%s", ret ? image_error() : "a ghost-file image is empty");
	}
	g = (const GhostFileEntry *)msg;
	ret = ghost_create_near(g, reg->name, &fd);
	if (!ret && S_ISREG(g->mode))
		ret = ghost_fill(reader, g, fd);
	if (!ret)
		ret = ghost_attributes(g, fd);
	if (ret)
		fail_errno(r->ctx.err, ret, "making the deleted file %s again", reg->name);
	protobuf_c_message_free_unpacked(msg, NULL);
	image_read_close(reader);
	if (ret && fd >= 0)
		close(fd);
	if (!ret)
		*ret_fd = restore_fd_lift(r, fd);
	return ret;
}

/* The link that a dump with --link-remap left beside the deleted name. */
static int linked_restore(struct restore *r, const RegFileEntry *reg, uint32_t id, int *ret_fd)
{
	const struct restore_file *link = restore_file_find(r, id);
	const RegFileEntry *l = link ? link->entry->reg : NULL;
	char path[PATH_MAX], name[PATH_MAX];
	struct stat st;
	size_t len;
	int fd;

	if (!l)
		return fail(r->ctx.err, -EINVAL, "remap-fpath.img: %s has no link (open file %u)",
			    reg->name, id);
	snprintf(path, sizeof(path), "%s%s", *l->name == '/' ? "" : "/", l->name);
	len = strlen(reg->name);
	if (len > strlen(DELETED) && !strcmp(reg->name + len - strlen(DELETED), DELETED))
		len -= strlen(DELETED);
	snprintf(name, sizeof(name), "%s%.*s", *reg->name == '/' ? "" : "/", (int)len, reg->name);
	/* opened by its old name where possible, so that the task sees that name */
	if (lstat(name, &st) && errno == ENOENT && !linkat(AT_FDCWD, path, AT_FDCWD, name, 0)) {
		fd = open(name, O_PATH | O_CLOEXEC | O_NOFOLLOW);
		unlink(name);
	} else {
		fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "opening %s, the link that the dump made to %s",
				  path, reg->name);
	*ret_fd = restore_fd_lift(r, fd);
	return 0;
}

/* /proc/PID of a task that is dead: one such task is made for the moment. */
static int procfs_restore(struct restore *r, const RegFileEntry *reg, uint32_t pid, int *ret_fd)
{
	char path[PATH_MAX];
	int fd = -1, ret;
	pid_t child;

	ret = restore_dead_task(r, pid, &child);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s%s", *reg->name == '/' ? "" : "/", reg->name);
	fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	ret = fd < 0 ? -errno : 0;
	kill(child, SIGKILL);
	waitpid(child, NULL, __WALL);
	if (ret)
		return fail_errno(r->ctx.err, ret, "opening %s, a file of a dead task", path);
	*ret_fd = restore_fd_lift(r, fd);
	return 0;
}

int ghost_restore_all(struct restore *r)
{
	array_for_each(&r->remaps, m) {
		const struct restore_file *f = restore_file_find(r, m->orig_id);
		RemapType type = m->entry->has_remap_type ? m->entry->remap_type : REMAP_TYPE__GHOST;
		int ret = 0;

		if (!f || !f->entry->reg)
			return fail(r->ctx.err, -EINVAL,
				    "remap-fpath.img names open file %u, which files.img does not have",
				    m->orig_id);
		if (m->fd >= 0)
			continue;
		array_for_each(&r->remaps, o) {
			/* several descriptions of one deleted file */
			if (o->fd >= 0 && type != REMAP_TYPE__PROCFS &&
			    o->entry->remap_id == m->entry->remap_id) {
				m->fd = o->fd;
				break;
			}
		}
		if (m->fd >= 0)
			continue;
		if (type == REMAP_TYPE__GHOST)
			ret = ghost_restore(r, f->entry->reg, m->entry->remap_id, &m->fd);
		else if (type == REMAP_TYPE__LINKED)
			ret = linked_restore(r, f->entry->reg, m->entry->remap_id, &m->fd);
		else
			ret = procfs_restore(r, f->entry->reg, m->entry->remap_id, &m->fd);
		if (ret)
			return ret;
	}
	return 0;
}
