// SPDX-License-Identifier: GPL-2.0
/*
 * Signalfds: the set of signals, seen in /proc/PID/fdinfo. The signals themselves
 * wait with the task that they were sent to, not in the file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/files.h"
#include "image/signalfd.pb-c.h"
#include "kapi/proc.h"
#include "lib/cleanup.h"

/* ---- dump ---- */

static bool signalfd_match(const struct fd_info *fd)
{
	return !strcmp(fd->link, "anon_inode:[signalfd]");
}

static int signalfd_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	SignalfdEntry *e = file_alloc(file, sizeof(*e));
	const char *text, *mask;
	int ret = e ? fd_read_text(d, fd, false, &text) : -ENOMEM;

	if (ret)
		return ret;
	mask = proc_text_value(text, "sigmask:");
	if (!mask)
		return fail(d->ctx.err, -EOPNOTSUPP, "pid %d fd %d: this kernel does not tell the "
			    "signals of a signalfd", fd->task->pid, fd->fd);
	signalfd_entry__init(e);
	e->id = file->entry.id;
	e->flags = fd->flags;
	e->fown = &file->fown;
	e->sigmask = strtoull(mask, NULL, 16);
	file->entry.sgfd = e;
	return 0;
}

/* ---- restore ---- */

static int signalfd_check(struct restore *r, const struct restore_file *file)
{
	if (!file->entry->sgfd)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u is no signalfd",
			    file->id);
	return 0;
}

static int signalfd_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	const SignalfdEntry *e = file->entry->sgfd;
	uint64_t mask = e->sigmask;
	auto_close int fd = -1;
	int ret;

	/* not libc's, which takes its own signals out of the set */
	fd = (int)syscall(SYS_signalfd4, -1, &mask, sizeof(mask), SFD_CLOEXEC);
	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "open file %u: signalfd", file->id);
	ret = file_flags_restore(r, file, fd, e->flags);
	if (!ret)
		*ret_fd = steal_fd(&fd);
	return ret;
}

const struct file_kind signalfd_kind = {
	.name = "signalfd",
	.type = FD_TYPES__SIGNALFD,
	.match = signalfd_match,
	.dump = signalfd_dump,
	.check = signalfd_check,
	.restore = signalfd_restore,
};
