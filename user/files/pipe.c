// SPDX-License-Identifier: GPL-2.0
/*
 * Pipes. Each open description is an entry; those with one pipe_id are ends of
 * one pipe. The first that is restored makes the pipe and all its ends.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "files/pipe.h"
#include "image/pipe.pb-c.h"

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

static int pipe_restore_ends(struct restore *r, struct restore_file *file, int ends[2], int *ret_fd)
{
	bool used[2] = { false, false };
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
	size_t done = 0;

	if (!d)
		return 0;
	if (d->size && fcntl(fd, F_GETPIPE_SZ) != (int)d->size &&
	    fcntl(fd, F_SETPIPE_SZ, d->size) < 0)
		return fail_errno(r->ctx.err, -errno, "pipe %u: setting its size to %u", pipe_id,
				  d->size);
	while (done < d->len) {
		ssize_t n = write(fd, (const char *)d->data + done, d->len - done);

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
	int ends[2], ret;

	/* O_DIRECT makes packets of what is written: not for data put in here */
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return fail_errno(r->ctx.err, -errno, "pipe %u", pipe_id);
	ret = pipe_data_restore(r, false, pipe_id, ends[1]);
	if (ret) {
		close(ends[0]);
		close(ends[1]);
		return ret;
	}
	return pipe_restore_ends(r, file, ends, ret_fd);
}

static uint32_t pipe_group(const struct restore_file *file)
{
	return file->entry->pipe->pipe_id;
}

const struct file_kind pipe_kind = {
	.name = "pipe",
	.type = FD_TYPES__PIPE,
	.check = pipe_check,
	.group = pipe_group,
	.restore = pipe_restore,
};
