// SPDX-License-Identifier: GPL-2.0
/*
 * Inotify: what is watched, under which number and for what, seen in fdinfo. Events
 * that wait cannot be put back; instead of them the restored program finds that its
 * queue overflowed (IN_Q_OVERFLOW), which tells it to look for itself. Watches are set
 * when all else is done, so that the restore itself is no event.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "files/files.h"
#include "files/watch.h"
#include "image/crctl.pb-c.h"
#include "image/fsnotify.pb-c.h"
#include "kapi/dev.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"

#define SET_NEXT_WD _IOW('I', 0, int32_t)	/* INOTIFY_IOC_SETNEXTWD of linux/inotify.h */
#define SCRATCH_WD 1
#define QUEUE_MAX (1 << 20)			/* more events than any limit that is sensible */

/* ---- dump ---- */

static bool inotify_match(const struct fd_info *fd)
{
	return !strcmp(fd->link, "anon_inode:inotify");
}

static int watch_find_failed(struct dump *d, const struct fd_info *fd, const struct watch_target *t,
			     uint32_t wd, int ret)
{
	if (ret != -ENOENT)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: watch %u", fd->task->pid, fd->fd,
				  wd);
	return dump_refuse(d, "pid %d fd %d: the file of inotify watch %u (inode %lu of device "
			   "%u:%u) has no name that crctl can find; name a directory to search "
			   "with --irmap-scan-path", fd->task->pid, fd->fd, wd, t->ino,
			   t->dev >> 20, t->dev & 0xfffff);
}

static int deleted_add(struct dump_task *task, uint32_t id, uint32_t index, uint32_t file_id)
{
	CrctlFileEntry *extra;
	CrctlWatch **slot, *w;
	int ret = file_extra(task, id, &extra);

	if (ret)
		return ret;
	slot = reallocarray(extra->watches, extra->n_watches + 1, sizeof(*slot));
	w = slot ? calloc(1, sizeof(*w)) : NULL;
	if (slot)
		extra->watches = slot;
	if (!w)
		return -ENOMEM;
	crctl_watch__init(w);
	w->index = index;
	w->file_id = file_id;
	slot[extra->n_watches++] = w;
	return 0;
}

/* What the module told of one watch: the list has the order of the numbers. */
static const char *watch_path_told(const struct dev_watch_list *told, uint32_t wd)
{
	size_t low = 0, high = told->nr;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if ((uint32_t)told->items[mid].facts.wd < wd)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == told->nr || (uint32_t)told->items[low].facts.wd != wd ||
	    told->items[low].facts.has & CRCTL_WATCH_DELETED)
		return NULL;
	return told->items[low].path;
}

/* "inotify wd:2 ino:5a sdev:fe00 mask:fce ignored_mask:0 fhandle-bytes:8 ..." */
static int watch_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file,
		      const char *line, const struct dev_watch_list *told, InotifyWdEntry *w,
		      uint32_t *ret_file_id)
{
	struct watch_target t = { 0 };
	int ret = watch_parse_handle(file, line, &t.handle);

	if (ret)
		return ret;
	inotify_wd_entry__init(w);
	w->id = file->entry.id;
	w->wd = (uint32_t)watch_field(line, "wd:", 16);
	w->i_ino = t.ino = watch_field(line, "ino:", 16);
	w->s_dev = t.dev = (uint32_t)watch_field(line, "sdev:", 16);
	w->mask = (uint32_t)watch_field(line, " mask:", 16);
	w->ignored_mask = (uint32_t)watch_field(line, "ignored_mask:", 16);
	w->f_handle = t.handle;
	t.told = watch_path_told(told, w->wd);
	ret = watch_find(d, file, &t, ret_file_id);
	return ret && !*ret_file_id ? watch_find_failed(d, fd, &t, w->wd, ret) : 0;
}

static const char *watch_next(const char *text)
{
	const char *p = strncmp(text, "inotify wd:", 11) ? strstr(text, "\ninotify wd:") : text;

	return p && *p == '\n' ? p + 1 : p;
}

static int watches_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file,
			const char *text, const struct dev_watch_list *told, InotifyFileEntry *e)
{
	InotifyWdEntry *all;
	size_t nr = 0;
	int ret = 0;

	for (const char *p = watch_next(text); p; p = watch_next(p + 1))
		nr++;
	all = file_alloc(file, (nr + 1) * sizeof(*all));
	e->wd = file_alloc(file, (nr + 1) * sizeof(*e->wd));
	if (!all || !e->wd)
		return -ENOMEM;
	for (const char *p = watch_next(text); p && !ret; p = watch_next(p + 1)) {
		uint32_t file_id = 0, index = (uint32_t)e->n_wd;

		e->wd[index] = &all[index];
		ret = watch_dump(d, fd, file, p, told, &all[index], &file_id);
		e->n_wd++;
		if (!ret && file_id)
			ret = deleted_add(fd->task, file->entry.id, index, file_id);
	}
	return ret;
}

static int inotify_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	InotifyFileEntry *e = file_alloc(file, sizeof(*e));
	struct watch_info *info = array_add(&d->files->watches);

	if (!e || !info)
		return -ENOMEM;
	inotify_file_entry__init(e);
	e->id = file->entry.id;
	e->flags = fd->flags;
	e->fown = &file->fown;
	file->entry.ify = e;
	*info = (struct watch_info){ fd->task, fd->fd, file };
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct dev_watch *x = a, *y = b;

	return x->facts.wd < y->facts.wd ? -1 : x->facts.wd > y->facts.wd;
}

/* In the order of their numbers; an empty list where the module is not there. */
static int watches_ask(struct dump *d, const struct fd_info *fd, struct dev_watch_list *ret)
{
	int ret_code = dev_read_watches(d->dev, fd->task->live_tid, fd->fd, ret);

	if (ret_code == -EOPNOTSUPP)
		return 0;
	if (ret_code)
		return fail_errno(d->ctx.err, ret_code, "pid %d fd %d: what it watches",
				  fd->task->pid, fd->fd);
	if (ret->nr)
		qsort(ret->items, ret->nr, sizeof(*ret->items), by_number);
	return 0;
}

/* Once all files are known, a deleted one among them. */
static int inotify_collect(struct dump *d, const struct watch_info *info)
{
	auto_close int local = sys_pidfd_getfd(info->task->pidfd, info->fd);
	struct fd_info fd = { .task = info->task, .fd = info->fd, .local_fd = local };
	struct dev_watch_list told = { 0 };
	auto_free char *text = NULL;
	CrctlFileEntry *extra;
	const char *shared;
	int nr_bytes = 0, ret;

	if (local < 0)
		return fail_errno(d->ctx.err, local, "pid %d fd %d cannot be looked at",
				  info->task->pid, info->fd);
	ret = fd_read_text(d, &fd, true, &shared);
	if (ret)
		return ret;
	text = strdup(shared);
	if (!text)
		return -ENOMEM;
	ret = watches_ask(d, &fd, &told);
	if (!ret)
		ret = watches_dump(d, &fd, info->file, text, &told, info->file->entry.ify);
	dev_watches_free(&told);
	if (ret || ioctl(local, FIONREAD, &nr_bytes) || !nr_bytes)
		return ret;
	log_warn("pid %d fd %d: inotify events of %d bytes wait, and cannot be carried over; the "
		 "restored program is told that its queue overflowed, continuing",
		 info->task->pid, info->fd, nr_bytes);
	ret = file_extra(info->task, info->file->entry.id, &extra);
	if (!ret)
		extra->has_overflow = extra->overflow = true;
	return ret;
}

static int inotify_collect_end(struct dump *d)
{
	int ret = 0;

	for (size_t i = 0; d->files && i < d->files->watches.nr && !ret; i++)
		if (d->files->watches.items[i].file->entry.ify)
			ret = inotify_collect(d, &d->files->watches.items[i]);
	return ret;
}

/* ---- restore ---- */

static int inotify_check(struct restore *r, const struct restore_file *file)
{
	const InotifyFileEntry *e = file->entry->ify;
	const CrctlFileEntry *x = file->extra;

	if (!e)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u is no inotify", file->id);
	for (size_t i = 0; i < e->n_wd; i++) {
		const FhEntry *fh = e->wd[i]->f_handle;

		if (!e->wd[i]->wd || e->wd[i]->wd > INT32_MAX || fh->bytes > fh->n_handle * 8 ||
		    fh->bytes > 128)
			return fail(r->ctx.err, -EINVAL,
				    "files.img: watch %u of inotify %u is impossible", e->wd[i]->wd,
				    file->id);
	}
	for (size_t i = 0; x && i < x->n_watches; i++) {
		const struct restore_file *f = restore_file_find(r, x->watches[i]->file_id);

		if (x->watches[i]->index >= e->n_wd || !f || !f->entry->reg ||
		    (i && x->watches[i]->index <= x->watches[i - 1]->index))
			return fail(r->ctx.err, -EINVAL,
				    "crctl images: deleted watch %u of inotify %u is impossible",
				    x->watches[i]->index, file->id);
	}
	return 0;
}

/* Twice @nr events, no two in a row the same: those would be one. */
static int events_make(int fd, int nr)
{
	auto_close int scratch = memfd_create("inotify", MFD_CLOEXEC);
	char path[64];

	if (scratch < 0 || ioctl(fd, SET_NEXT_WD, SCRATCH_WD))
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", scratch);
	if (inotify_add_watch(fd, path, IN_OPEN | IN_CLOSE_NOWRITE) != SCRATCH_WD)
		return -EIO;
	for (int i = 0; i < nr; i++) {
		int open_fd = open(path, O_RDONLY | O_CLOEXEC);

		if (open_fd < 0)
			return -errno;
		close(open_fd);
	}
	return 0;
}

static int queue_limit(void)
{
	auto_fclose FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	int max;

	return f && fscanf(f, "%d", &max) == 1 && max > 0 && max <= QUEUE_MAX ? max : 16384;
}

/*
 * Fill the queue until it overflows, then take out all but the word of that. The
 * watch ended with its file while the queue was full, so that this is no event either.
 */
static int queue_overflow(int fd)
{
	struct inotify_event events[256];
	int ret = events_make(fd, queue_limit() / 2 + 2), left = 0;

	if (ret)
		return ret;
	if (ioctl(fd, FIONREAD, &left))
		return -errno;
	left -= (int)sizeof(events[0]);
	while (left > 0) {
		size_t want = left < (int)sizeof(events) ? (size_t)left : sizeof(events);
		ssize_t n = read(fd, events, want);

		if (n <= 0)
			return n ? -errno : -EIO;
		left -= (int)n;
	}
	return 0;
}

static int inotify_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	auto_close int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int ret;

	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "open file %u: inotify", file->id);
	ret = file->extra && file->extra->overflow ? queue_overflow(fd) : 0;
	if (ret)
		return fail_errno(r->ctx.err, ret, "open file %u: overflow of its queue", file->id);
	if (fcntl(fd, F_SETFL, file->entry->ify->flags & (O_NONBLOCK | O_ASYNC)))
		return fail_errno(r->ctx.err, -errno, "open file %u: its flags", file->id);
	*ret_fd = steal_fd(&fd);
	return 0;
}

static int watch_set(struct restore *r, const struct restore_file *file, int fd,
		     const InotifyWdEntry *w, uint32_t file_id)
{
	/* what only add_watch knows, and what the kernel adds by itself, must not be asked for */
	uint32_t mask = w->mask & (IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT);
	auto_close int target = -1;
	char path[64];
	int ret = watch_open(r, w->f_handle, w->s_dev, file_id, &target);

	if (ret)
		return ret;
	snprintf(path, sizeof(path), "self/fd/%d", target);
	if (ioctl(fd, SET_NEXT_WD, w->wd))
		return fail_errno(r->ctx.err, -errno, "inotify %u: watch number %u (the kernel "
				  "needs CONFIG_CHECKPOINT_RESTORE)", file->id, w->wd);
	ret = inotify_add_watch(fd, path, mask ? mask : IN_ALL_EVENTS);
	if (ret != (int)w->wd)
		return fail_errno(r->ctx.err, ret < 0 ? -errno : -EEXIST,
				  "inotify %u: watch %u of %s", file->id, w->wd,
				  w->f_handle->path ? w->f_handle->path : "?");
	return 0;
}

static int inotify_settle(struct restore *r, const struct restore_file *file, int fd)
{
	const InotifyFileEntry *e = file->entry->ify;
	const CrctlFileEntry *x = file->extra;
	size_t at = 0;

	if (fd < 0 && e->n_wd)
		return fail(r->ctx.err, -EOPNOTSUPP, "open file %u is an inotify with watches that "
			    "is in flight, which is not supported", file->id);
	for (size_t i = 0; i < e->n_wd; i++) {
		uint32_t file_id = 0;
		int ret;

		if (x && at < x->n_watches && x->watches[at]->index == i)
			file_id = x->watches[at++]->file_id;
		ret = watch_set(r, file, fd, e->wd[i], file_id);
		if (ret)
			return ret;
	}
	return 0;
}

const struct file_kind inotify_kind = {
	.name = "inotify",
	.type = FD_TYPES__INOTIFY,
	.match = inotify_match,
	.dump = inotify_dump,
	.collect_end = inotify_collect_end,
	.check = inotify_check,
	.restore = inotify_restore,
	.settle = inotify_settle,
};
