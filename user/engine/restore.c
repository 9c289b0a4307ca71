// SPDX-License-Identifier: GPL-2.0
/*
 * A restore, in order: read and check every image, plan, make the tasks, wait
 * until all are complete, resume. On any failure everything made is ended.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/action.h"
#include "engine/restore_internal.h"
#include "files/files.h"
#include "image/core.pb-c.h"
#include "image/image.h"
#include "image/pstree.pb-c.h"
#include "image/stats.pb-c.h"
#include "image/tty.pb-c.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"
#include "net/net.h"
#include "ns/ns.h"
#include "stub/restore_args.h"

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* One page or more that every task sees, and the engine's own vdso. */
static int restore_setup_shared(struct restore *r)
{
	size_t len = sizeof(struct stub_shared) + r->tasks.nr * sizeof(struct stub_task_slot);
	int fd = memfd_create("crctl", MFD_CLOEXEC);

	r->shared_len = (len + 4095) & ~4095UL;
	if (fd < 0 || ftruncate(fd, (off_t)r->shared_len))
		return fail_errno(r->ctx.err, -errno, "making the shared page");
	r->shared = mmap(NULL, r->shared_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r->shared == MAP_FAILED)
		return fail_errno(r->ctx.err, -errno, "mapping the shared page");
	r->shared_fd = fd;
	return 0;
}

static int restore_setup_vdso(struct restore *r)
{
	auto_fclose FILE *f = fopen("/proc/self/maps", "re");
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx", &start, &end) != 2)
			continue;
		if (strstr(line, "[vdso]")) {
			r->vdso.start = start;
			r->vdso.end = end;
		} else if (strstr(line, "[vvar") && r->nr_vvars < 4) {
			r->vvar[r->nr_vvars].start = start;
			r->vvar[r->nr_vvars++].end = end;
		}
	}
	return f ? 0 : fail_errno(r->ctx.err, -errno, "/proc/self/maps");
}

bool restore_abandoned(const struct restore *r)
{
	struct pollfd p = { .fd = r->alive_fd, .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

/* What tells of other processes. */
static int restore_setup_watchers(struct restore *r)
{
	r->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->proc_fd < 0)
		return fail_errno(r->ctx.err, -errno, "/proc");
	r->alive_fd = sys_pidfd_open(getpid());
	return r->alive_fd < 0 ? fail_errno(r->ctx.err, r->alive_fd, "pidfd_open(2)") : 0;
}

static long read_self(const char *path, long otherwise)
{
	auto_fclose FILE *f = fopen(path, "re");
	long value;

	return f && fscanf(f, "%ld", &value) == 1 ? value : otherwise;
}

static void restore_setup_self(struct restore *r)
{
	r->own_oom_score_adj = (int)read_self("/proc/self/oom_score_adj", 0);
	r->own_loginuid = (uint32_t)read_self("/proc/self/loginuid", -1);
	r->map_fd = -1;
	r->cloexec = O_CLOEXEC;
}

static void count_expected(struct restore *r)
{
	struct stub_shared *s = r->shared;
	uint32_t live = 0, threads = 0, all = 0;

	array_for_each(&r->tasks, tp) {
		const struct restore_task *t = *tp;

		if (!t->helper && !t->dead) {
			live++;
			threads += (uint32_t)t->nr_threads;
		}
		all += t->helper || t->dead || t->mm_owner == t;
	}
	s->expected_threads = threads;
	if (r->all_first) {
		s->stage = STAGE_CREATE;
		s->expected = all;
	} else {
		s->stage = STAGE_JOIN;
		s->expected = live;
	}
}

static uint32_t count_live(const struct restore *r)
{
	uint32_t live = 0;

	array_for_each(&r->tasks, tp)
		live += !(*tp)->helper && !(*tp)->dead;
	return live;
}

/*
 * The kernel ends a task with the parent that made it (PR_SET_PDEATHSIG). One
 * whose parent is not the master, or is a helper that exits, watches a pipe.
 */
static int restore_setup_watch(struct restore *r, const struct restore_options *opts)
{
	bool needed = opts->sibling;

	r->tasks.items[0]->watches = opts->sibling;
	array_for_each(&r->tasks, tp) {
		struct restore_task *c = (*tp)->creator;

		(*tp)->watches |= c && (c->helper || c->dead);
		needed |= (*tp)->watches;
	}
	if (needed && pipe2(r->watch_fds, O_CLOEXEC | O_NONBLOCK))
		return fail_errno(r->ctx.err, -errno, "making a pipe");
	return 0;
}

/* --inherit-fd: each above the tree's own, in the order of the list. */
static void inherit_lift_fds(struct restore *r)
{
	for (size_t i = 0; i < r->ctx.inherit->items.nr; i++) {
		const char *item = r->ctx.inherit->items.items[i];
		int *slot = array_add(&r->inherited);

		if (slot)
			*slot = fcntl(atoi(item + 3), F_DUPFD_CLOEXEC, r->base_fd);
	}
}

int restore_inherited(const struct restore *r, const char *name)
{
	for (size_t i = 0; i < r->inherited.nr; i++) {
		const char *end = strstr(r->ctx.inherit->items.items[i], "]:");

		if (end && !strcmp(end + 2, name))
			return r->inherited.items[i];
	}
	return -ENOENT;
}

/* The root task's process: nothing of the caller's descriptors stays. */
static void root_main(struct restore *r)
{
	int fd;

	if (r->watch_fds[1] >= 0) {
		close(r->watch_fds[1]);
		r->watch_fds[0] = fcntl(r->watch_fds[0], F_DUPFD_CLOEXEC, r->base_fd);
	}
	fd = fcntl(log_fd(), F_DUPFD_CLOEXEC, r->base_fd);
	if (fd >= 0)
		log_move_fd(fd);
	r->ctx.images_fd = fcntl(r->ctx.images_fd, F_DUPFD_CLOEXEC, r->base_fd);
	r->shared_fd = fcntl(r->shared_fd, F_DUPFD_CLOEXEC, r->base_fd);
	r->alive_fd = fcntl(r->alive_fd, F_DUPFD_CLOEXEC, r->base_fd);
	if (r->shell_tty_fd >= 0)
		r->shell_tty_fd = fcntl(r->shell_tty_fd, F_DUPFD_CLOEXEC, r->base_fd);
	if (r->orphan_socks[1] >= 0)
		r->orphan_socks[1] = fcntl(r->orphan_socks[1], F_DUPFD_CLOEXEC, r->base_fd);
	ns_lift_fds(r);
	inherit_lift_fds(r);
	syscall(SYS_close_range, 0, r->base_fd - 1, 0);
	restore_task_main(r, r->tasks.items[0]);
}

static int root_fork(struct restore *r, const struct restore_options *opts, pid_t *ret_pid)
{
	struct restore_task *root = r->tasks.items[0];

	/* restore_fork() runs restore_task_main(), which starts with the hook below */
	root->root_main = root_main;
	return restore_fork(r, root, ns_clone_flags(r) | (opts->sibling ? CLONE_PARENT : 0),
			    ret_pid);
}

/* Made before anything else, so that one that exists already ends the matter. */
static int make_pidfile(struct restore *r, const struct restore_options *opts)
{
	if (!opts->common.pidfile)
		return 0;
	r->pidfile_fd = openat(opts->common.work_fd, opts->common.pidfile,
			       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (r->pidfile_fd < 0 && errno == EEXIST)
		return fail(r->ctx.err, -EEXIST, "the PID file %s exists already; remove it",
			    opts->common.pidfile);
	if (r->pidfile_fd < 0)
		return fail_errno(r->ctx.err, -errno, "the PID file %s", opts->common.pidfile);
	return 0;
}

static int write_pidfile(struct restore *r, const struct restore_options *opts, pid_t pid)
{
	int ret = 0;

	if (r->pidfile_fd < 0)
		return 0;
	if (dprintf(r->pidfile_fd, "%d", pid) < 0)
		ret = fail_errno(r->ctx.err, -errno, "writing the PID file %s",
				 opts->common.pidfile);
	close(r->pidfile_fd);
	r->pidfile_fd = -1;
	return ret;
}

/* The master of a container's terminal, from the root task to who asked for it. */
static int orphan_hand_over(struct restore *r, const struct restore_options *opts, pid_t pid)
{
	auto_close int master = -1;
	char word;
	int ret;

	if (!r->orphan_tty)
		return 0;
	ret = sys_recv_fd(r->orphan_socks[0], &word, 1, &master);
	if (ret || master < 0)
		return fail_errno(r->ctx.err, ret ? ret : -EPROTO, "the master of terminal %u",
				  r->orphan_tty->info->pty->index);
	return action_run(r->ctx.err, &opts->common, "orphan-pts-master", pid, master);
}

static int restore_tree(struct restore *r, const struct restore_options *opts, pid_t *ret_pid)
{
	int ret;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	count_expected(r);
	progress_start(&r->ctx.progress, opts->common.progress, "filling memory", 0);
	ret = ns_outside_enter(r);
	if (!ret)
		ret = net_restore_lock(r, r->ns->flags & CLONE_NEWNET);
	if (!ret)
		ret = root_fork(r, opts, ret_pid);
	r->root_pid = ret ? 0 : *ret_pid;
	if (!ret)
		ret = restore_guard_start(r);
	if (ns_outside_leave(r))
		ret = r->ctx.err->ret;
	if (!ret)
		ret = ns_outside_found(r, *ret_pid);
	if (!ret)
		ret = restore_open_proc(r);
	if (!ret)
		ret = write_pidfile(r, opts, *ret_pid);
	if (!ret)
		ret = action_run(r->ctx.err, &opts->common, "setup-namespaces", *ret_pid, -1);
	if (!ret)
		ret = action_run(r->ctx.err, &opts->common, "post-setup-namespaces", *ret_pid, -1);
	if (!ret && r->all_first) {
		ret = restore_wait(r, &r->shared->arrived, r->shared->expected);
		__atomic_store_n(&r->shared->arrived, 0, __ATOMIC_SEQ_CST);
		__atomic_store_n(&r->shared->expected, count_live(r), __ATOMIC_SEQ_CST);
		if (!ret)
			restore_stage(r, STAGE_JOIN);
	}
	if (!ret)
		ret = restore_wait(r, &r->shared->arrived, count_live(r));
	progress_end(&r->ctx.progress);
	if (!ret)
		ret = cgroups_settle(r);
	if (!ret)
		ret = orphan_hand_over(r, opts, *ret_pid);
	if (!ret)
		ret = action_run(r->ctx.err, &opts->common, "post-restore", *ret_pid, -1);
	if (!ret)
		ret = action_run(r->ctx.err, &opts->common, "pre-resume", *ret_pid, -1);
	if (!ret)
		ret = restore_resume(r, opts);
	if (ret || !r->awaited)
		restore_guard_end(r, ret);
	if (ret) {
		restore_undo(r);
		tty_undo(r);
		(void)ns_outside_enter(r);
		net_restore_undo(r);
		(void)ns_outside_leave(r);	/* said already */
	}
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	return ret;
}

static void write_stats(const struct restore *r, const struct restore_options *opts,
			uint64_t forking_us, uint64_t total_us)
{
	RestoreStatsEntry stats = RESTORE_STATS_ENTRY__INIT;
	StatsEntry entry = STATS_ENTRY__INIT;

	stats.forking_time = (uint32_t)forking_us;
	stats.restore_time = (uint32_t)total_us;
	stats.has_pages_restored = true;
	stats.pages_restored = r->shared->pages;
	entry.restore = &stats;
	/* statistics are not worth a failed restore */
	if (image_write_one(opts->common.work_fd, IMG_STATS_RESTORE, 0, &entry.base))
		log_warn("%s; continuing", image_error());
	if (opts->common.display_stats)
		printf("restore: %.1f ms, of that %.1f ms since the first process was made\n"
		       "memory: %lu pages filled\n", (double)total_us / 1000,
		       (double)forking_us / 1000, (unsigned long)stats.pages_restored);
}

static int restore_run(struct restore *r, const struct restore_options *opts, pid_t *ret_pid)
{
	uint64_t start = now_us(), forking;
	int ret = restore_read(r);

	if (!ret)
		ret = ns_read(r);
	if (!ret)
		ret = restore_plan(r);
	if (!ret)
		ret = restore_setup_watchers(r);
	if (!ret)
		ret = restore_setup_shared(r);
	if (!ret)
		ret = restore_setup_vdso(r);
	if (!ret)
		ret = restore_setup_watch(r, opts);
	if (!ret)
		ret = action_run(r->ctx.err, &opts->common, "pre-restore", 0, -1);
	if (ret)
		return ret;
	restore_setup_self(r);
	forking = now_us();
	ret = make_pidfile(r, opts);
	if (!ret) {
		ret = ns_restore_part(r);
		if (!ret)
			ret = cgroups_prepare(r);
		if (!ret)
			ret = restore_tree(r, opts, ret_pid);
		ns_finish_part(r, ret);
		cgroups_finish(r, ret);
		if (ret && opts->common.pidfile)
			unlinkat(opts->common.work_fd, opts->common.pidfile, 0);
	}
	if (ret)
		return ret;
	write_stats(r, opts, now_us() - forking, now_us() - start);
	ret = action_run(r->ctx.err, &opts->common, "post-resume", *ret_pid, -1);
	if (!ret && opts->answer && opts->answer(opts->answer_arg, *ret_pid))
		log_warn("the client is gone, continuing without");
	restore_guard_end(r, ret);
	return ret;
}

/* Until the root ends. A job of a shell that stops, stops crctl, which goes on with it. */
static int await_root(struct restore *r, const struct restore_options *opts, pid_t pid)
{
	bool job = r->ctx.shell_job && !opts->leave_stopped;
	int status = 0;

	for (;;) {
		if (waitpid(pid, &status, job ? WUNTRACED : 0) < 0) {
			if (errno != EINTR)
				return status;
		} else if (!WIFSTOPPED(status)) {
			return status;
		} else {
			raise(SIGSTOP);
			tty_continue(r);
		}
	}
}

int engine_restore(const struct restore_options *opts, struct err *err, pid_t *ret_pid,
		   int *ret_status)
{
	struct restore r = {
		.ctx = {
			.err = err,
			.images_fd = opts->common.images_fd,
			.shell_job = opts->common.shell_job,
			.orphan_pts_master = opts->common.orphan_pts_master,
			.validate_buildid = opts->common.file_validation == VALIDATE_BUILDID,
			.skip_file_rwx_check = opts->common.skip_file_rwx_check,
			.ghost_limit = opts->common.ghost_limit,
			.tcp_established = opts->common.tcp_established,
			.tcp_close = opts->common.tcp_close,
			.skip_network_lock = opts->common.skip_network_lock,
			.external = &opts->common.external,
			.skip_mnt = &opts->common.skip_mnt,
			.enable_fs = &opts->common.enable_fs,
			.mnt_auto = opts->common.mnt_auto,
			.mnt_sharing = opts->common.mnt_sharing,
			.mnt_masters = opts->common.mnt_masters,
			.inherit = &opts->common.inherit,
			.join = &opts->common.join,
			.root = opts->common.root,
			.empty_ns = opts->common.empty_ns,
			.cgroups = &opts->common.cgroups,
		},
		.awaited = opts->answer,
		.shared_fd = -1,
		.watch_fds = { -1, -1 },
		.proc_fd = -1,
		.alive_fd = -1,
		.pidfile_fd = -1,
		.shell_tty_fd = -1,
		.orphan_fd = -1,
		.orphan_socks = { -1, -1 },
	};
	int ret;

	ret = restore_run(&r, opts, ret_pid);
	/* After a restore the process is about to end, and what it read is shared with
	 * the tasks copy-on-write: taking it apart would copy it all. */
	if (ret)
		restore_free(&r);
	if (r.shared && r.shared != MAP_FAILED)
		munmap(r.shared, r.shared_len);
	if (r.shared_fd >= 0)
		close(r.shared_fd);
	for (int i = 0; i < 2; i++) {
		if (r.orphan_socks[i] >= 0)
			close(r.orphan_socks[i]);
	}
	for (int i = 0; i < 2; i++) {
		if (r.watch_fds[i] >= 0)
			close(r.watch_fds[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		int fd = (int[]){ r.proc_fd, r.alive_fd, r.pidfile_fd }[i];

		if (fd >= 0)
			close(fd);
	}
	if (ret)
		return ret;
	if (!opts->detached && !opts->sibling && !opts->exec_cmd)
		*ret_status = await_root(&r, opts, *ret_pid);
	if (r.shell_tty_fd >= 0)
		close(r.shell_tty_fd);
	return 0;
}
