// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptor tables. A task starts with an empty low range; what several tasks
 * use was inherited above base_fd. Numbers are filled in ascending order, so that
 * a new description mostly gets its own number at once.
 */
#include <fcntl.h>
#include <unistd.h>

#include "files/files.h"

static int fd_make(struct restore *r, struct restore_file *f, const FdinfoEntry *e)
{
	int fd, ret = f->kind->restore(r, f, &fd);

	if (ret)
		return ret;
	if (fd == (int)e->fd) {
		if (fcntl(fd, F_SETFD, e->flags & FD_CLOEXEC))
			ret = -errno;
	} else {
		if (dup3(fd, (int)e->fd, e->flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
			ret = -errno;
		close(fd);
	}
	f->place_fd = (int)e->fd;
	if (ret)
		return fail_errno(r->ctx.err, ret, "descriptor %u", e->fd);
	return fown_restore(r, f, f->place_fd);
}

int fdtable_restore(struct restore *r, struct restore_task *t)
{
	for (size_t i = 0; i < t->nr_fds; i++) {
		const FdinfoEntry *e = t->fds[i];
		struct restore_file *f = restore_file_find(r, e->id);
		int from = f->fd >= 0 ? f->fd : f->place_fd, ret = 0;
		bool first = f->place_fd < 0;

		if (from < 0) {
			ret = fd_make(r, f, e);
		} else {
			if (dup3(from, (int)e->fd, e->flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
				return fail_errno(r->ctx.err, -errno, "descriptor %u", e->fd);
			f->place_fd = (int)e->fd;
			if (first && f->last_user == r->self)
				ret = fown_restore(r, f, f->place_fd);
		}
		if (ret)
			return ret;
	}
	return 0;
}
