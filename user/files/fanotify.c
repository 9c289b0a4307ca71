// SPDX-License-Identifier: GPL-2.0
/*
 * Fanotify: how it was made and its marks on inodes, mounts and file systems, seen in
 * fdinfo. The format knows no marks on file systems: those stand in the extra image.
 * Events that wait cannot be put back, as each holds a file: their loss is said. One
 * that somebody waits for an answer to (FAN_CLASS_CONTENT) is refused. Marks are set
 * when all else is done, so that no open(2) of the restore asks for permission.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "files/files.h"
#include "files/watch.h"
#include "image/crctl.pb-c.h"
#include "image/fsnotify.pb-c.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"

#ifndef FAN_MARK_EVICTABLE
#define FAN_MARK_EVICTABLE 0x200
#endif
#ifndef FAN_MARK_IGNORE
#define FAN_MARK_IGNORE 0x400
#endif

/* ---- dump ---- */

static bool fanotify_match(const struct fd_info *fd)
{
	return !strcmp(fd->link, "anon_inode:[fanotify]");
}

static int fanotify_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	FanotifyFileEntry *e = file_alloc(file, sizeof(*e));
	struct watch_info *info = array_add(&d->files->watches);

	if (!e || !info)
		return -ENOMEM;
	fanotify_file_entry__init(e);
	e->id = file->entry.id;
	e->flags = fd->flags;
	e->fown = &file->fown;
	file->entry.ffy = e;
	*info = (struct watch_info){ fd->task, fd->fd, file };
	return 0;
}

struct marks {
	struct dump *d;
	const struct watch_info *info;
	FanotifyFileEntry *entry;
	FanotifyMarkEntry *all;
};

static int mark_refuse(const struct marks *m, const char *what, uint64_t number)
{
	return dump_refuse(m->d, "pid %d fd %d: the %s %lu of a fanotify mark has no name that "
			   "crctl can find; name a directory to search with --irmap-scan-path",
			   m->info->task->pid, m->info->fd, what, number);
}

static FanotifyMarkEntry *mark_new(struct marks *m, const char *line, MarkType type)
{
	FanotifyMarkEntry *e = &m->all[m->entry->n_mark];

	fanotify_mark_entry__init(e);
	e->id = m->info->file->entry.id;
	e->type = type;
	e->mflags = (uint32_t)watch_field(line, "mflags:", 16);
	e->mask = (uint32_t)watch_field(line, " mask:", 16);
	e->ignored_mask = (uint32_t)watch_field(line, "ignored_mask:", 16);
	e->s_dev = (uint32_t)watch_field(line, "sdev:", 16);
	m->entry->mark[m->entry->n_mark++] = e;
	return e;
}

static int inode_mark_dump(struct marks *m, const char *line)
{
	FanotifyMarkEntry *e = mark_new(m, line, MARK_TYPE__INODE);
	FanotifyInodeMarkEntry *ie = file_alloc(m->info->file, sizeof(*ie));
	struct watch_target t = { .dev = e->s_dev };
	uint32_t file_id;
	int ret = ie ? watch_parse_handle(m->info->file, line, &t.handle) : -ENOMEM;

	if (ret)
		return ret;
	fanotify_inode_mark_entry__init(ie);
	ie->i_ino = t.ino = watch_field(line, "ino:", 16);
	ie->f_handle = t.handle;
	e->ie = ie;
	ret = watch_find(m->d, m->info->file, &t, &file_id);
	return ret == -ENOENT ? mark_refuse(m, "inode", t.ino) : ret;
}

static int mount_mark_dump(struct marks *m, const char *line)
{
	FanotifyMarkEntry *e = mark_new(m, line, MARK_TYPE__MOUNT);
	FanotifyMountMarkEntry *me = file_alloc(m->info->file, sizeof(*me));
	char path[PATH_MAX];

	if (!me)
		return -ENOMEM;
	fanotify_mount_mark_entry__init(me);
	me->mnt_id = (uint32_t)watch_field(line, "mnt_id:", 16);
	e->me = me;
	if (watch_mount_path(me->mnt_id, 0, path, sizeof(path)))
		return mark_refuse(m, "mount", me->mnt_id);
	me->path = file_alloc(m->info->file, strlen(path) + 1);
	if (!me->path)
		return -ENOMEM;
	strcpy(me->path, path);
	return 0;
}

static int fs_mark_dump(struct marks *m, const char *line)
{
	uint32_t dev = (uint32_t)watch_field(line, "sdev:", 16);
	CrctlFsMark **slot, *e;
	CrctlFileEntry *extra;
	char path[PATH_MAX];
	int ret;

	if (watch_mount_path(0, dev, path, sizeof(path)))
		return mark_refuse(m, "file system", dev);
	ret = file_extra(m->info->task, m->info->file->entry.id, &extra);
	if (ret)
		return ret;
	slot = reallocarray(extra->fs_marks, extra->n_fs_marks + 1, sizeof(*slot));
	e = slot ? calloc(1, sizeof(*e)) : NULL;
	if (slot)
		extra->fs_marks = slot;
	if (!e)
		return -ENOMEM;
	crctl_fs_mark__init(e);
	slot[extra->n_fs_marks++] = e;
	e->mflags = (uint32_t)watch_field(line, "mflags:", 16);
	e->mask = (uint32_t)watch_field(line, " mask:", 16);
	e->ignored_mask = (uint32_t)watch_field(line, "ignored_mask:", 16);
	e->path = strdup(path);
	return e->path ? 0 : -ENOMEM;
}

static const char *mark_next(const char *line)
{
	const char *p = strstr(line, "\nfanotify ");

	return p ? p + 1 : NULL;
}

static int mark_dump(struct marks *m, const char *line)
{
	if (!strncmp(line, "fanotify ino:", 13))
		return inode_mark_dump(m, line);
	if (!strncmp(line, "fanotify mnt_id:", 16))
		return mount_mark_dump(m, line);
	if (!strncmp(line, "fanotify sdev:", 14))
		return fs_mark_dump(m, line);
	return dump_refuse(m->d, "pid %d fd %d: a fanotify mark of an unknown sort: %.40s",
			   m->info->task->pid, m->info->fd, line);
}

/* The first line tells of the group, each other one of a mark. */
static int marks_dump(struct marks *m, const char *text)
{
	const char *line = mark_next(text);
	size_t nr = 0;
	int ret = 0;

	for (const char *p = line; p; p = mark_next(p))
		nr++;
	m->all = file_alloc(m->info->file, (nr + 1) * sizeof(*m->all));
	m->entry->mark = file_alloc(m->info->file, (nr + 1) * sizeof(*m->entry->mark));
	if (!m->all || !m->entry->mark || !line)
		return line ? -ENOMEM : -EOPNOTSUPP;
	m->entry->faflags = (uint32_t)watch_field(line, "flags:", 16);
	m->entry->evflags = (uint32_t)watch_field(line, "event-flags:", 16);
	for (line = mark_next(line); line && !ret; line = mark_next(line))
		ret = mark_dump(m, line);
	return ret;
}

static int events_dump(struct dump *d, const struct watch_info *info, int local)
{
	const FanotifyFileEntry *e = info->file->entry.ffy;
	int nr_bytes = 0;

	if (ioctl(local, FIONREAD, &nr_bytes) || !nr_bytes)
		return 0;
	if (e->faflags & (FAN_CLASS_CONTENT | FAN_CLASS_PRE_CONTENT))
		return dump_refuse(d, "pid %d fd %d: fanotify events wait for an answer; try again "
				   "when there are none", info->task->pid, info->fd);
	log_warn("pid %d fd %d: fanotify events of %d bytes wait, and are lost in a restore, "
		 "continuing", info->task->pid, info->fd, nr_bytes);
	return 0;
}

static int fanotify_collect(struct dump *d, const struct watch_info *info)
{
	auto_close int local = sys_pidfd_getfd(info->task->pidfd, info->fd);
	struct fd_info fd = { .task = info->task, .fd = info->fd, .local_fd = local };
	struct marks m = { d, info, info->file->entry.ffy, NULL };
	auto_free char *text = NULL;
	const char *shared;
	int ret;

	if (local < 0)
		return fail_errno(d->ctx.err, local, "pid %d fd %d cannot be looked at",
				  info->task->pid, info->fd);
	ret = fd_read_text(d, &fd, true, &shared);
	if (ret)
		return ret;
	text = strdup(shared);
	ret = text ? marks_dump(&m, text) : -ENOMEM;
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: its fanotify marks",
				  info->task->pid, info->fd);
	return events_dump(d, info, local);
}

static int fanotify_collect_end(struct dump *d)
{
	int ret = 0;

	for (size_t i = 0; d->files && i < d->files->watches.nr && !ret; i++)
		if (d->files->watches.items[i].file->entry.ffy)
			ret = fanotify_collect(d, &d->files->watches.items[i]);
	return ret;
}

/* ---- restore ---- */

static int fanotify_check(struct restore *r, const struct restore_file *file)
{
	const FanotifyFileEntry *e = file->entry->ffy;

	if (!e)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u is no fanotify",
			    file->id);
	for (size_t i = 0; i < e->n_mark; i++) {
		const FanotifyMarkEntry *m = e->mark[i];
		const FhEntry *fh = m->ie ? m->ie->f_handle : NULL;

		if ((m->type == MARK_TYPE__INODE && !m->ie) ||
		    (m->type == MARK_TYPE__MOUNT && !(m->me && m->me->path)) ||
		    (fh && (fh->bytes > fh->n_handle * 8 || fh->bytes > 128)))
			return fail(r->ctx.err, -EINVAL,
				    "files.img: mark %zu of fanotify %u is impossible", i,
				    file->id);
	}
	return 0;
}

static int fanotify_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	const FanotifyFileEntry *e = file->entry->ffy;
	auto_close int fd = fanotify_init((e->faflags & ~(uint32_t)FAN_NONBLOCK) | FAN_CLOEXEC,
					  e->evflags);
	int ret;

	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "open file %u: fanotify with flags %#x",
				  file->id, e->faflags);
	ret = file_flags_restore(r, file, fd, e->flags);
	if (!ret)
		*ret_fd = steal_fd(&fd);
	return ret;
}

static int mark_set(int fd, uint32_t type, const char *path, uint32_t mflags, uint64_t mask,
		    uint64_t ignored)
{
	uint32_t how = FAN_MARK_ADD | type | (mflags & FAN_MARK_EVICTABLE);
	uint32_t ignore = mflags & FAN_MARK_IGNORE ? FAN_MARK_IGNORE : FAN_MARK_IGNORED_MASK;

	if (mask && fanotify_mark(fd, how, mask, AT_FDCWD, path))
		return -errno;
	if (ignored && fanotify_mark(fd, how | ignore | (mflags & FAN_MARK_IGNORED_SURV_MODIFY),
				     ignored, AT_FDCWD, path))
		return -errno;
	return 0;
}

static int inode_mark_set(struct restore *r, const FanotifyMarkEntry *m, int fd)
{
	auto_close int target = -1;
	char path[64];
	int ret = watch_open(r, m->ie->f_handle, m->s_dev, 0, &target);

	if (ret)
		return ret;
	snprintf(path, sizeof(path), "self/fd/%d", target);
	return mark_set(fd, 0, path, m->mflags, m->mask, m->ignored_mask);
}

static int fanotify_settle(struct restore *r, const struct restore_file *file, int fd)
{
	const FanotifyFileEntry *e = file->entry->ffy;
	const CrctlFileEntry *x = file->extra;
	int ret = 0;

	if (fd < 0)
		return fail(r->ctx.err, -EOPNOTSUPP, "open file %u is a fanotify that is in "
			    "flight, which is not supported", file->id);
	for (size_t i = 0; i < e->n_mark && !ret; i++) {
		const FanotifyMarkEntry *m = e->mark[i];

		ret = m->type == MARK_TYPE__INODE ? inode_mark_set(r, m, fd) :
			mark_set(fd, FAN_MARK_MOUNT, m->me->path, m->mflags, m->mask,
				 m->ignored_mask);
	}
	for (size_t i = 0; x && i < x->n_fs_marks && !ret; i++)
		ret = mark_set(fd, FAN_MARK_FILESYSTEM, x->fs_marks[i]->path,
			       x->fs_marks[i]->mflags, x->fs_marks[i]->mask,
			       x->fs_marks[i]->ignored_mask);
	return ret ? fail_errno(r->ctx.err, ret, "fanotify %u: a mark", file->id) : 0;
}

const struct file_kind fanotify_kind = {
	.name = "fanotify",
	.type = FD_TYPES__FANOTIFY,
	.match = fanotify_match,
	.dump = fanotify_dump,
	.collect_end = fanotify_collect_end,
	.check = fanotify_check,
	.restore = fanotify_restore,
	.settle = fanotify_settle,
};
