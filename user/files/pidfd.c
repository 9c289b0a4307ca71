// SPDX-License-Identifier: GPL-2.0
/*
 * Pidfds: the process, seen in fdinfo, which says -1 once it was reaped. One of a task
 * of the tree is opened when all tasks exist, by each table that has it: tables do not
 * share the description then. One of a reaped process gets a child that is ended at
 * once; those that were of one process stay so. A process outside the tree would be
 * another one after a restore, and one that is made last (a thread, a task that shares
 * memory) cannot be opened in time: refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files/files.h"
#include "image/pidfd.pb-c.h"
#include "kapi/proc.h"

/* PIDFD_NONBLOCK and PIDFD_THREAD of linux/pidfd.h */
#define OPEN_FLAGS (O_NONBLOCK | O_EXCL)

/* ---- dump ---- */

static bool pidfd_match(const struct fd_info *fd)
{
	return !strcmp(fd->link, "anon_inode:[pidfd]") || !strncmp(fd->link, "pidfd:[", 7);
}

static int pidfd_check_task(struct dump *d, const struct fd_info *fd, pid_t pid)
{
	const struct dump_task *task = dump_task_find(d, pid);

	if (task && task->state == TASK_DEAD)
		return 0;
	if (task && task->mm_owner == task)
		return 0;
	if (task)
		return dump_refuse(d, "pid %d fd %d: a pidfd of pid %d, which shares memory with "
				   "another task, is not supported yet; close it before the dump",
				   fd->task->pid, fd->fd, pid);
	if (fd->flags & O_EXCL && pid > 0)
		return dump_refuse(d, "pid %d fd %d: a pidfd of thread %d, which is no leader of "
				   "the tree's, is not supported yet; close it before the dump",
				   fd->task->pid, fd->fd, pid);
	return dump_refuse(d, "pid %d fd %d: a pidfd of process %d outside the tree; after a "
			   "restore that would be another process; close it before the dump",
			   fd->task->pid, fd->fd, pid);
}

static int pidfd_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	PidfdEntry *e = file_alloc(file, sizeof(*e));
	const char *text, *pid;
	int ret = e ? fd_read_text(d, fd, false, &text) : -ENOMEM;

	if (ret)
		return ret;
	pid = proc_text_value(text, "Pid:");
	if (!pid)
		return fail(d->ctx.err, -EOPNOTSUPP, "pid %d fd %d: this kernel does not tell the "
			    "process of a pidfd", fd->task->pid, fd->fd);
	pidfd_entry__init(e);
	e->id = file->entry.id;
	e->ino = (uint32_t)fd->st.st_ino;
	e->flags = fd->flags & ~(uint32_t)O_ACCMODE;	/* as pidfd_open(2) takes them */
	e->nspid = atoi(pid);
	e->fown = &file->fown;
	file->entry.pidfd = e;
	return e->nspid == -1 ? 0 : pidfd_check_task(d, fd, e->nspid);
}

/* ---- restore ---- */

static bool pidfd_is_dead(const struct restore_file *file)
{
	return file->entry->pidfd->nspid == -1;
}

static int pidfd_check(struct restore *r, const struct restore_file *file)
{
	const PidfdEntry *e = file->entry->pidfd;

	if (!e)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u is no pidfd", file->id);
	if (e->nspid != -1 && (e->nspid <= 0 || !restore_task_find(r, (uint32_t)e->nspid)))
		return fail(r->ctx.err, -EOPNOTSUPP,
			    "files.img: open file %u is a pidfd of process %d, which is not in the "
			    "tree; that is not supported",
			    file->id, e->nspid);
	return 0;
}

static bool pidfd_after_tasks(const struct restore_file *file)
{
	return !pidfd_is_dead(file);
}

/* The process that is to be dead takes any PID: others must not need it meanwhile. */
static bool pidfd_before_tasks(struct restore *r, const struct restore_file *file,
			       const struct restore_task *maker)
{
	return pidfd_is_dead(file);
}

/* Before Linux 6.9 all have one inode number, and are taken for one process. */
static uint32_t pidfd_group(const struct restore_file *file)
{
	return pidfd_is_dead(file) ? file->entry->pidfd->ino : 0;
}

static int pidfd_open_as(struct restore *r, const struct restore_file *file, pid_t pid, int *ret_fd)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, file->entry->pidfd->flags & OPEN_FLAGS);

	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "open file %u: pidfd of process %d", file->id,
				  pid);
	*ret_fd = fd;
	return 0;
}

static int pidfd_open_group(struct restore *r, struct restore_file *file, pid_t pid, int *ret_fd)
{
	struct restore_file *f = file;
	int fd, ret = 0;

	do {
		if (f == file)
			ret = pidfd_open_as(r, f, pid, ret_fd);
		else if (f->owner && f->fd < 0)
			ret = pidfd_open_as(r, f, pid, &fd);
		if (!ret && f != file && f->owner && f->fd < 0) {
			f->fd = restore_fd_lift(r, fd);
			ret = f->fd < 0 ? fail_errno(r->ctx.err, f->fd, "open file %u", f->id) : 0;
		}
		f = f->group;
	} while (!ret && f && f != file);
	return ret;
}

static int pidfd_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	pid_t pid;
	int ret;

	if (!pidfd_is_dead(file))
		return pidfd_open_as(r, file, file->entry->pidfd->nspid, ret_fd);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (pid < 0)
		return fail_errno(r->ctx.err, -errno, "open file %u: a process for a pidfd",
				  file->id);
	ret = pidfd_open_group(r, file, pid, ret_fd);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return ret;
}

const struct file_kind pidfd_kind = {
	.name = "pidfd",
	.type = FD_TYPES__PIDFD,
	.match = pidfd_match,
	.dump = pidfd_dump,
	.check = pidfd_check,
	.after_tasks = pidfd_after_tasks,
	.before_tasks = pidfd_before_tasks,
	.group = pidfd_group,
	.restore = pidfd_restore,
};
