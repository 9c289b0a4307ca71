// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of POSIX message queues, files of the mqueue file system. The queue itself
 * belongs to the IPC namespace (ns/ipc_mq.c). Others have no record for one: it is of
 * type EXT there, which makes their restore fail, and the rest is crctl's own. Whom a
 * message is announced to (mq_notify) can be read, but not with which value.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "files/files.h"
#include "image/crctl.pb-c.h"
#include "image/ext_file.pb-c.h"

#define MQUEUE_MAGIC 0x19800202
#define QUEUE_TEXT_LEN 80	/* ipc/mqueue.c: FILENT_SIZE, the size of every queue's file */

bool fd_is_mq(const struct fd_info *fd)
{
	struct statfs fs;

	/* hardly any other file has to be asked */
	return S_ISREG(fd->st.st_mode) && fd->st.st_size == QUEUE_TEXT_LEN && !fd->st.st_blocks &&
	       !(fd->flags & O_PATH) && fd->local_fd >= 0 && !fstatfs(fd->local_fd, &fs) &&
	       fs.f_type == MQUEUE_MAGIC;
}

static int queue_note(struct dump *d, const struct fd_info *fd)
{
	static const char deleted[] = " (deleted)";
	size_t len = strlen(fd->link), tail = sizeof(deleted) - 1;
	const char *name = strrchr(fd->link, '/');
	struct dump_mq *q;

	array_for_each(&d->mqs, known) {
		if (known->id == fd->st.st_ino)
			return 0;
	}
	q = array_add(&d->mqs);
	if (!q || !name)
		return -ENOMEM;
	*q = (struct dump_mq){ .id = fd->st.st_ino, .unlinked = !fd->st.st_nlink,
			       .task = fd->task, .fd = fd->fd };
	len = len > tail && q->unlinked && !strcmp(fd->link + len - tail, deleted) ? len - tail
										      : len;
	q->name = strndup(name + 1, len - (size_t)(name + 1 - fd->link));
	return q->name ? 0 : -ENOMEM;
}

static int mq_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	char text[QUEUE_TEXT_LEN + 1] = "", *pid;
	CrctlFileEntry *extra;
	ExtFileEntry *e = file_alloc(file, sizeof(*e));
	int ret;

	if (!e)
		return -ENOMEM;
	if (pread(fd->local_fd, text, QUEUE_TEXT_LEN, 0) < 0 && errno != EBADF)
		return fail_errno(d->ctx.err, -errno, "pid %d fd %d: the message queue %s",
				  fd->task->pid, fd->fd, fd->link);
	pid = strstr(text, "NOTIFY_PID:");
	if (pid && atoi(pid + 11))
		return dump_refuse(d,
				   "pid %d fd %d: a process is to be notified of the next message "
				   "of the queue %s (mq_notify), with a value that shows nowhere; "
				   "cancel that before the dump",
				   fd->task->pid, fd->fd, fd->link);
	ext_file_entry__init(e);
	e->id = file->entry.id;
	e->fown = &file->fown;
	file->entry.ext = e;
	ret = file_extra(fd->task, file->entry.id, &extra);
	if (ret)
		return ret;
	extra->has_mq = extra->has_mq_flags = true;
	extra->mq = fd->st.st_ino;
	extra->mq_flags = fd->flags & (O_ACCMODE | O_NONBLOCK);
	return queue_note(d, fd);
}

/* ---- restore ---- */

extern const struct file_kind mq_kind;

static int mq_check(struct restore *r, const struct restore_file *file)
{
	const CrctlFileEntry *x = file->extra;

	if (!x || !x->has_mq || !x->has_mq_flags)
		return fail(r->ctx.err, -EOPNOTSUPP, "files.img: open file %u is external to the "
			    "checkpoint, which is not supported yet", file->id);
	return x->mq_flags & ~(uint32_t)(O_ACCMODE | O_NONBLOCK) ?
	       fail(r->ctx.err, -EINVAL, "crctl's images: open file %u is a message queue with "
		    "flags %#x", file->id, x->mq_flags) : 0;
}

static int mq_plan(struct restore *r)
{
	for (size_t i = 0; i < r->nr_files; i++) {
		const struct restore_file *f = &r->files[i];

		if (f->kind == &mq_kind && !restore_mq_known(r, f->extra->mq))
			return fail(r->ctx.err, -EINVAL, "crctl's images: open file %u is a "
				    "message queue that crctl-mq does not have", f->id);
	}
	return 0;
}

static int mq_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	return restore_mq_open(r, file->extra->mq, (int)file->extra->mq_flags, ret_fd);
}

const struct file_kind mq_kind = {
	.name = "message queue",
	.type = FD_TYPES__EXT,
	.match = fd_is_mq,
	.dump = mq_dump,
	.check = mq_check,
	.plan = mq_plan,
	.restore = mq_restore,
};
