// SPDX-License-Identifier: GPL-2.0
/*
 * Pipes: both ends by flags, the size, and the data that waits in them, which
 * tee(2) copies without taking it. An end that is held outside the tree cannot
 * be carried over and is refused; poll(2) tells of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "files/files.h"
#include "files/pipe.h"
#include "image/crctl.pb-c.h"
#include "image/image.h"
#include "image/pipe.pb-c.h"
#include "image/pipe_data.pb-c.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"

/* ---- dump ---- */

static bool pipe_match(const struct fd_info *fd)
{
	return S_ISFIFO(fd->st.st_mode) && !strncmp(fd->link, "pipe:[", 6);
}

static size_t pipe_place(const struct file_table *t, uint32_t pipe_id, bool fifo)
{
	size_t low = 0, high = t->pipes.nr;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct pipe_info *p = &t->pipes.items[mid];

		if (p->pipe_id < pipe_id || (p->pipe_id == pipe_id && p->fifo < fifo))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct pipe_info *pipe_get(struct file_table *t, uint32_t pipe_id, bool fifo)
{
	size_t at = pipe_place(t, pipe_id, fifo);

	if (at < t->pipes.nr && t->pipes.items[at].pipe_id == pipe_id &&
	    t->pipes.items[at].fifo == fifo)
		return &t->pipes.items[at];
	if (!array_add(&t->pipes))
		return NULL;
	memmove(&t->pipes.items[at + 1], &t->pipes.items[at],
		(t->pipes.nr - 1 - at) * sizeof(t->pipes.items[0]));
	t->pipes.items[at] = (struct pipe_info){ .pipe_id = pipe_id, .fifo = fifo, .fd = -1 };
	return &t->pipes.items[at];
}

int pipe_note(struct dump *d, const struct fd_info *fd, uint32_t pipe_id, bool fifo)
{
	struct pipe_info *p = pipe_get(d->files, pipe_id, fifo);
	bool reads = (fd->flags & O_ACCMODE) != O_WRONLY;
	int nr_bytes = 0, size;

	if (!p)
		return -ENOMEM;
	if (!p->task || (reads && !p->has_read)) {
		p->task = fd->task;
		p->fd = fd->fd;
		snprintf(p->link, sizeof(p->link), "%.31s", fd->link);
	}
	p->packets |= (fd->flags & O_DIRECT) != 0;
	p->has_read |= reads;
	p->has_write |= (fd->flags & O_ACCMODE) != O_RDONLY;
	if (p->size)
		return 0;
	size = fcntl(fd->local_fd, F_GETPIPE_SZ);
	if (size < 0 || ioctl(fd->local_fd, FIONREAD, &nr_bytes))
		return fail_errno(d->ctx.err, -errno, "pid %d fd %d: size of the pipe",
				  fd->task->pid, fd->fd);
	p->size = (uint32_t)size;
	p->nr_bytes = (uint32_t)nr_bytes;
	return 0;
}

static int pipe_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	file->entry.pipe = &file->pipe;
	file->pipe.id = file->entry.id;
	file->pipe.pipe_id = (uint32_t)fd->st.st_ino;
	file->pipe.flags = fd->flags;
	file->pipe.fown = &file->fown;
	return pipe_note(d, fd, file->pipe.pipe_id, false);
}

/* Does somebody outside hold the end that the tree has not? */
static bool pipe_other_end_lives(const struct pipe_info *p, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = p->has_read ? POLLIN : POLLOUT };

	if (poll(&pfd, 1, 0) < 0)
		return true;
	return !(pfd.revents & (p->has_read ? POLLHUP : POLLERR));
}

static int pipe_check_lone_end(struct dump *d, struct pipe_info *p)
{
	auto_close int fd = -1;

	/* a container's runtime has the other ends, and gives them to the restore */
	if ((p->has_read && p->has_write) || dump_ns_flags(d) & (CLONE_NEWPID | CLONE_NEWNS))
		return 0;
	fd = sys_pidfd_getfd(p->task->pidfd, p->fd);
	if (fd < 0)
		return fail_errno(d->ctx.err, fd, "pid %d fd %d cannot be looked at", p->task->pid,
				  p->fd);
	if (pipe_other_end_lives(p, fd))
		return dump_refuse(d,
				   "pid %d fd %d: the %s end of %s is held outside the tree; dump "
				   "the whole pipeline, or use a file instead",
				   p->task->pid, p->fd, p->has_read ? "write" : "read",
				   p->fifo ? "the fifo" : p->link);
	return 0;
}

int pipe_check_ends(struct dump *d, bool fifo)
{
	int ret = 0;

	for (size_t i = 0; d->files && i < d->files->pipes.nr && !ret; i++)
		if (d->files->pipes.items[i].fifo == fifo)
			ret = pipe_check_lone_end(d, &d->files->pipes.items[i]);
	return ret;
}

static int pipe_collect_end(struct dump *d)
{
	return pipe_check_ends(d, false);
}

/* A descriptor to read from: the task's own end, or the pipe opened once more. */
static int pipe_open_read(const struct pipe_info *p)
{
	char path[64];
	int fd;

	if (p->has_read)
		return sys_pidfd_getfd(p->task->pidfd, p->fd);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", p->task->live_tid, p->fd);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int packet_add(CrctlPipeEntry *e, uint32_t len)
{
	uint32_t *lens = reallocarray(e->packet_len, e->n_packet_len + 1, sizeof(*lens));

	if (!lens)
		return -ENOMEM;
	lens[e->n_packet_len++] = len;
	e->packet_len = lens;
	return 0;
}

/*
 * Through a pipe of our own, as large as the other. Data stays in place: tee(2)
 * only takes references.
 */
static int pipe_copy(const struct pipe_info *p, int copy[2], uint32_t *copy_size, char *buf,
		     CrctlPipeEntry *packets)
{
	auto_close int fd = pipe_open_read(p);
	size_t got = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	if (*copy_size != p->size && fcntl(copy[1], F_SETPIPE_SZ, p->size) < 0)
		return -errno;
	*copy_size = p->size;
	n = tee(fd, copy[1], p->nr_bytes, SPLICE_F_NONBLOCK);
	if (n != (ssize_t)p->nr_bytes)
		return n < 0 ? -errno : -EIO;
	while (got < p->nr_bytes) {
		n = read(copy[0], buf + got, p->nr_bytes - got);
		if (n <= 0)
			return n ? -errno : -EIO;
		if (packets && packet_add(packets, (uint32_t)n))
			return -ENOMEM;
		got += (size_t)n;
	}
	return 0;
}

/* Where one read(2) ends the next packet begins; the format has no room for that. */
static int pipe_packets(const struct pipe_info *p, CrctlPipeEntry **ret_entry)
{
	CrctlTaskEntry *extra = p->task->extra;
	CrctlPipeEntry **slot, *e = calloc(1, sizeof(*e));

	slot = e ? reallocarray(extra->pipes, extra->n_pipes + 1, sizeof(*slot)) : NULL;
	if (!slot) {
		free(e);
		return -ENOMEM;
	}
	crctl_pipe_entry__init(e);
	e->pipe_id = p->pipe_id;
	extra->pipes = slot;
	slot[extra->n_pipes++] = e;
	*ret_entry = e;
	return 0;
}

static int pipe_write_one(struct dump *d, struct image_writer *w, const struct pipe_info *p,
			  int copy[2], uint32_t *copy_size)
{
	PipeDataEntry e = PIPE_DATA_ENTRY__INIT;
	auto_free char *buf = malloc(p->nr_bytes + 1);
	CrctlPipeEntry *packets = NULL;
	int ret = buf ? 0 : -ENOMEM;

	if (!ret && p->nr_bytes && p->packets)
		ret = pipe_packets(p, &packets);
	if (!ret && p->nr_bytes)
		ret = pipe_copy(p, copy, copy_size, buf, packets);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: the pipe's data cannot be copied",
				  p->task->pid, p->fd);
	e.pipe_id = p->pipe_id;
	e.bytes = p->nr_bytes;
	e.has_size = true;
	e.size = p->size;
	ret = image_write(w, &e.base);
	return ret ? ret : image_write_raw(w, buf, p->nr_bytes);
}

int pipe_write_data(struct dump *d, bool fifo)
{
	struct image_writer *w = NULL;
	int copy[2] = { -1, -1 }, ret = 0, close_ret;
	uint32_t copy_size = 0;
	bool any = false;

	for (size_t i = 0; i < d->files->pipes.nr; i++)
		any |= d->files->pipes.items[i].fifo == fifo;
	if (!any)
		return 0;
	if (pipe2(copy, O_CLOEXEC))
		return fail_errno(d->ctx.err, -errno, "pipe2(2)");
	ret = image_write_open(d->ctx.images_fd, fifo ? IMG_FIFO_DATA : IMG_PIPES_DATA, 0, &w);
	for (size_t i = 0; i < d->files->pipes.nr && !ret; i++)
		if (d->files->pipes.items[i].fifo == fifo)
			ret = pipe_write_one(d, w, &d->files->pipes.items[i], copy,
					     &copy_size);
	close_ret = image_write_close(w);
	close(copy[0]);
	close(copy[1]);
	ret = ret ? ret : close_ret;
	return ret && !d->ctx.err->ret ? fail(d->ctx.err, ret, "%s", image_error()) : ret;
}

static int pipe_write(struct dump *d)
{
	return pipe_write_data(d, false);
}

/* ---- restore ---- */

static int pipe_check(struct restore *r, const struct restore_file *file)
{
	if (!file->entry->pipe)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u is no pipe", file->id);
	return 0;
}

/* One more description of an end: opened anew through /proc, or the end itself. */
static int pipe_end(struct restore *r, const PipeEntry *p, int ends[2], bool used[2], int *ret_fd)
{
	int side = (p->flags & O_ACCMODE) == O_WRONLY, fd;
	int flags = (int)p->flags & (O_NONBLOCK | O_DIRECT | O_ASYNC | O_APPEND | O_NOATIME);
	char path[64];

	if ((p->flags & O_ACCMODE) != O_RDWR && !used[side]) {
		used[side] = true;
		fd = ends[side];
	} else {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[side]);
		fd = open(path, ((int)p->flags & O_ACCMODE) | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			return fail_errno(r->ctx.err, -errno, "pipe %u: opening an end again",
					  p->pipe_id);
	}
	if (fcntl(fd, F_SETFL, flags))
		return fail_errno(r->ctx.err, -errno, "pipe %u: setting flags %#x", p->pipe_id,
				  p->flags);
	*ret_fd = fd;
	return 0;
}

int pipe_keep(struct restore *r, struct restore_file *file, int fd)
{
	file->fd = restore_fd_lift(r, fd);
	if (file->fd < 0)
		return fail_errno(r->ctx.err, file->fd, "open file %u", file->id);
	return 0;
}

static int pipe_restore_ends(struct restore *r, struct restore_file *file, int ends[2],
			     bool used[2], int *ret_fd)
{
	struct restore_file *f = file;
	int ret = 0, fd = -1;

	do {
		if (f->owner)
			ret = pipe_end(r, f->entry->pipe, ends, used, &fd);
		if (f->owner && !ret && f == file)
			*ret_fd = fd;
		else if (f->owner && !ret)
			ret = pipe_keep(r, f, fd);
		f = f->group;
	} while (!ret && f != file);
	for (int side = 0; side < 2; side++) {
		if (!used[side])
			close(ends[side]);
	}
	return ret;
}

static const struct restore_pipe_data *pipe_data_find(const struct restore *r, bool fifo,
						      uint32_t pipe_id)
{
	size_t lo = 0, hi = r->pipe_data.nr;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct restore_pipe_data *d = &r->pipe_data.items[mid];

		if (d->fifo == fifo && d->pipe_id == pipe_id)
			return d;
		if (d->fifo < fifo || (d->fifo == fifo && d->pipe_id < pipe_id))
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

int pipe_data_restore(struct restore *r, bool fifo, uint32_t pipe_id, int fd)
{
	const struct restore_pipe_data *d = pipe_data_find(r, fifo, pipe_id);
	size_t done = 0, packet = 0;

	if (!d)
		return 0;
	if (d->size && fcntl(fd, F_GETPIPE_SZ) != (int)d->size &&
	    fcntl(fd, F_SETPIPE_SZ, d->size) < 0)
		return fail_errno(r->ctx.err, -errno, "pipe %u: setting its size to %u", pipe_id,
				  d->size);
	/* every write(2) is a packet then; pipe_end() sets the flags that the ends had */
	if (d->nr_packets && fcntl(fd, F_SETFL, O_DIRECT | O_NONBLOCK))
		return fail_errno(r->ctx.err, -errno, "pipe %u: packet mode", pipe_id);
	while (done < d->len) {
		size_t len = packet < d->nr_packets ? d->packets[packet++] : d->len - done;
		ssize_t n;

		if (!len || len > d->len - done)
			return fail(r->ctx.err, -EINVAL,
				    "crctl images: pipe %u has packets of more than its %u bytes",
				    pipe_id, d->len);
		n = write(fd, (const char *)d->data + done, len);

		if (n <= 0)
			return fail(r->ctx.err, n ? -errno : -EIO,
				    "pipe %u: its %u bytes do not fit into it again", pipe_id,
				    d->len);
		done += (size_t)n;
	}
	return 0;
}

static int pipe_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	uint32_t pipe_id = file->entry->pipe->pipe_id;
	bool used[2] = { false, false }, all_used[2] = { true, true };
	int ends[2], ret;
	char name[32];

	/* another end than the tree's is outside: the caller has the pipe, and what is in it */
	snprintf(name, sizeof(name), "pipe:[%u]", pipe_id);
	ends[0] = ends[1] = restore_inherited(r, name);
	if (ends[0] >= 0)
		return pipe_restore_ends(r, file, ends, all_used, ret_fd);
	/* O_DIRECT makes packets of what is written: not for data put in here */
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return fail_errno(r->ctx.err, -errno, "pipe %u", pipe_id);
	ret = pipe_data_restore(r, false, pipe_id, ends[1]);
	if (ret) {
		close(ends[0]);
		close(ends[1]);
		return ret;
	}
	return pipe_restore_ends(r, file, ends, used, ret_fd);
}

static uint32_t pipe_group(const struct restore_file *file)
{
	return file->entry->pipe->pipe_id;
}

const struct file_kind pipe_kind = {
	.name = "pipe",
	.type = FD_TYPES__PIPE,
	.match = pipe_match,
	.dump = pipe_dump,
	.collect_end = pipe_collect_end,
	.write = pipe_write,
	.check = pipe_check,
	.group = pipe_group,
	.restore = pipe_restore,
};
