// SPDX-License-Identifier: GPL-2.0
/*
 * How terminals belong together: ends of a pair, which a device number says, and the
 * session of each, which stands in /proc/PID/stat of its leader. At a dump, what has its
 * other end or its session outside the tree is found here; at a restore, who leads which.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "files/tty.h"
#include "kapi/proc.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"

/* ---- dump ---- */

static int tty_compare(const void *a, const void *b)
{
	const struct tty *x = *(struct tty *const *)a, *y = *(struct tty *const *)b;

	if (x->real != y->real)
		return x->real < y->real ? -1 : 1;
	return x->info.id > y->info.id ? -1 : x->info.id < y->info.id;	/* masters first */
}

/* The first of those that are the device @real, which stand together. */
static size_t tty_first(const struct file_table *t, uint32_t real)
{
	size_t low = 0, high = t->ttys.nr;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (t->ttys.items[mid]->real < real)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* A leader's controlling terminal is that of its session. */
static int session_collect(struct dump *d, const struct dump_task *leader)
{
	struct file_table *t = d->files;
	bool outside = leader->sid != leader->pid, found = false;

	for (size_t i = tty_first(t, leader->stat->tty);
	     i < t->ttys.nr && t->ttys.items[i]->real == leader->stat->tty; i++) {
		struct tty *tty = t->ttys.items[i];

		if (tty->hung)
			continue;
		found |= !tty->master;
		tty->info.sid = (uint32_t)leader->sid;
		tty->info.pgrp = leader->stat->tty_pgrp > 0 ? (uint32_t)leader->stat->tty_pgrp : 0;
		tty->shell = outside && !tty->pair;
	}
	if (!found && !outside)
		dump_refuse(d, "pid %d has a controlling terminal that no process of the tree has "
			    "open; dump the program that it runs in too", leader->pid);
	return 0;
}

/* Also where the tree has no terminal open: a leader may have one all the same. */
static int tty_collect_leaders(struct dump *d)
{
	int ret = 0;

	for (size_t i = 0; i < d->tasks.nr && !ret; i++) {
		const struct dump_task *task = d->tasks.items[i];

		if (task->state != TASK_DEAD && task->sid == task->pid && task->stat->tty)
			ret = session_collect(d, task);
	}
	return ret;
}

static void pairs_collect(const struct file_table *t)
{
	array_for_each(&t->ttys, it) {
		struct tty *m = *it;

		for (size_t i = tty_first(t, m->real); m->master && i < t->ttys.nr; i++) {
			struct tty *tty = t->ttys.items[i];

			if (tty->real != m->real)
				break;
			m->twin |= tty->master && tty != m;
			if (tty->hung || tty->master || tty->dev != m->dev)
				continue;
			tty->pair = m;
			m->pair = tty;
		}
	}
}

static bool stat_is_slave(int dir_fd, const char *name, const struct tty *master)
{
	struct stat st;

	return !fstatat(dir_fd, name, &st, 0) && S_ISCHR(st.st_mode) &&
	       st.st_dev == master->dev && st.st_rdev == makedev(PTY_MAJOR, master->pty.index);
}

/* Does a process that is not of the tree hold a slave open? Rarely asked, and slow. */
static pid_t slave_holder(const struct dump *d, const struct tty *master)
{
	struct pid_array pids = { 0 };
	pid_t holder = 0;
	auto_close int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)proc_list_numbers(proc, ".", &pids);	/* then nobody is found */
	for (size_t i = 0; i < pids.nr && !holder; i++) {
		struct pid_array fds = { 0 };
		char name[64];

		snprintf(name, sizeof(name), "%d/fd", pids.items[i]);
		if (!dump_task_find(d, pids.items[i]))
			(void)proc_list_numbers(proc, name, &fds);	/* or it has ended */
		for (size_t k = 0; k < fds.nr && !holder; k++) {
			snprintf(name, sizeof(name), "%d/fd/%d", pids.items[i], fds.items[k]);
			holder = stat_is_slave(proc, name, master) ? pids.items[i] : 0;
		}
		array_free(&fds);
	}
	array_free(&pids);
	return holder;
}

static int master_check(struct dump *d, struct tty *m)
{
	auto_close int fd = sys_pidfd_getfd(m->task->pidfd, m->fd);
	struct pollfd pfd = { .fd = fd, .events = POLLPRI };
	pid_t holder;

	if (fd < 0)
		return fail_errno(d->ctx.err, fd, "pid %d fd %d cannot be looked at", m->task->pid,
				  m->fd);
	(void)poll(&pfd, 1, 0);
	if (m->info.packet_mode && pfd.revents & POLLPRI)
		return dump_refuse(d,
				   "pid %d fd %d: news of packet mode (TIOCPKT) that the program "
				   "has not read yet wait in its terminal; dump again in a moment",
				   m->task->pid, m->fd);
	if (m->in_session && !dump_task_find(d, (pid_t)m->info.sid))
		return dump_refuse(
			d,
			"pid %d fd %d: the terminal /dev/pts/%u is that of session "
			"%u, which is not of the tree; dump the whole session, or end it",
			m->task->pid, m->fd, m->pty.index, m->info.sid);
	if (m->twin)
		return dump_refuse(d, "pid %d fd %d: the tree uses two terminals of the number %u, "
				   "of different devpts mounts, which is not supported yet",
				   m->task->pid, m->fd, m->pty.index);
	if (m->pair)
		return 0;
	m->slave_closed = pfd.revents & POLLHUP;
	holder = m->slave_closed ? 0 : slave_holder(d, m);
	if (holder)
		return dump_refuse(d, "pid %d fd %d: the terminal /dev/pts/%u is held open by pid "
				   "%d, which is not of the tree", m->task->pid, m->fd,
				   m->pty.index, holder);
	return 0;
}

static int tty_check(struct dump *d, struct tty *tty)
{
	if (tty->master)
		return master_check(d, tty);
	if (tty->info.type != TTY_TYPE__PTY || tty->hung || tty->pair || tty->shell ||
	    d->ctx.orphan_pts_master)
		return 0;
	return dump_refuse(d, "pid %d fd %d: the program behind the terminal /dev/pts/%u is not of "
			   "the tree; dump it too, or run the tree in script(1) or tmux(1)%s",
			   tty->task->pid, tty->fd, tty->pty.index,
			   d->ctx.shell_job ? "" : ", or give --shell-job if it is a shell's");
}

int tty_collect_end(struct dump *d)
{
	const struct dump_task *root = d->tasks.items[0];
	struct file_table *t = d->files;
	int ret = 0;

	if (!t->ttys.nr)
		return tty_collect_leaders(d);
	qsort(t->ttys.items, t->ttys.nr, sizeof(*t->ttys.items), tty_compare);
	pairs_collect(t);
	if (d->ctx.shell_job && root->sid != root->pid && root->stat->tty)
		ret = session_collect(d, root);
	if (!ret)
		ret = tty_collect_leaders(d);
	for (size_t i = 0; i < t->ttys.nr && !ret; i++)
		ret = tty_check(d, t->ttys.items[i]);
	return ret;
}

/* ---- restore ---- */

static bool group_lives(const struct restore *r, uint32_t sid, uint32_t pgrp)
{
	array_for_each(&r->tasks, tp) {
		const struct restore_task *t = *tp;

		if (t->pgid == pgrp && t->sid == sid && !t->helper && !t->dead && t->mm_owner == t)
			return true;
	}
	return false;
}

/* The session of @file's terminal, when its leader is a task. */
static int session_plan(struct restore *r, struct restore_file *file)
{
	struct restore_tty *tty = file->data;
	struct restore_task *t;

	if (tty_is_master(tty->info) || tty->info->type == TTY_TYPE__CTTY || !tty->info->sid ||
	    !tty->info->termios)
		return 0;
	t = tty->leader ? tty->leader : restore_task_find(r, tty->info->sid);
	if (!t || t->sid != t->pid || t->dead || t->helper)
		return 0;
	if (t->mm_owner != t)
		return fail(r->ctx.err, -EOPNOTSUPP, "pid %u leads the session of a terminal and "
			    "shares memory with pid %u: not supported yet", t->pid,
			    t->mm_owner->pid);
	if (!t->ctty) {
		t->ctty = file;
		tty->foreground = group_lives(r, t->sid, tty->info->pgrp);
		r->all_first |= tty->foreground;
	}
	tty->leader = t;
	return 0;
}

/* crctl's own terminal, wherever it has it. */
static int shell_find(struct restore *r)
{
	for (int fd = 0; fd < 3 && r->shell_tty_fd < 0; fd++) {
		if (isatty(fd))
			r->shell_tty_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	}
	if (r->shell_tty_fd < 0)
		r->shell_tty_fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	return r->shell_tty_fd < 0 ?
	       fail(r->ctx.err, -ENOTTY, "the tree used the terminal of its shell, but crctl runs "
		    "on none; run it on a terminal, such as in script(1)") : 0;
}

/* Its master is for the client: a container's console. */
static int orphan_plan(struct restore *r, struct restore_tty *tty)
{
	if (r->orphan_tty && r->orphan_tty != tty)
		return fail(r->ctx.err, -EOPNOTSUPP,
			    "the terminals /dev/pts/%u and /dev/pts/%u both "
			    "had their masters outside of the tree; one is possible",
			    r->orphan_tty->info->pty->index, tty->info->pty->index);
	tty->foreground = group_lives(r, tty->info->sid, tty->info->pgrp);
	r->all_first |= tty->foreground;
	if (r->orphan_tty)
		return 0;
	r->orphan_tty = tty;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, r->orphan_socks) ?
	       fail_errno(r->ctx.err, -errno, "a socket") : 0;
}

/* A slave without its master in the images. */
static int shell_plan(struct restore *r, struct restore_tty *tty)
{
	if (tty->info->type != TTY_TYPE__PTY || tty->pair || !tty->info->termios)
		return 0;
	if (r->ctx.orphan_pts_master)
		return orphan_plan(r, tty);
	if (!r->ctx.shell_job)
		return fail(r->ctx.err, -EINVAL, "the terminal /dev/pts/%u was that of the shell "
			    "which the tree was started from; restore it with --shell-job, onto "
			    "this terminal", tty->info->pty->index);
	if (r->shell_tty_fd < 0 && shell_find(r))
		return r->ctx.err->ret;
	r->shell_tty = tty;
	tty->foreground = group_lives(r, tty->info->sid, tty->info->pgrp);
	r->all_first |= tty->foreground;
	r->shell_foreground = tcgetpgrp(r->shell_tty_fd) == getpgrp();
	return 0;
}

static int index_compare(const void *a, const void *b)
{
	const struct restore_tty *x = *(struct restore_tty *const *)a;
	const struct restore_tty *y = *(struct restore_tty *const *)b;
	uint32_t i = x->info->pty->index, j = y->info->pty->index;

	return i < j ? -1 : i > j;
}

/* Slaves with a master that some task has open. */
static int pairs_plan(struct restore *r)
{
	auto_free struct restore_tty **masters = calloc(r->nr_files + 1, sizeof(*masters));
	size_t nr = 0;

	if (!masters)
		return fail_errno(r->ctx.err, -ENOMEM, "planning the terminals");
	for (size_t i = 0; i < r->nr_files; i++) {
		const struct restore_file *f = &r->files[i];
		struct restore_tty *tty = f->data;

		if (!f->entry->tty || !f->owner || !tty_is_master(tty->info))
			continue;
		if (tty->pair)
			return fail(r->ctx.err, -EINVAL, "files.img: the master of terminal %u is "
				    "open twice", tty->info->pty->index);
		masters[nr++] = tty->pair = tty;
	}
	qsort(masters, nr, sizeof(*masters), index_compare);
	for (size_t i = 1; i < nr; i++) {
		if (!index_compare(&masters[i], &masters[i - 1]))
			return fail(r->ctx.err, -EINVAL, "tty-info.img: two terminals have the "
				    "number %u", masters[i]->info->pty->index);
	}
	for (size_t i = 0; nr && i < r->ttys.nr; i++) {
		struct restore_tty *tty = &r->ttys.items[i], **m;

		if (tty->info->type != TTY_TYPE__PTY || !tty->info->pty || !tty->info->termios)
			continue;
		m = bsearch(&tty, masters, nr, sizeof(*masters), index_compare);
		tty->pair = m ? *m : NULL;
	}
	return 0;
}

int tty_plan(struct restore *r)
{
	if (r->ttys.nr && pairs_plan(r))
		return r->ctx.err->ret;
	for (size_t i = 0; r->ttys.nr && i < r->nr_files; i++) {
		struct restore_file *f = &r->files[i];
		int ret;

		if (!f->entry->tty || !f->owner)
			continue;
		ret = shell_plan(r, f->data);
		if (!ret)
			ret = session_plan(r, f);
		if (ret)
			return ret;
	}
	return 0;
}
