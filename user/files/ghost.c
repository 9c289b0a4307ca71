// SPDX-License-Identifier: GPL-2.0
/*
 * Files without a name: deleted files and directories that are still open,
 * mapped, or somebody's cwd. Their content goes into ghost-file-ID.img up to
 * --ghost-limit, holes left out. A file that has other hard links must stay the
 * same file, which only a new link beside its old name can do (--link-remap).
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
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
#include "lib/cleanup.h"

/* ---- dump ---- */

#define COPY_LEN (1 << 20)

int remap_add(struct dump *d, uint32_t orig_id, uint32_t remap_id, RemapType type)
{
	struct remap *r = array_add(&d->files->remaps);

	if (!r)
		return -ENOMEM;
	*r = (struct remap){ orig_id, remap_id, type };
	return 0;
}

/* A record of type REG for the new link, which the remap entry points at. */
static int link_record(struct dump *d, const struct dump_file *orig, const char *path)
{
	struct dump_file *file;
	int ret = file_add(d, &file);

	if (ret)
		return ret;
	file->entry.type = FD_TYPES__REG;
	file->entry.reg = &file->reg;
	file->reg = orig->reg;
	file->reg.id = file->entry.id;
	file->reg.fown = &file->fown;
	file->reg.n_build_id = 0;
	file->reg.build_id = NULL;
	file->reg.name = strdup(path);
	if (!file->reg.name)
		return -ENOMEM;
	return remap_add(d, orig->entry.id, file->entry.id, REMAP_TYPE__LINKED);
}

static int link_remap(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	auto_free char *copy = strdup(file->reg.name);
	char from[64], path[PATH_MAX], **slot;

	if (!copy)
		return -ENOMEM;
	if (!d->ctx.link_remap || d->ctx.check_only)
		return d->ctx.link_remap ? 0 :
		       dump_refuse(d, "pid %d %s: %s was deleted but has other hard links; give "
				   "--link-remap to let crctl make a link beside it",
				   fd->task->pid, fd->proc_name, file->reg.name);
	snprintf(from, sizeof(from), "/proc/%d/%.40s", fd->task->live_tid, fd->proc_name);
	if ((size_t)snprintf(path, sizeof(path), "%s/link_remap.%u", dirname(copy),
			     file->entry.id) >= sizeof(path))
		return -ENAMETOOLONG;
	(void)unlink(path);	/* left by an earlier dump of the same tree */
	if (linkat(AT_FDCWD, from, AT_FDCWD, path, AT_SYMLINK_FOLLOW))
		return fail_errno(d->ctx.err, -errno, "pid %d %s: no link %s can be made",
				  fd->task->pid, fd->proc_name, path);
	slot = array_add(&d->files->links);
	if (slot)
		*slot = strdup(path);
	if (!slot || !*slot)
		return -ENOMEM;
	return link_record(d, file, path);
}

void files_unlink_remaps(struct dump *d)
{
	for (size_t i = 0; d->files && i < d->files->links.nr; i++)
		if (unlink(d->files->links.items[i]))
			log_warn("the link %s cannot be removed: %s, continuing",
				 d->files->links.items[i], strerror(errno));
}

int ghost_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	struct ghost *g;

	if (S_ISREG(fd->st.st_mode) && fd->st.st_nlink > 0)
		return link_remap(d, fd, file);
	if (S_ISREG(fd->st.st_mode) && (uint64_t)fd->st.st_blocks * 512 > d->ctx.ghost_limit)
		return dump_refuse(d, "pid %d %s: the deleted file %s holds %llu bytes, more than "
				   "--ghost-limit %llu; raise the limit", fd->task->pid,
				   fd->proc_name, file->reg.name,
				   (unsigned long long)fd->st.st_blocks * 512,
				   (unsigned long long)d->ctx.ghost_limit);
	array_for_each(&d->files->ghosts, known)
		if (known->ino == fd->st.st_ino && known->dev == fd->st.st_dev)
			return remap_add(d, file->entry.id, known->id, REMAP_TYPE__GHOST);
	g = array_add(&d->files->ghosts);
	if (!g)
		return -ENOMEM;
	*g = (struct ghost){ .dev = fd->st.st_dev, .ino = fd->st.st_ino, .task = fd->task,
			     .st = fd->st, .id = (uint32_t)d->files->ghosts.nr };
	snprintf(g->proc_name, sizeof(g->proc_name), "%.63s", fd->proc_name);
	return remap_add(d, file->entry.id, g->id, REMAP_TYPE__GHOST);
}

static int range_copy(struct image_writer *w, int fd, off_t at, off_t end, char *buf)
{
	int ret = 0;

	while (at < end && !ret) {
		size_t want = end - at < COPY_LEN ? (size_t)(end - at) : COPY_LEN;
		ssize_t n = pread(fd, buf, want, at);

		if (n <= 0)
			return n ? -errno : -EIO;
		ret = image_write_raw(w, buf, (size_t)n);
		at += n;
	}
	return ret;
}

static int chunk_write(struct image_writer *w, int fd, off_t at, off_t end, char *buf)
{
	GhostChunkEntry chunk = GHOST_CHUNK_ENTRY__INIT;
	int ret;

	chunk.off = (uint64_t)at;
	chunk.len = (uint64_t)(end - at);
	ret = image_write(w, &chunk.base);
	return ret ? ret : range_copy(w, fd, at, end, buf);
}

static int sparse_copy(struct image_writer *w, int fd, off_t size, char *buf)
{
	off_t at = 0, end;
	int ret = 0;

	while (at < size && !ret) {
		at = lseek(fd, at, SEEK_DATA);
		if (at < 0)
			return errno == ENXIO ? 0 : -errno;
		end = lseek(fd, at, SEEK_HOLE);
		if (end < 0)
			return -errno;
		ret = chunk_write(w, fd, at, end, buf);
		at = end;
	}
	return ret;
}

/* The dump shall leave no trace in the times of a file that goes on. */
static int ghost_open(const struct ghost *g)
{
	int flags = O_RDONLY | O_CLOEXEC;
	int fd = openat(g->task->proc_fd, g->proc_name, flags | O_NOATIME);

	if (fd < 0 && errno == EPERM)	/* of another's, without CAP_FOWNER */
		fd = openat(g->task->proc_fd, g->proc_name, flags);
	return fd < 0 ? -errno : fd;
}

static int ghost_write_content(struct image_writer *w, const struct ghost *g, bool sparse)
{
	auto_free char *buf = malloc(COPY_LEN);
	auto_close int fd = ghost_open(g);

	if (!buf)
		return -ENOMEM;
	if (fd < 0)
		return fd;
	return sparse ? sparse_copy(w, fd, g->st.st_size, buf)
		      : range_copy(w, fd, 0, g->st.st_size, buf);
}

static void ghost_entry_fill(const struct ghost *g, GhostFileEntry *e, Timeval *atim,
			     Timeval *mtim)
{
	e->uid = g->st.st_uid;
	e->gid = g->st.st_gid;
	e->mode = g->st.st_mode;
	e->has_dev = e->has_ino = true;
	e->dev = (uint32_t)g->st.st_dev;
	e->ino = g->st.st_ino;
	atim->tv_sec = (uint64_t)g->st.st_atim.tv_sec;
	atim->tv_usec = (uint64_t)g->st.st_atim.tv_nsec / 1000;
	mtim->tv_sec = (uint64_t)g->st.st_mtim.tv_sec;
	mtim->tv_usec = (uint64_t)g->st.st_mtim.tv_nsec / 1000;
	e->atim = atim;
	e->mtim = mtim;
}

static int ghost_write_image(struct dump *d, const struct ghost *g)
{
	GhostFileEntry e = GHOST_FILE_ENTRY__INIT;
	Timeval atim = TIMEVAL__INIT, mtim = TIMEVAL__INIT;
	bool sparse = (uint64_t)g->st.st_blocks * 512 < (uint64_t)g->st.st_size;
	struct image_writer *w = NULL;
	int close_ret, ret;

	ghost_entry_fill(g, &e, &atim, &mtim);
	if (S_ISREG(g->st.st_mode) && sparse) {
		e.has_chunks = e.has_size = e.chunks = true;
		e.size = (uint64_t)g->st.st_size;
	}
	if (S_ISCHR(g->st.st_mode) || S_ISBLK(g->st.st_mode)) {
		e.has_rdev = true;
		e.rdev = (uint32_t)g->st.st_rdev;
	}
	ret = image_write_open(d->ctx.images_fd, IMG_GHOST_FILE, g->id, &w);
	if (!ret)
		ret = image_write(w, &e.base);
	if (!ret && S_ISREG(g->st.st_mode))
		ret = ghost_write_content(w, g, sparse);
	close_ret = image_write_close(w);
	if (ret || close_ret)
		return fail_errno(d->ctx.err, ret ? ret : close_ret, "pid %d %s: the deleted file "
				  "cannot be copied into the images", g->task->pid, g->proc_name);
	return 0;
}

static int remaps_write(struct dump *d)
{
	struct image_writer *w = NULL;
	int close_ret, ret = image_write_open(d->ctx.images_fd, IMG_REMAP_FPATH, 0, &w);

	for (size_t i = 0; i < d->files->remaps.nr && !ret; i++) {
		const struct remap *m = &d->files->remaps.items[i];
		RemapFilePathEntry e = REMAP_FILE_PATH_ENTRY__INIT;

		e.orig_id = m->orig_id;
		e.remap_id = m->remap_id;
		e.has_remap_type = true;
		e.remap_type = m->type;
		ret = image_write(w, &e.base);
	}
	close_ret = image_write_close(w);
	ret = ret ? ret : close_ret;
	return ret ? fail(d->ctx.err, ret, "%s", image_error()) : 0;
}

int ghost_write_all(struct dump *d)
{
	int ret = 0;

	for (size_t i = 0; i < d->files->ghosts.nr && !ret; i++)
		ret = ghost_write_image(d, &d->files->ghosts.items[i]);
	if (!ret && d->files->remaps.nr)
		ret = remaps_write(d);
	return ret;
}

/* ---- restore ---- */

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
	/* of another that has this name now nothing may be touched */
	if (ret == -EEXIST)
		return ret;
	if (type == S_IFDIR)
		rmdir(path);
	else
		unlink(path);
	if (!ret)
		*ret_fd = fd;
	return ret;
}

/* Make the directories above @path that are gone; *ret_len is where the first of them ends. */
static int parents_make(char *path, size_t *ret_len)
{
	size_t first = 0;

	for (char *p = path + 1; *p; p++) {
		int ret;

		if (*p != '/')
			continue;
		*p = 0;
		ret = mkdir(path, 0700) ? -errno : 0;
		*p = '/';
		if (ret && ret != -EEXIST)
			return ret;
		if (!ret && !first)
			first = (size_t)(p - path);
	}
	*ret_len = first;
	return 0;
}

static void parents_remove(char *path, size_t len)
{
	char *p;

	while (len && (p = strrchr(path, '/')) && (size_t)(p - path) >= len) {
		*p = 0;
		rmdir(path);
	}
}

static int ghost_create_below(const GhostFileEntry *g, char *path, int *ret_fd)
{
	size_t len = 0;
	int ret = ghost_create(g, path, ret_fd);

	if (ret != -ENOENT)
		return ret;
	ret = parents_make(path, &len);
	if (!ret)
		ret = ghost_create(g, path, ret_fd);
	parents_remove(path, len);
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
	ret = ghost_create_below(g, path, ret_fd);
	for (int i = 0; ret == -EEXIST && i < 100; i++) {
		snprintf(path, sizeof(path), "%s%.*s.%d", *name == '/' ? "" : "/", (int)len, name,
			 i);
		ret = ghost_create_below(g, path, ret_fd);
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

/* A descriptor that counts as no writer: the file may be a program that runs (ETXTBSY). */
static int ghost_keep(struct restore *r, int fd)
{
	char path[64];
	int other;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	other = open(path, O_PATH | O_CLOEXEC);
	if (other < 0)
		return restore_fd_lift(r, fd);
	close(fd);
	return restore_fd_lift(r, other);
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
		return fail(r->ctx.err, ret ? ret : -EINVAL, "%s",
			    ret ? image_error() : "a ghost-file image is empty");
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
		*ret_fd = ghost_keep(r, fd);
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
	/* it is removed in the end: no other file may be named here */
	if (!strstr(l->name, "link_remap.") || strchr(strstr(l->name, "link_remap."), '/'))
		return fail(r->ctx.err, -EINVAL, "files.img: %s is no link that a dump made",
			    l->name);
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
		return fail_errno(r->ctx.err, -errno,
				  "opening %s, the link that the dump made to %s", path, reg->name);
	*ret_fd = restore_fd_lift(r, fd);
	return 0;
}

/*
 * /proc/PID of a task that is dead: one such task is made for the moment. What
 * opens is the description itself, as a dead task's directory opens no more.
 */
static int procfs_restore(struct restore *r, const RegFileEntry *reg, uint32_t pid, int *ret_fd)
{
	int flags = ((int)reg->flags & ~(O_CREAT | O_EXCL | O_TRUNC)) | O_CLOEXEC | O_NOCTTY;
	char path[PATH_MAX];
	int fd = -1, ret;
	pid_t child;

	ret = restore_dead_task(r, pid, &child);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s%s", *reg->name == '/' ? "" : "/", reg->name);
	fd = open(path, flags);
	ret = fd < 0 ? -errno : 0;
	if (!ret && reg->pos && !(flags & O_PATH))
		(void)lseek(fd, (off_t)reg->pos, SEEK_SET); /* nothing can be read from it */
	kill(child, SIGKILL);
	waitpid(child, NULL, __WALL);
	if (ret)
		return fail_errno(r->ctx.err, ret, "opening %s, a file of a dead task", path);
	*ret_fd = restore_fd_lift(r, fd);
	return 0;
}

static RemapType remap_type(const struct restore_remap *m)
{
	return m->entry->has_remap_type ? m->entry->remap_type : REMAP_TYPE__GHOST;
}

static int remap_restore(struct restore *r, struct restore_remap *m)
{
	struct restore_file *f = restore_file_find(r, m->orig_id);
	const RegFileEntry *reg = f ? f->entry->reg : NULL;

	if (!reg)
		return fail(r->ctx.err, -EINVAL,
			    "remap-fpath.img names open file %u, which files.img does not have",
			    m->orig_id);
	if (remap_type(m) == REMAP_TYPE__GHOST)
		return ghost_restore(r, reg, m->entry->remap_id, &m->fd);
	if (remap_type(m) == REMAP_TYPE__LINKED)
		return linked_restore(r, reg, m->entry->remap_id, &m->fd);
	return procfs_restore(r, reg, m->entry->remap_id, &f->fd);
}

static int remap_compare(const void *a, const void *b)
{
	const struct restore_remap *x = *(struct restore_remap *const *)a;
	const struct restore_remap *y = *(struct restore_remap *const *)b;

	if (remap_type(x) != remap_type(y))
		return remap_type(x) < remap_type(y) ? -1 : 1;
	if (x->entry->remap_id != y->entry->remap_id)
		return x->entry->remap_id < y->entry->remap_id ? -1 : 1;
	return x->orig_id < y->orig_id ? -1 : x->orig_id > y->orig_id;
}

int ghost_restore_all(struct restore *r)
{
	auto_free struct restore_remap **sorted = calloc(r->remaps.nr + 1, sizeof(*sorted));
	size_t nr = 0;
	int ret = 0;

	if (!sorted)
		return fail_errno(r->ctx.err, -ENOMEM, "remap-fpath.img");
	array_for_each(&r->remaps, m)
		sorted[nr++] = m;
	qsort(sorted, nr, sizeof(*sorted), remap_compare);
	for (size_t i = 0; !ret && i < nr; i++) {
		struct restore_remap *m = sorted[i], *last = i ? sorted[i - 1] : NULL;

		/* several descriptions of one deleted file follow each other */
		if (last && last->fd >= 0 && remap_type(last) == remap_type(m) &&
		    last->entry->remap_id == m->entry->remap_id)
			m->fd = last->fd;
		else
			ret = remap_restore(r, m);
	}
	return ret;
}

void ghost_finish(struct restore *r)
{
	array_for_each(&r->remaps, m) {
		const struct restore_file *link;
		char path[PATH_MAX];

		if (!m->entry->has_remap_type || m->entry->remap_type != REMAP_TYPE__LINKED)
			continue;
		link = restore_file_find(r, m->entry->remap_id);
		snprintf(path, sizeof(path), "%s%s", *link->entry->reg->name == '/' ? "" : "/",
			 link->entry->reg->name);
		if (unlink(path) && errno != ENOENT)
			log_warn("removing %s, the link that the dump made: %s; continuing", path,
				 strerror(errno));
	}
}
