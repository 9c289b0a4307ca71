// SPDX-License-Identifier: GPL-2.0
/*
 * Locks on files: fcntl(2) locks of a process, of an open file description (OFD),
 * and flock(2). Seen in the fdinfo of who holds them (fs/locks.c, show_fd_locks).
 * Between dump and restore nobody holds them, so that another program may take them;
 * --file-locks says that this is understood. A wait for a lock is a system call that
 * starts again. Leases are of that sort too, but not one that is being broken: what it
 * was before shows nowhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "files/files.h"
#include "image/image.h"
#include "kapi/proc.h"
#include "stub/restore_args.h"

/* file_lock_entry.flag */
enum lock_sort {
	LOCK_SORT_POSIX = 1, LOCK_SORT_FLOCK = 2, LOCK_SORT_OFD = 4, LOCK_SORT_LEASE = 8,
};

/* ---- dump ---- */

/* "1: POSIX  ADVISORY  WRITE 4 00:2f:3 5 14" */
static int lock_parse(const char *line, FileLockEntry *e)
{
	char sort[16], state[16], access[16], end[24];
	long long start;

	if (sscanf(line, "%*d: %15s %15s %15s %*d %*s %lld %23s", sort, state, access, &start,
		   end) != 5)
		return -EINVAL;
	if (!strcmp(sort, "POSIX"))
		e->flag = LOCK_SORT_POSIX;
	else if (!strcmp(sort, "FLOCK"))
		e->flag = LOCK_SORT_FLOCK;
	else if (!strcmp(sort, "OFDLCK"))
		e->flag = LOCK_SORT_OFD;
	else if (!strcmp(sort, "LEASE") && !strcmp(state, "ACTIVE"))
		e->flag = LOCK_SORT_LEASE;
	else
		return -EOPNOTSUPP;
	e->type = strcmp(access, "WRITE") ? F_RDLCK : F_WRLCK;
	e->start = start;
	e->len = strcmp(end, "EOF") ? strtoll(end, NULL, 10) - start + 1 : 0;
	return 0;
}

static int lock_add(struct dump *d, struct fd_info *fd, const char *line, bool is_new)
{
	FileLockEntry e = FILE_LOCK_ENTRY__INIT, *slot;
	int ret = lock_parse(line, &e);

	if (ret)
		return dump_refuse(d,
				   "pid %d fd %d: the lease on %s is being broken; dump again when "
				   "the program has given it up",
				   fd->task->pid, fd->fd, fd->link);
	/* The lock of a description is every holder's; one of them takes it again. */
	if (e.flag != LOCK_SORT_POSIX && !is_new)
		return 0;
	e.pid = fd->task->pid;
	e.fd = fd->fd;
	slot = array_add(&d->files->locks);
	if (!slot)
		return fail_errno(d->ctx.err, -ENOMEM, "pid %d: its file locks", fd->task->pid);
	*slot = e;
	return 0;
}

int lock_collect(struct dump *d, struct fd_info *fd, const char *fdinfo_name, bool is_new)
{
	int ret = proc_read_link(fd->task->proc_fd, fd->proc_name, fd->link, sizeof(fd->link));
	char *line;

	if (!ret)
		ret = proc_read(fd->task->proc_fd, fdinfo_name, d->buf);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: its locks cannot be looked at",
				  fd->task->pid, fd->fd);
	if (!d->ctx.file_locks)
		return dump_refuse(d,
				   "pid %d fd %d: a file lock is held on %s; with --file-locks "
				   "it is taken again at restore",
				   fd->task->pid, fd->fd, fd->link);
	line = strstr(d->buf->data, "lock:");
	while (line && !ret) {
		ret = lock_add(d, fd, line + 5, is_new);
		line = strstr(line + 5, "lock:");
	}
	return ret;
}

int lock_write(struct dump *d)
{
	struct image_writer *w = NULL;
	int close_ret, ret;

	if (!d->files->locks.nr)
		return 0;
	ret = image_write_open(d->ctx.images_fd, IMG_FILE_LOCKS, 0, &w);
	for (size_t i = 0; i < d->files->locks.nr && !ret; i++)
		ret = image_write(w, &d->files->locks.items[i].base);
	close_ret = image_write_close(w);
	return ret ? ret : close_ret;
}

/* ---- restore ---- */

int lock_check(struct restore *r, const FileLockEntry *e)
{
	const struct restore_task *t = e->pid > 0 ? restore_task_find(r, (uint32_t)e->pid) : NULL;

	if (!t || t->helper || t->dead || t->files_owner != t || e->fd < 0 ||
	    !restore_fd_find(t, (uint32_t)e->fd))
		return fail(r->ctx.err, -EINVAL,
			    "filelocks.img: a lock of pid %d through "
			    "descriptor %d, which it does not have",
			    e->pid, e->fd);
	if (e->type > F_WRLCK || e->start < 0 || e->len < 0 ||
	    (e->flag != LOCK_SORT_POSIX && e->flag != LOCK_SORT_FLOCK && e->flag != LOCK_SORT_OFD &&
	     e->flag != LOCK_SORT_LEASE))
		return fail(r->ctx.err, -EINVAL,
			    "filelocks.img: pid %d descriptor %d: no sort of "
			    "lock that crctl knows",
			    e->pid, e->fd);
	return 0;
}

/* The stub takes them when the engine's own descriptors, whose end would drop them, are closed. */
int lock_prepare(struct restore *r, const struct restore_task *t, struct stub_task *st)
{
	struct stub_lock *locks;

	if (!t->nr_locks)
		return 0;
	locks = arena_alloc(&r->arena, t->nr_locks * sizeof(*locks));
	if (!locks)
		return fail_errno(r->ctx.err, -ENOMEM, "pid %u: its file locks", t->pid);
	st->locks = (uintptr_t)locks;
	st->nr_locks = t->nr_locks;
	for (size_t i = 0; i < t->nr_locks; i++) {
		const FileLockEntry *e = t->locks[i];
		struct stub_lock *lock = &locks[i];

		lock->fd = e->fd;
		lock->start = e->start;
		lock->len = e->len;
		lock->type = e->type;
		if (e->flag == LOCK_SORT_FLOCK)
			lock->operation = LOCK_NB | (e->type == F_WRLCK ? LOCK_EX : LOCK_SH);
		else
			lock->command = e->flag == LOCK_SORT_OFD   ? F_OFD_SETLK :
					e->flag == LOCK_SORT_LEASE ? F_SETLEASE :
								     F_SETLK;
	}
	return 0;
}
