// SPDX-License-Identifier: GPL-2.0
/*
 * What runs in each new process of a restore, from its first instruction to the
 * jump into the stub: sessions and groups, children, memory, files.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/restore_internal.h"
#include "files/files.h"
#include "image/core.pb-c.h"
#include "image/crctl.pb-c.h"
#include "mm/mm.h"
#include "mm/place.h"
#include "ns/ns.h"
#include "stub/restore_args.h"

static void futex_wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL);
}

static void futex_wait_until(uint32_t *word, uint32_t at_least)
{
	uint32_t now;

	while ((now = __atomic_load_n(word, __ATOMIC_SEQ_CST)) < at_least)
		syscall(SYS_futex, word, FUTEX_WAIT, now, NULL);
}

static void counter_add(uint32_t *word, uint32_t wake_at)
{
	if (__atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST) >= wake_at)
		futex_wake(word);
}

/* Hand the sentence of this process to the master. */
static void __attribute__((noreturn)) task_failed(struct restore *r)
{
	struct stub_error *e = &r->shared->error;
	uint32_t none = 0;

	if (__atomic_compare_exchange_n(&e->claimed, &none, 1, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST)) {
		e->ret = r->ctx.err->ret;
		e->pid = r->self->pid;
		e->exit_code = r->ctx.err->exit_code;
		snprintf(e->text, sizeof(e->text), "%s", r->ctx.err->text);
	}
	__atomic_store_n(&r->shared->failed, 1, __ATOMIC_SEQ_CST);
	futex_wake(&r->shared->arrived);
	for (;;)
		pause();
}

int restore_fd_lift(const struct restore *r, int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, r->base_fd), ret = -errno;

	close(fd);
	return high < 0 ? ret : high;
}

static uint64_t task_exit_signal(const struct restore_task *task)
{
	const CrctlTaskEntry *x = task->extra;

	return x && x->has_exit_signal && x->exit_signal <= 64 ? x->exit_signal : SIGCHLD;
}

int restore_fork(struct restore *r, struct restore_task *task, uint64_t flags, pid_t *ret_pid)
{
	pid_t set_tid = (pid_t)task->pid;
	struct clone_args ca = {
		.flags = flags,
		.exit_signal = flags & CLONE_PARENT ? 0 : task_exit_signal(task),
		.set_tid = (uintptr_t)&set_tid,
		.set_tid_size = 1,
	};
	long pid;

	r->parent_pid = flags & CLONE_PARENT ? getppid() : getpid();
	/* seen from inside, the parent is nobody */
	if (flags & CLONE_NEWPID)
		r->parent_pid = 0;
	pid = syscall(SYS_clone3, &ca, sizeof(ca));
	if (!pid && task->root_main)
		task->root_main(r);
	if (!pid)
		restore_task_main(r, task);
	if (pid < 0) {
		int ret = -errno;

		if (ret == -EEXIST)
			return fail(r->ctx.err, ret,
				    "PID %u was taken by another process in the meantime; restore "
				    "again, or in a PID namespace of its own",
				    task->pid);
		return fail_errno(r->ctx.err, ret, "making pid %u", task->pid);
	}
	__atomic_store_n(&r->shared->tasks[task->index].created, 1, __ATOMIC_SEQ_CST);
	*ret_pid = (pid_t)pid;
	return 0;
}

int restore_dead_task(struct restore *r, uint32_t pid, pid_t *ret_child)
{
	pid_t set_tid = (pid_t)pid;
	struct clone_args ca = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&set_tid,
		.set_tid_size = 1,
	};
	long child = syscall(SYS_clone3, &ca, sizeof(ca));

	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (child < 0)
		return fail_errno(r->ctx.err, -errno, "making pid %u, a task that was dead", pid);
	*ret_child = (pid_t)child;
	return 0;
}

static int task_fork_children(struct restore *r, struct restore_task *t, bool early)
{
	pid_t pid;

	for (struct restore_task *c = t->made; c; c = c->next_made) {
		int ret;

		if (c->early != early)
			continue;
		ret = restore_fork(r, c, c->clone_flags, &pid);
		if (ret)
			return ret;
	}
	return 0;
}

static int task_session(struct restore *r, struct restore_task *t)
{
	if (t->sid == t->pid && getsid(0) != (pid_t)t->pid && setsid() < 0)
		return fail_errno(r->ctx.err, -errno, "pid %u: making its session", t->pid);
	if (t->pgid == t->pid && t->sid != t->pid && setpgid(0, 0))
		return fail_errno(r->ctx.err, -errno, "pid %u: making its process group", t->pid);
	return 0;
}

static int task_join_group(struct restore *r, struct restore_task *t)
{
	if (!r->all_first)
		return 0;
	counter_add(&r->shared->arrived, r->shared->expected);
	futex_wait_until(&r->shared->stage, STAGE_JOIN);
	if (t->joins) {
		if (setpgid(0, (pid_t)t->pgid))
			return fail_errno(r->ctx.err, -errno, "pid %u: joining process group %u",
					  t->pid, t->pgid);
		counter_add(&r->shared->joined, r->nr_joins);
	}
	if (t->ctty || !t->creator) {
		futex_wait_until(&r->shared->joined, r->nr_joins);
		return tty_foreground(r);
	}
	return 0;
}

/* Helpers that this process made must not be left to a reaper of the tree. */
static int task_reap_helpers(struct restore *r, const struct restore_task *t)
{
	for (const struct restore_task *c = t->made; c; c = c->next_made) {
		int status = 0;

		if (!c->helper)
			continue;
		if (waitpid((pid_t)c->pid, &status, 0) < 0 || status)
			return fail(r->ctx.err, -ECHILD, "pid %u died while it was restored",
				    c->pid);
	}
	return 0;
}

static void __attribute__((noreturn)) task_die(const struct restore_task *t)
{
	uint32_t code = t->cores[0]->tc->exit_code;
	struct rlimit none = { 0, 0 };
	sigset_t all;

	if (!(code & 0x7f))
		_exit((int)(code >> 8 & 0xff));
	setrlimit(RLIMIT_CORE, &none);
	signal((int)(code & 0x7f), SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	syscall(SYS_tgkill, t->pid, t->pid, code & 0x7f);
	_exit(1);
}

/* Those that need the session (@late) or all others. */
static int task_open_shared(struct restore *r, struct restore_task *t, bool late)
{
	for (struct restore_file *f = t->opens; f; f = f->next_opens) {
		int fd, ret;

		if (f->fd >= 0 || (f->kind->after_session && f->kind->after_session(f)) != late)
			continue;
		ret = restore_file_open(r, f, &fd);
		if (ret)
			return ret;
	}
	return 0;
}

static int task_write_self(struct restore *r, const char *file, long value, bool must)
{
	char path[64], text[32];
	int fd, len, ret = 0;

	snprintf(path, sizeof(path), "/proc/self/%s", file);
	len = snprintf(text, sizeof(text), "%ld", value);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)len) != len)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	if (ret && must)
		return fail_errno(r->ctx.err, ret, "pid %u: setting %s to %ld", r->self->pid, file,
				  value);
	return 0;
}

static int task_proc_attrs(struct restore *r, struct restore_task *t)
{
	TaskCoreEntry *tc = t->cores[0]->tc;
	int ret = 0;

	if (tc->has_oom_score_adj && tc->oom_score_adj != r->own_oom_score_adj)
		ret = task_write_self(r, "oom_score_adj", tc->oom_score_adj, true);
	/* an audit id can be set once at most; that it cannot be changed back is no failure */
	if (!ret && tc->has_loginuid && tc->loginuid != r->own_loginuid)
		ret = task_write_self(r, "loginuid", (long)tc->loginuid, false);
	if (!ret && t->extra && t->extra->has_coredump_filter)
		ret = task_write_self(r, "coredump_filter", (long)t->extra->coredump_filter, true);
	return ret;
}

static int task_build_rest(struct restore *r, struct restore_task *t)
{
	int ret = mm_place_rest(r, t);

	if (!ret)
		ret = task_proc_attrs(r, t);
	if (!ret)
		ret = restore_enter_prepare(r, t);
	if (ret)
		return ret;
	/* A shared table is filled once no sharer needs a number of it for itself. */
	if (t->files_owner != t) {
		counter_add(&r->shared->quiet, r->nr_file_sharers);
		return 0;
	}
	if (r->nr_file_sharers)
		futex_wait_until(&r->shared->quiet, r->nr_file_sharers);
	ret = fdtable_restore(r, t);
	if (!ret && t->fs_owner == t)
		ret = fs_restore(r, t);
	return ret;
}

static bool task_is_subreaper(const struct restore_task *t)
{
	return !t->helper && !t->dead && t->cores[0]->tc->has_child_subreaper &&
	       t->cores[0]->tc->child_subreaper;
}

static int task_build(struct restore *r, struct restore_task *t)
{
	int ret = 0;

	/* before the helpers below it exit: their children are its own then */
	if (task_is_subreaper(t))
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* the namespaces first; what is shared comes before all who share it */
	ret = t->parent || !r->ns->flags ? 0 : ns_restore(r);
	if (!ret)
		ret = cgroups_enter(r, t);
	if (!ret && !t->helper && !t->dead && !t->creator)
		ret = ghost_restore_all(r);
	if (!ret && !t->creator)
		ret = tty_orphan_restore(r);
	if (!ret && !t->helper && !t->dead)
		ret = task_open_shared(r, t, false);
	if (!ret)
		ret = task_fork_children(r, t, true);
	if (!ret)
		ret = task_session(r, t);
	if (!ret)
		ret = tty_session(r);
	if (!ret && !t->helper && !t->dead)
		ret = task_open_shared(r, t, true);
	if (!ret && !t->helper && !t->dead)
		ret = mm_place_shared(r, t);
	if (!ret)
		ret = task_fork_children(r, t, false);
	if (!ret)
		ret = task_join_group(r, t);
	if (ret)
		return ret;
	if (t->dead || t->helper) {
		futex_wait_until(&r->shared->joined, r->nr_joins);
		ret = task_reap_helpers(r, t);
		if (ret)
			return ret;
	}
	if (t->dead)
		task_die(t);
	if (t->helper)
		_exit(0);
	return task_build_rest(r, t);
}

/* SIGKILL when the last write end of the watch pipe closes (fs/pipe.c, pipe_release). */
static int task_watch(const struct restore *r)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", r->watch_fds[0]);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	fd = fd < 0 ? -errno : restore_fd_lift(r, fd);
	if (fd < 0)
		return fd;
	if (fcntl(fd, F_SETSIG, SIGKILL) || fcntl(fd, F_SETOWN, getpid()) ||
	    fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC))
		return -errno;
	/* 0 bytes: closed before this */
	return read(fd, path, 1) ? 0 : -ECHILD;
}

/* Nothing of an unfinished restore outlives the master. */
static void task_tie(const struct restore *r, const struct restore_task *task)
{
	if (task->watches) {
		if (task_watch(r))
			_exit(1);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != r->parent_pid || (!task->creator && restore_abandoned(r)))
		_exit(1);
}

void restore_task_main(struct restore *r, struct restore_task *task)
{
	char prefix[32];

	r->self = task;
	task_tie(r, task);
	snprintf(prefix, sizeof(prefix), "pid %u: ", task->pid);
	log_set_prefix(prefix);
	if (!task->creator)
		restore_guard_wait(r);
	if (task_build(r, task))
		task_failed(r);
	restore_enter(r);
}
