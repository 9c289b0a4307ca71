// SPDX-License-Identifier: GPL-2.0
/*
 * The descriptor table: which numbers name which open file, with close-on-exec.
 * Told by the module, or seen in /proc/PID/fd and fdinfo; the description itself is
 * fetched with pidfd_getfd(2) once, for what only its holder can ask.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "files/files.h"
#include "image/fdinfo.pb-c.h"
#include "image/fs.pb-c.h"
#include "image/image.h"
#include "kapi/ask.h"
#include "kapi/proc.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"

/* ---- dump ---- */

static int fd_lost(struct dump *d, const struct fd_info *fd, int ret)
{
	return fail_errno(d->ctx.err, ret, "pid %d fd %d cannot be looked at", fd->task->pid,
			  fd->fd);
}

static int fd_family(struct fd_info *fd)
{
	socklen_t len = sizeof(fd->family);

	fd->family = AF_UNSPEC;
	if (S_ISSOCK(fd->st.st_mode) && !(fd->flags & O_PATH) &&
	    getsockopt(fd->local_fd, SOL_SOCKET, SO_DOMAIN, &fd->family, &len))
		return -errno;
	return 0;
}

/*
 * What the module told is all there is to know of regular files and directories, but for
 * deleted ones and those of processes (path_is_dead_process); others are looked at
 * through a descriptor.
 */
static bool fd_is_told(const struct fd_info *fd, const struct fd_facts *facts)
{
	return facts->link && fd->told && fd->told->nlink &&
	       (fd->told->kind == CRCTL_FILE_IS_REG || fd->told->kind == CRCTL_FILE_IS_DIR) &&
	       strncmp(facts->link, "/proc/", 6);
}

/* The same description as a descriptor of crctl's; then its name and state. */
static int fd_fetch(struct dump *d, struct fd_info *fd)
{
	char name[16];
	int ret;

	fd->local_fd = sys_pidfd_getfd(fd->task->pidfd, fd->fd);
	if (fd->local_fd < 0)
		return fd->local_fd;
	/* The kernel keeps /proc/self/fd/N for the next time; the task's it would make anew. */
	snprintf(name, sizeof(name), "%d", fd->local_fd);
	ret = proc_read_link(d->files->self_fd, name, fd->link, sizeof(fd->link));
	if (!ret && fstat(fd->local_fd, &fd->st))
		ret = -errno;
	return ret ? ret : fd_family(fd);
}

/* Name and description of one seen the first time; then its kind. */
static int fd_dump_new(struct dump *d, struct fd_info *fd, const struct fd_facts *facts,
		       struct file_node *node)
{
	int ret = 0;

	fd->told = facts->file;
	if (fd_is_told(fd, facts)) {
		dev_file_stat(fd->told, &fd->st);
		snprintf(fd->link, sizeof(fd->link), "%s", facts->link);
		fd->family = AF_UNSPEC;
	} else if (fd->task->pidfd < 0) {
		return dump_refuse(
			d,
			"pid %d fd %d: the first thread of the process has ended, and "
			"Linux before 6.9 then gives its descriptors to nobody; let that "
			"thread live, or use a newer kernel",
			fd->task->pid, fd->fd);
	} else {
		ret = fd_fetch(d, fd);
	}
	ret = ret ? fd_lost(d, fd, ret) : file_dump(d, fd, &node->id, &node->type);
	if (fd->local_fd >= 0)
		close(fd->local_fd);
	return ret;
}

/* Through crctl's own descriptor: /proc makes less of it anew. */
int fd_read_text(struct dump *d, const struct fd_info *fd, bool again, const char **ret_text)
{
	char name[32];
	int ret;

	if (fd->text && !again) {
		*ret_text = fd->text;
		return 0;
	}
	snprintf(name, sizeof(name), "../fdinfo/%d", fd->local_fd);
	ret = proc_read(d->files->self_fd, name, d->buf);
	if (ret)
		return fd_lost(d, fd, ret);
	*ret_text = d->buf->data;
	return 0;
}

static int fdinfo_add(struct dump_task *task, int fd, uint32_t cloexec,
		      const struct file_node *node)
{
	FdinfoEntry **slot, *e = malloc(sizeof(*e));

	if (!e)
		return -ENOMEM;
	slot = array_add(&task->fds);
	if (!slot) {
		free(e);
		return -ENOMEM;
	}
	fdinfo_entry__init(e);
	e->id = node->id;
	e->type = node->type;
	e->fd = (uint32_t)fd;
	e->flags = cloexec;
	*slot = e;
	return 0;
}

int file_collect(struct dump *d, const struct fd_facts *facts, struct fd_info *fd,
		 struct file_node **ret_node, bool *ret_new)
{
	int ret;

	fd->fd = facts->fd;
	fd->local_fd = -1;
	fd->id = facts->id;
	fd->ino = facts->ino;
	fd->object = facts->object;
	fd->text = facts->text;
	fd->flags = facts->flags & ~(uint32_t)O_CLOEXEC;
	fd->pos = facts->pos;
	fd->mnt_id = facts->mnt_id;
	ret = file_node_get(d->files, fd, ret_node, ret_new);
	if (ret)
		return fd_lost(d, fd, ret);
	return *ret_new ? fd_dump_new(d, fd, facts, *ret_node) : 0;
}

static int fd_collect(struct dump *d, struct dump_task *task, const struct fd_facts *facts,
		      struct fd_info *fd)
{
	char name[32], info_name[32];
	struct file_node *node;
	bool is_new;
	int ret;

	snprintf(name, sizeof(name), "fd/%d", facts->fd);
	fd->task = task;
	fd->proc_name = name;
	ret = file_collect(d, facts, fd, &node, &is_new);
	if (!ret && facts->has_lock) {
		snprintf(info_name, sizeof(info_name), "fdinfo/%d", facts->fd);
		ret = lock_collect(d, fd, info_name, is_new);
	}
	if (ret || !node->id)
		return ret;
	return fdinfo_add(task, facts->fd, facts->flags & O_CLOEXEC ? 1 : 0, node);
}

static int table_ask(struct dump *d, struct dump_task *task, struct fd_list *ret_fds)
{
	int lost, ret = ask_fds(d->dev, task->live_tid, task->proc_fd, d->buf, ret_fds, &lost);

	if (ret && lost >= 0)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d cannot be looked at", task->pid,
				  lost);
	return ret ? fail_errno(d->ctx.err, ret, "pid %d: its descriptors cannot be listed",
				task->pid) : 0;
}

static int table_collect(struct dump *d, struct dump_task *task)
{
	auto_free struct fd_info *fd = calloc(1, sizeof(*fd));
	struct fd_list fds = { 0 };
	int ret = fd ? table_ask(d, task, &fds) : -ENOMEM;

	array_for_each(&fds, facts)
		if (!ret)
			ret = fd_collect(d, task, facts, fd);
	fds_free(&fds);
	return ret;
}

int fs_collect(struct dump *d, struct dump_task *task);

int files_collect(struct dump *d, struct dump_task *task)
{
	int ret = files_begin(d);

	if (!ret && task->files_owner == task)
		ret = table_collect(d, task);
	return ret ? ret : fs_collect(d, task);
}

int files_collect_end(struct dump *d)
{
	int ret = 0;

	for (const struct file_kind *const *k = file_kinds; *k && !ret; k++)
		if ((*k)->collect_end)
			ret = (*k)->collect_end(d);
	return ret;
}

static int write_fail(struct dump *d, int ret)
{
	return fail(d->ctx.err, ret, "%s", image_error());
}

static int fdinfo_write(struct dump *d, const struct dump_task *task)
{
	struct image_writer *w = NULL;
	int close_ret, ret;

	ret = image_write_open(d->ctx.images_fd, IMG_FDINFO, task->files_id, &w);
	for (size_t i = 0; i < task->fds.nr && !ret; i++)
		ret = image_write(w, &task->fds.items[i]->base);
	close_ret = image_write_close(w);
	ret = ret ? ret : close_ret;
	return ret ? write_fail(d, ret) : 0;
}

static int files_img_write(struct dump *d)
{
	struct image_writer *w = NULL;
	int close_ret, ret;

	ret = image_write_open(d->ctx.images_fd, IMG_FILES, 0, &w);
	for (size_t i = 0; i < d->files->files.nr && !ret; i++)
		ret = image_write(w, &d->files->files.items[i]->entry.base);
	close_ret = image_write_close(w);
	ret = ret ? ret : close_ret;
	return ret ? write_fail(d, ret) : 0;
}

static int fs_write(struct dump *d, const struct dump_task *task)
{
	int ret = image_write_one(d->ctx.images_fd, IMG_FS, (unsigned long)task->pid,
				  &task->fs->base);

	return ret ? write_fail(d, ret) : 0;
}

int files_write(struct dump *d)
{
	int ret = files_img_write(d);

	for (size_t i = 0; i < d->tasks.nr && !ret; i++) {
		struct dump_task *task = d->tasks.items[i];

		if (task->state == TASK_DEAD)
			continue;
		if (task->files_owner == task)
			ret = fdinfo_write(d, task);
		if (!ret)
			ret = fs_write(d, task);
	}
	for (const struct file_kind *const *k = file_kinds; *k && !ret; k++)
		if ((*k)->write)
			ret = (*k)->write(d);
	if (!ret) {
		ret = lock_write(d);
		if (ret)
			ret = write_fail(d, ret);
	}
	return ret;
}

/* ---- restore ---- */

static int fd_make(struct restore *r, struct restore_file *f, const FdinfoEntry *e)
{
	int cloexec = e->flags & FD_CLOEXEC ? O_CLOEXEC : 0, fd, ret;

	r->cloexec = cloexec;
	ret = f->kind->restore(r, f, &fd);
	r->cloexec = O_CLOEXEC;
	if (ret)
		return ret;
	if (fd == (int)e->fd) {
		/* kinds that do not open by path leave it set */
		if (!cloexec && f->kind->type != FD_TYPES__REG && fcntl(fd, F_SETFD, 0))
			ret = -errno;
	} else {
		if (dup3(fd, (int)e->fd, cloexec) < 0)
			ret = -errno;
		close(fd);
	}
	f->place_fd = (int)e->fd;
	if (ret)
		return fail_errno(r->ctx.err, ret, "descriptor %u", e->fd);
	return fown_restore(r, f, f->place_fd);
}

int files_link(struct restore *r, struct restore_task *t)
{
	for (size_t i = 0; i < t->nr_fds; i++) {
		struct restore_file *f = restore_file_find(r, t->fds[i]->id);
		int ret;

		if (f->linker != t || !f->kind->link)
			continue;
		ret = f->kind->link(r, f, f->place_fd >= 0 ? f->place_fd : f->fd);
		f->linker = NULL;
		if (ret)
			return ret;
	}
	return 0;
}

int restore_file_open(struct restore *r, struct restore_file *f, int *ret_fd)
{
	int fd = f->fd >= 0 ? f->fd : f->place_fd, ret = 0;

	if (fd < 0) {
		ret = f->kind->restore(r, f, &fd);
		if (!ret)
			fd = f->fd = restore_fd_lift(r, fd);
		if (!ret && fd < 0)
			ret = fail_errno(r->ctx.err, fd, "open file %u", f->id);
	}
	if (!ret)
		*ret_fd = fd;
	return ret;
}

int fdtable_restore(struct restore *r, struct restore_task *t)
{
	bool link = false;

	for (size_t i = 0; i < t->nr_fds; i++) {
		const FdinfoEntry *e = t->fds[i];
		struct restore_file *f = restore_file_find(r, e->id);
		int from = f->fd >= 0 ? f->fd : f->place_fd, ret = 0;
		bool first = f->place_fd < 0;

		link |= f->linker == t && f->kind->link;
		if (from < 0) {
			ret = fd_make(r, f, e);
		} else {
			if (dup3(from, (int)e->fd, e->flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
				return fail_errno(r->ctx.err, -errno, "descriptor %u", e->fd);
			f->place_fd = (int)e->fd;
			/* of a large table little room is left above it */
			if (from == f->fd && !t->sharer)
				close(steal_fd(&f->fd));
			if (first && f->last_user == r->self)
				ret = fown_restore(r, f, f->place_fd);
		}
		if (ret)
			return ret;
	}
	return link ? files_link(r, t) : 0;
}

int restore_file_fetch(const struct restore_file *f)
{
	auto_close int pidfd = -1;

	if (!f->linker)
		return -ENOENT;
	pidfd = sys_pidfd_open((pid_t)f->linker->pid);
	return pidfd < 0 ? pidfd : sys_pidfd_getfd(pidfd, (int)f->linker_fd);
}

int files_settle(struct restore *r)
{
	for (size_t i = 0; i < r->nr_files; i++) {
		const struct restore_file *f = &r->files[i];
		auto_close int fd = -1;
		int ret;

		if (!f->kind->settle || !(f->linker || f->held))
			continue;
		fd = f->linker ? restore_file_fetch(f) : -1;
		if (f->linker && fd < 0)
			return fail_errno(r->ctx.err, fd, "open file %u cannot be reached", f->id);
		ret = f->kind->settle(r, f, fd);
		if (ret)
			return ret;
	}
	return 0;
}
