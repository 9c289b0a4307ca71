// SPDX-License-Identifier: GPL-2.0
/*
 * Eventfds: the counter, and whether it counts as a semaphore. Seen in
 * /proc/PID/fdinfo; before Linux 6.5 that does not tell about semaphores.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "files/files.h"
#include "image/crctl.pb-c.h"
#include "image/eventfd.pb-c.h"
#include "kapi/proc.h"
#include "lib/cleanup.h"

/* ---- dump ---- */

static bool eventfd_match(const struct fd_info *fd)
{
	return !strcmp(fd->link, "anon_inode:[eventfd]");
}

static int eventfd_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	EventfdFileEntry *e = file_alloc(file, sizeof(*e));
	const char *text, *count, *semaphore;
	CrctlFileEntry *extra;
	int ret = e ? fd_read_text(d, fd, false, &text) : -ENOMEM;

	if (ret)
		return ret;
	count = proc_text_value(text, "eventfd-count:");
	semaphore = proc_text_value(text, "eventfd-semaphore:");
	if (!count)
		return fail(d->ctx.err, -EOPNOTSUPP, "pid %d fd %d: this kernel does not tell the "
			    "counter of an eventfd", fd->task->pid, fd->fd);
	eventfd_file_entry__init(e);
	e->id = file->entry.id;
	e->flags = fd->flags;
	e->fown = &file->fown;
	e->counter = strtoull(count, NULL, 16);
	file->entry.efd = e;
	if (e->counter == UINT64_MAX)
		return dump_refuse(d, "pid %d fd %d: the eventfd has overflowed, which no program "
				   "can make it do again", fd->task->pid, fd->fd);
	if (!semaphore)
		log_warn("pid %d fd %d: this kernel does not tell whether an eventfd is a "
			 "semaphore; continuing as if it were none", fd->task->pid, fd->fd);
	if (!semaphore || *semaphore != '1')
		return 0;
	ret = file_extra(fd->task, file->entry.id, &extra);
	if (!ret)
		extra->has_semaphore = extra->semaphore = true;
	return ret;
}

/* ---- restore ---- */

static int eventfd_check(struct restore *r, const struct restore_file *file)
{
	const EventfdFileEntry *e = file->entry->efd;

	if (!e)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u is no eventfd", file->id);
	if (e->counter == UINT64_MAX)
		return fail(r->ctx.err, -EINVAL,
			    "files.img: open file %u is an eventfd whose counter is impossible",
			    file->id);
	return 0;
}

static int eventfd_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	const EventfdFileEntry *e = file->entry->efd;
	bool semaphore = file->extra && file->extra->semaphore;
	auto_close int fd = eventfd(0, EFD_CLOEXEC | (semaphore ? EFD_SEMAPHORE : 0));
	int ret;

	if (fd < 0 || (e->counter && write(fd, &e->counter, 8) != 8))
		return fail_errno(r->ctx.err, -errno, "open file %u: eventfd", file->id);
	ret = file_flags_restore(r, file, fd, e->flags);
	if (!ret)
		*ret_fd = steal_fd(&fd);
	return ret;
}

const struct file_kind eventfd_kind = {
	.name = "eventfd",
	.type = FD_TYPES__EVENTFD,
	.match = eventfd_match,
	.dump = eventfd_dump,
	.check = eventfd_check,
	.restore = eventfd_restore,
};
