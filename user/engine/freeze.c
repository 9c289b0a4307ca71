// SPDX-License-Identifier: GPL-2.0
/*
 * Stopping a tree and letting it go. Threads are seized and interrupted; tasks
 * are looked at again until no new one appears. A task whose thread waits in
 * vfork(2) stops only when its child lets it, so children are stopped after
 * their parent. Whatever happens to crctl, the kernel detaches from the tasks
 * and they go on; those that were stopped by a signal stay stopped.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/tree.h"
#include "image/crctl.pb-c.h"
#include "image/fdinfo.pb-c.h"
#include "image/fs.pb-c.h"
#include "kapi/ask.h"
#include "kapi/freezer.h"
#include "kapi/proc.h"
#include "kapi/ptrace.h"
#include "kapi/sleep.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"
#include "mm/mm.h"

/* How long a thread may take to stop, mostly for the sake of vfork(2). */
#define STOP_NS 2000000000ull

struct dump_task *dump_task_find(const struct dump *d, pid_t pid)
{
	return pidmap_get(&d->by_pid, pid);
}

static int task_add(struct dump *d, pid_t pid, struct dump_task *parent,
		    struct dump_task **ret_task)
{
	struct dump_task *task = calloc(1, sizeof(*task));
	struct dump_task **slot = array_add(&d->tasks);
	int ret;

	if (!task || !slot) {
		free(task);
		d->tasks.nr -= slot ? 1 : 0;
		return fail_errno(d->ctx.err, -ENOMEM, "pid %d", pid);
	}
	*slot = task;
	task->pid = task->live_tid = pid;
	task->parent = parent;
	task->proc_fd = task->pidfd = -1;
	ret = proc_open(pid, &task->proc_fd);
	if (ret == -ENOENT && !parent)
		return fail(d->ctx.err, -ESRCH, "there is no process %d; give -t the PID of a "
			    "running process", pid);
	*ret_task = task;
	return ret;
}

/* Among the first @nr; they come in the order of the directory, so the next one is likely. */
static bool thread_known(const struct dump_task *task, size_t nr, pid_t tid, size_t *at)
{
	for (size_t i = 0; i < nr; i++) {
		size_t k = (*at + i) % nr;

		if (task->threads.items[k].tid == tid) {
			*at = k + 1;
			return true;
		}
	}
	return false;
}

static int seize_fail(struct dump *d, struct dump_task *task, pid_t tid, int ret)
{
	struct proc_status st = { 0 };

	if (!proc_read_status(task->proc_fd, "", d->buf, &st) && st.tracer > 0 &&
	    st.tracer != getpid()) {
		proc_status_free(&st);
		err_set_exit(d->ctx.err, EXIT_UNSUPPORTED);
		return fail(d->ctx.err, ret, "pid %d is traced by process %d; let that one detach "
			    "first", task->pid, st.tracer);
	}
	proc_status_free(&st);
	if (ret == -EPERM)
		return fail(d->ctx.err, ret, "pid %d thread %d may not be traced by this user; run "
			    "crctl as root", task->pid, tid);
	return fail_errno(d->ctx.err, ret, "pid %d thread %d cannot be stopped", task->pid, tid);
}

static int task_stat(struct dump *d, struct dump_task *task)
{
	int ret;

	if (!task->stat)
		task->stat = calloc(1, sizeof(*task->stat));
	if (!task->stat)
		return -ENOMEM;
	ret = proc_read_stat(task->proc_fd, "", d->buf, task->stat);
	if (ret)
		return ret;
	task->ppid = task->stat->ppid;
	task->pgid = task->stat->pgid;
	task->sid = task->stat->sid;
	return 0;
}

static bool stat_is_dead(const struct proc_stat *st)
{
	return st->state == 'Z' || st->state == 'X';
}

/* Those that were seized are negative until the tree has them. */
static int pid_compare(const void *a, const void *b)
{
	pid_t x = abs(*(const pid_t *)a), y = abs(*(const pid_t *)b);

	return x < y ? -1 : x > y;
}

/*
 * The tree of a paused container (--freeze-cgroup) is seized before it is let go on, so
 * that none of it runs. Then the cgroup is thawed, as what is frozen does nothing for us.
 */
static int paused_seize(struct dump *d, struct pid_array *paused)
{
	int ret;

	if (!d->freezer || d->freezer->dir_fd < 0 || !freezer_is_frozen(d->freezer))
		return 0;
	ret = freezer_threads(d->freezer, paused);
	qsort(paused->items, paused->nr, sizeof(pid_t), pid_compare);
	for (size_t i = 0; i < paused->nr && !ret; i++) {
		pid_t tid = paused->items[i];

		/* the dump itself says what is wrong with one that cannot be had */
		if (!ptrace_seize(tid) && !ptrace_interrupt(tid))
			paused->items[i] = -tid;
	}
	d->paused = paused;
	d->was_paused = true;
	if (!ret)
		ret = freezer_thaw(d->freezer);
	return ret ? fail_errno(d->ctx.err, ret, "the freezer of the tree's cgroup") : 0;
}

/* Was it seized while it was paused? Then once is enough. */
static bool paused_take(struct dump *d, pid_t tid)
{
	pid_t *it = d->paused && d->paused->nr ?
		    bsearch(&tid, d->paused->items, d->paused->nr, sizeof(tid), pid_compare) : NULL;

	if (!it || *it > 0)
		return false;
	*it = tid;
	return true;
}

/* What is in the cgroup and not of the tree. */
static void paused_release(struct dump *d, struct pid_array *paused)
{
	array_for_each(paused, it) {
		int signo;

		if (*it < 0 && !ptrace_wait_trap(-*it, ptrace_now_ns() + STOP_NS, &signo))
			ptrace_detach(-*it, 0);
	}
	array_free(paused);
	d->paused = NULL;
}

static int thread_seize(struct dump *d, struct dump_task *task, pid_t tid)
{
	struct dump_thread *thread;
	uint64_t slept_ns = 0, nr_switches = 0;
	int ret;

	if (d->sleep)
		slept_ns = sleep_elapsed_ns(d->sleep, task->proc_fd, tid, d->buf,
					    &nr_switches);
	ret = paused_take(d, tid) ? 0 : ptrace_seize(tid);
	if (ret == -ESRCH ||
	    (ret == -EPERM && tid == task->pid && !task_stat(d, task) && stat_is_dead(task->stat)))
		return 0;	/* it ended */
	if (ret)
		return seize_fail(d, task, tid, ret);
	thread = array_add(&task->threads);
	if (!thread) {
		ptrace_detach(tid, 0);
		return fail_errno(d->ctx.err, -ENOMEM, "pid %d", task->pid);
	}
	thread->tid = tid;
	thread->slept_ns = slept_ns;
	thread->nr_switches = nr_switches;
	thread->seized = true;
	ret = ptrace_interrupt(tid);
	return ret == -ESRCH ? 0 : ret;
}

static pid_t thread_vfork_child(struct dump *d, struct dump_task *task, pid_t tid)
{
	struct pid_array kids = { 0 };
	pid_t child = 0;

	if (!proc_read_children(task->proc_fd, tid, d->buf, &kids) && kids.nr)
		child = kids.items[kids.nr - 1];
	array_free(&kids);
	return child;
}

static int stop_fail(struct dump *d, struct dump_task *task, pid_t tid)
{
	pid_t child = thread_vfork_child(d, task, tid);

	err_set_exit(d->ctx.err, EXIT_UNSUPPORTED);
	if (child)
		return fail(d->ctx.err, -ETIMEDOUT,
			    "pid %d waits in vfork(2) for pid %d, which has "
			    "neither exited nor started a program; try again later",
			    tid, child);
	return fail(d->ctx.err, -ETIMEDOUT, "pid %d thread %d does not stop (it may wait for a "
		    "device or a network file system); try again later", task->pid, tid);
}

/* Wait for the threads from @first on; those that ended are dropped. */
static int threads_wait(struct dump *d, struct dump_task *task, size_t first)
{
	uint64_t deadline = ptrace_now_ns() + STOP_NS;
	size_t to = first;

	if (deadline > d->deadline_ns)
		deadline = d->deadline_ns;
	for (size_t i = first; i < task->threads.nr; i++) {
		struct dump_thread *t = &task->threads.items[i];
		int signo = 0, ret = ptrace_wait_trap(t->tid, deadline, &signo);

		if (ret == -ESRCH)
			continue;
		if (ret == -ETIMEDOUT) {
			memmove(task->threads.items + to, t,
				(task->threads.nr - i) * sizeof(*t));
			task->threads.nr -= i - to;
			return stop_fail(d, task, t->tid);
		}
		if (ret)
			return fail_errno(d->ctx.err, ret, "pid %d thread %d cannot be stopped",
					  task->pid, t->tid);
		if (signo)
			task->stop_signo = signo;
		task->threads.items[to++] = *t;
	}
	task->threads.nr = to;
	return 0;
}

/* Most tasks have one thread; once it has stopped no other can appear. */
static int leader_freeze(struct dump *d, struct dump_task *task)
{
	int ret = thread_seize(d, task, task->pid);

	if (!ret)
		ret = threads_wait(d, task, 0);
	return ret ? ret : task_stat(d, task);
}

/* Seize every thread; new ones can appear until all that are there have stopped. */
static int task_freeze_threads(struct dump *d, struct dump_task *task)
{
	struct pid_array tids = { 0 };
	size_t before, at = 0;
	int ret = leader_freeze(d, task);

	if (ret || task->stat->nr_threads <= 1)
		return ret;
	do {
		before = task->threads.nr;
		tids.nr = 0;
		ret = proc_list_numbers(task->proc_fd, "task", &tids);
		for (size_t i = 0; i < tids.nr && !ret; i++)
			if (!thread_known(task, before, tids.items[i], &at))
				ret = thread_seize(d, task, tids.items[i]);
		if (!ret)
			ret = threads_wait(d, task, before);
	} while (!ret && task->threads.nr > before);
	array_free(&tids);
	return ret ? ret : task_stat(d, task);
}

/*
 * The leader has ended while other threads go on: a zombie with nothing of its own,
 * so that all is looked at through another thread.
 */
static int task_add_ended_leader(struct dump *d, struct dump_task *task)
{
	struct dump_thread *t = array_add(&task->threads);
	int ret;

	if (!t)
		return fail_errno(d->ctx.err, -ENOMEM, "pid %d", task->pid);
	t = task->threads.items;
	memmove(t + 1, t, (task->threads.nr - 1) * sizeof(*t));
	*t = (struct dump_thread){ .tid = task->pid, .ended = true };
	task->live_tid = t[1].tid;
	close(task->proc_fd);
	task->proc_fd = -1;
	ret = proc_open(task->live_tid, &task->proc_fd);
	return ret ? ret : task_stat(d, task);	/* the zombie has no memory to tell about */
}

/* *ret_gone: the task ended and was reaped meanwhile. */
static int task_freeze(struct dump *d, struct dump_task *task, bool *ret_gone)
{
	int tries = 0, ret;

	/* An execve(2) by another thread takes the leader away and becomes it. */
	do {
		ret = task_freeze_threads(d, task);
	} while (!ret && !task->threads.nr && !stat_is_dead(task->stat) && tries++ < 100);
	*ret_gone = ret == -ENOENT || ret == -ESRCH;
	if (*ret_gone)
		return 0;
	if (ret)
		return d->ctx.err->ret ? ret : fail_errno(d->ctx.err, ret, "pid %d: its state "
							  "cannot be read", task->pid);
	task->state = task->stop_signo ? TASK_STOPPED : TASK_ALIVE;
	task->exit_code = task->stat->exit_code;
	if (!task->threads.nr)
		task->state = TASK_DEAD;
	else if (task->threads.items[0].tid != task->pid)
		return task_add_ended_leader(d, task);
	return 0;
}

static void task_free(struct dump_task *task)
{
	for (size_t i = 0; i < task->threads.nr; i++) {
		struct dump_thread *t = &task->threads.items[i];

		free(t->xstate);
		free(t->facts);
		if (t->status)
			proc_status_free(t->status);
		free(t->status);
	}
	array_free(&task->threads);
	mm_free(task);
	if (task->vmas && task->mm_owner == task)
		proc_vmas_free(task->vmas);
	if (task->mm_owner == task)
		free(task->vmas);
	free(task->facts);
	if (task->fs)
		fs_entry__free_unpacked(task->fs, NULL);
	if (task->extra)
		crctl_task_entry__free_unpacked(task->extra, NULL);
	for (size_t i = 0; i < task->fds.nr; i++)
		free(task->fds.items[i]);
	array_free(&task->fds);
	if (task->proc_fd >= 0)
		close(task->proc_fd);
	if (task->pidfd >= 0)
		close(task->pidfd);
	free(task->stat);
	told_free(task->told);
	free(task);
}

static int child_add(struct dump *d, struct dump_task *parent, pid_t pid)
{
	struct dump_task *task;
	bool gone;
	int ret = task_add(d, pid, parent, &task);

	gone = ret == -ENOENT;
	if (!ret)
		ret = task_freeze(d, task, &gone);
	if (gone) {
		task_free(d->tasks.items[--d->tasks.nr]);
		return 0;
	}
	return ret ? ret : pidmap_put(&d->by_pid, task->pid, task);
}

/* Children of the task that are not known yet; *ret_new counts them. */
static int task_scan_children(struct dump *d, struct dump_task *task, size_t known,
			      size_t *ret_new)
{
	struct pid_array kids = { 0 };
	int ret = 0;

	/* Orphans come only to who has descendants. */
	if (known && !task->had_children)
		return 0;
	for (size_t i = 0; i < task->threads.nr && !ret; i++)
		if (!task->threads.items[i].ended)
			ret = proc_read_children(task->proc_fd, task->threads.items[i].tid, d->buf,
						 &kids);
	if (ret == -ENOENT)
		ret = fail(d->ctx.err, -EOPNOTSUPP,
			   "this kernel has no /proc/PID/task/TID/children; "
			   "it needs CONFIG_PROC_CHILDREN");
	task->had_children = kids.nr > 0;
	for (size_t i = 0; i < kids.nr && !ret; i++) {
		if (known && dump_task_find(d, kids.items[i]))
			continue;
		ret = child_add(d, task, kids.items[i]);
		(*ret_new)++;
	}
	array_free(&kids);
	return ret;
}

/*
 * Breadth first, then again over all tasks until nothing new was found: while the
 * children of a stopped task still ran, orphans of theirs may have come to it.
 */
static int tree_freeze_all(struct dump *d)
{
	size_t nr_new, round = 0;
	struct dump_task *root;
	bool gone;
	int ret = task_add(d, d->root_pid, NULL, &root);

	if (!ret)
		ret = task_freeze(d, root, &gone);
	if (!ret)
		ret = pidmap_put(&d->by_pid, root->pid, root);
	if (ret)
		return ret;
	if (gone || root->state == TASK_DEAD)
		return fail(d->ctx.err, -ESRCH, "process %d has exited; there is nothing to dump",
			    d->root_pid);
	do {
		nr_new = 0;
		for (size_t i = 0; i < d->tasks.nr && !ret; i++)
			ret = task_scan_children(d, d->tasks.items[i], round, &nr_new);
		round++;
	} while (!ret && nr_new && d->tasks.nr > 1);
	return ret;
}

int tree_freeze(struct dump *d)
{
	struct pid_array paused = { 0 };
	struct sleep_clock clock = { 0 };
	int ret;

	ret = paused_seize(d, &paused);
	/* the pause has interrupted what counted down */
	d->sleep = d->ctx.check_only || d->paused ? NULL : &clock;
	if (!ret)
		ret = tree_freeze_all(d);
	paused_release(d, &paused);
	sleep_clock_end(&clock);
	d->sleep = NULL;
	return ret;
}

static void task_release(struct dump_task *task)
{
	if (task->resend_stop)
		(void)kill(task->pid, SIGSTOP);	/* it may have been killed meanwhile */
	for (size_t i = 0; i < task->threads.nr; i++)
		if (task->threads.items[i].seized)
			ptrace_detach(task->threads.items[i].tid, 0);
}

void tree_release(struct dump *d)
{
	if (d->freezer && freezer_freeze_again(d->freezer))
		log_warn("the tree's cgroup was frozen and is not any more: %s", strerror(errno));
	for (size_t i = 0; i < d->tasks.nr; i++)
		task_release(d->tasks.items[i]);
	for (size_t i = 0; i < d->tasks.nr; i++)
		task_free(d->tasks.items[i]);
	array_free(&d->tasks);
	pidmap_free(&d->by_pid);
}

int tree_stop(struct dump *d)
{
	for (size_t i = 0; i < d->tasks.nr; i++)
		if (d->tasks.items[i]->threads.nr)
			d->tasks.items[i]->resend_stop = true;
	return 0;
}
