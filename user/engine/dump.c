// SPDX-License-Identifier: GPL-2.0
/*
 * The way of a dump: freeze, collect, refuse early, ask, write, finish. The
 * inventory is removed first and written last, so that a directory with one is
 * always a whole checkpoint. Until the tree is to be killed every failure
 * leaves it running as before.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/action.h"
#include "engine/inside.h"
#include "engine/tree.h"
#include "engine/write.h"
#include "files/files.h"
#include "image/image.h"
#include "kapi/dev.h"
#include "kapi/freezer.h"
#include "kapi/proc.h"
#include "kapi/ptrace.h"
#include "mm/mm.h"
#include "net/net.h"
#include "ns/ns.h"
#include "task/task.h"

static void dump_init(struct dump *d, pid_t pid, const struct common_options *opts,
		      struct err *err, struct ns_table *ns, struct proc_buf *buf)
{
	*d = (struct dump){
		.ctx = {
			.err = err,
			.images_fd = opts->images_fd,
			.service_ino = opts->service_ino,
			.service_answer = opts->service_answer,
			.service_answer_len = opts->service_answer_len,
			.shell_job = opts->shell_job,
			.orphan_pts_master = opts->orphan_pts_master,
			.link_remap = opts->link_remap,
			.file_locks = opts->file_locks,
			.validate_buildid = opts->file_validation == VALIDATE_BUILDID,
			.skip_file_rwx_check = opts->skip_file_rwx_check,
			.ghost_limit = opts->ghost_limit,
			.force_irmap = opts->force_irmap,
			.irmap_paths = opts->irmap_paths,
			.nr_irmap_paths = opts->nr_irmap_paths,
			.tcp_established = opts->tcp_established,
			.tcp_close = opts->tcp_close,
			.skip_in_flight = opts->skip_in_flight,
			.ext_unix_all = opts->ext_unix_all,
			.ext_unix = opts->ext_unix,
			.nr_ext_unix = opts->nr_ext_unix,
			.skip_network_lock = opts->skip_network_lock,
			.external = &opts->external,
			.skip_mnt = &opts->skip_mnt,
			.enable_fs = &opts->enable_fs,
			.mnt_auto = opts->mnt_auto,
			.mnt_sharing = opts->mnt_sharing,
			.mnt_masters = opts->mnt_masters,
			.inherit = &opts->inherit,
			.root = opts->root,
			.empty_ns = opts->empty_ns,
			.cgroups = &opts->cgroups,
		},
		.root_pid = pid,
		.deadline_ns = UINT64_MAX,
		.ns = ns,
		.buf = buf,
	};
	d->stats.began_ns = ptrace_now_ns();
}

static void dump_free(struct dump *d, bool killed)
{
	net_dump_free(d, killed);
	tree_standby_end(d);
	tree_release(d);
	cgroup_dump_free(d);
	files_free(d);
	if (d->shmems)
		array_free(d->shmems);
	free(d->shmems);
	dev_close(d->dev);
	array_free(&d->sysv);
	array_for_each(&d->mqs, q)
		free(q->name);
	array_free(&d->mqs);
	array_free(&d->socket_vmas);
	array_free(&d->tuns);
	proc_buf_free(d->buf);
}

static int inventory_remove(struct dump *d)
{
	char name[64];

	if (unlinkat(d->ctx.images_fd, image_name(IMG_INVENTORY, 0, name, sizeof(name)), 0) &&
	    errno != ENOENT)
		return fail_errno(d->ctx.err, -errno, "the old %s cannot be removed", name);
	return 0;
}

static int images_write(struct dump *d)
{
	int ret = mm_write(d);

	if (!ret)
		ret = files_write(d);
	for (size_t i = 0; i < d->tasks.nr && !ret; i++)
		ret = write_task(d, d->tasks.items[i]);
	if (!ret)
		ret = seccomp_write(d);
	if (!ret)
		ret = write_clocks(d);
	return ret ? ret : write_pstree(d);
}

/* Only where there are connections: it takes a moment. */
static int network_lock(struct dump *d)
{
	int ret;

	if (!net_dump_needs_lock(d))
		return 0;
	ret = tree_standby(d);
	return ret ? ret : net_dump_lock(d);
}

static int time_check(struct dump *d)
{
	return ptrace_now_ns() < d->deadline_ns ? 0 :
	       fail(d->ctx.err, -ETIMEDOUT, "the dump took longer than --timeout allows");
}

/* The tree is frozen; on success it may be killed. */
static int dump_frozen(struct dump *d, const struct dump_options *opts)
{
	int ret = tree_collect(d);

	if (!ret)
		ret = tree_verdict(d);
	log_info("collected %zu processes", d->tasks.nr);
	if (!ret)
		ret = action_run(d->ctx.err, &opts->common, "query-ext-files", d->root_pid, -1);
	if (!ret)
		ret = inventory_remove(d);
	if (!ret)
		ret = tree_ask(d);
	/* before the lock, which is no rule of the tree's own */
	if (!ret)
		ret = ns_write(d);
	if (!ret)
		ret = network_lock(d);
	if (!ret)
		ret = time_check(d);
	if (!ret) {
		progress_start(&d->ctx.progress, opts->common.progress, "writing memory", 0);
		ret = images_write(d);
		progress_end(&d->ctx.progress);
	}
	if (!ret)
		ret = time_check(d);
	log_info("wrote %llu pages", (unsigned long long)d->stats.pages_written);
	if (!ret)
		ret = action_run(d->ctx.err, &opts->common, "post-dump", d->root_pid, -1);
	return ret ? ret : write_inventory(d);
}

/* The init of a PID namespace, with all in it, is ended from outside and takes us along. */
static bool dump_ends_outside(const struct dump *d, const struct inside *in,
			      enum dump_final final)
{
	return in && final == DUMP_KILL && d->ns->flags & CLONE_NEWPID && d->root_pid == 1;
}

static int dump_finish(struct dump *d, struct inside *in, const struct dump_options *opts,
		       uint64_t frozen_ns)
{
	int ret = opts->final == DUMP_KILL ? net_dump_commit(d) : 0;

	if (ret)
		return ret;
	/* what is frozen cannot die */
	if (opts->final == DUMP_KILL && d->freezer)
		freezer_leave(d->freezer);
	if (opts->final == DUMP_KILL && !dump_ends_outside(d, in, opts->final))
		ret = tree_kill(d);
	else if (opts->final == DUMP_LEAVE_STOPPED)
		ret = tree_stop(d);
	if (!ret)
		write_stats(d, opts->common.work_fd, opts->common.display_stats, frozen_ns,
			    ptrace_now_ns());
	if (!ret && dump_ends_outside(d, in, opts->final))
		ret = inside_kill(in);
	return ret;
}

static int dump_run(struct dump *d, struct inside *in, const struct dump_options *opts)
{
	uint64_t frozen_ns;
	int ret;

	if (opts->timeout)
		d->deadline_ns = ptrace_now_ns() + opts->timeout * 1000000000ull;
	ret = tree_freeze(d);
	frozen_ns = ptrace_now_ns();
	if (!ret)
		log_info("froze %zu processes", d->tasks.nr);
	if (!ret)
		ret = dump_frozen(d, opts);
	return ret ? ret : dump_finish(d, in, opts, frozen_ns);
}

/* What a dump and a look have in common; @in is NULL in crctl's own namespaces. */
struct dump_job {
	const struct dump_options *opts;
	struct err *err;
	struct ns_table ns;
	void (*report)(void *arg, const char *sentence);	/* for a look; NULL: to the log */
	void *report_arg;
	struct freezer freezer;	/* of --freeze-cgroup, opened before, like */
	struct dev *dev;	/* opened before, where /dev is the one of the host */
};

/* The module is asked where it is there; whatever keeps crctl from it, user space answers. */
static void job_find_module(struct dump_job *job, const struct common_options *opts)
{
	int ret = opts->no_module ? -ENOENT : dev_open(&job->dev);

	if (ret && ret != -ENOENT)
		log_warn("the module cannot be asked: %s, continuing without it",
			 ret == -EPROTO ? "it belongs to another version of crctl" :
					  strerror(-ret));
	log_info("%s", job->dev ? "the module answers" : "user space answers");
}

/* @here in crctl's own namespaces, or @inside of the tree's. */
static int job_run(struct dump_job *job, const struct common_options *opts, pid_t pid,
		   int (*here)(struct dump_job *job, struct inside *in, pid_t pid),
		   int (*inside)(void *arg, struct inside *in, pid_t pid))
{
	char path[64];
	int ret;

	job_find_module(job, opts);
	job->ns.cgroup_fd = job->ns.yard_fd = -1;
	if (opts->cgroups.yard)
		job->ns.yard_fd = open(opts->cgroups.yard, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (opts->cgroups.yard && job->ns.yard_fd < 0)
		return fail_errno(job->err, -errno, "--cgroup-yard %s", opts->cgroups.yard);
	/* a process that is gone is explained by the dump */
	if (ns_look(&job->ns, pid) || !job->ns.flags)
		return here(job, NULL, pid);
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	job->ns.host_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	job->ns.tree_fd = open(path, O_RDONLY | O_CLOEXEC);
	job->ns.host_mountinfo_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	job->ns.cgroup_fd = open("/proc/self/ns/cgroup", O_RDONLY | O_CLOEXEC);
	ret = inside_run(opts, job->err, &job->ns, pid, inside, job, job->report, job->report_arg);
	dev_close(job->dev);
	if (job->ns.host_fd >= 0)
		close(job->ns.host_fd);
	if (job->ns.tree_fd >= 0)
		close(job->ns.tree_fd);
	if (job->ns.host_mountinfo_fd >= 0)
		close(job->ns.host_mountinfo_fd);
	if (job->ns.cgroup_fd >= 0)
		close(job->ns.cgroup_fd);
	if (job->ns.yard_fd >= 0)
		close(job->ns.yard_fd);
	return ret;
}

static int dump_tree(struct dump_job *job, struct inside *in, pid_t pid)
{
	struct dump_options opts = *job->opts;
	struct err *err = in ? inside_err(in) : job->err;
	struct ptrace_wait_state waiting;
	struct proc_buf buf = { 0 };
	struct dump d;
	int ret;

	if (in)
		opts.common = *inside_options(in);
	dump_init(&d, pid, &opts.common, err, &job->ns, &buf);
	ret = ptrace_wait_begin(&waiting);
	if (ret)
		return fail_errno(err, ret, "signals cannot be set up");
	d.dev = job->dev;
	d.freezer = &job->freezer;
	d.freezer->inside = in;
	d.inside = in;
	ret = dump_run(&d, in, &opts);
	if (ret || opts.final == DUMP_LEAVE_RUNNING)
		files_unlink_remaps(&d);
	dump_free(&d, !ret && opts.final == DUMP_KILL);
	ptrace_wait_end(&waiting);
	if (ret && !err->ret)
		fail_errno(err, ret, "pid %d cannot be dumped", pid);
	return ret;
}

static int look_at_tree(struct dump_job *job, struct inside *in, pid_t pid)
{
	struct err *err = in ? inside_err(in) : job->err;
	struct ptrace_wait_state waiting;
	struct proc_buf buf = { 0 };
	struct dump d;
	int ret;

	dump_init(&d, pid, &job->opts->common, err, &job->ns, &buf);
	d.ctx.check_only = true;
	d.report = in ? inside_report : job->report;
	d.report_arg = in ? in : job->report_arg;
	ret = ptrace_wait_begin(&waiting);
	if (ret)
		return fail_errno(err, ret, "signals cannot be set up");
	d.dev = job->dev;
	ret = tree_freeze(&d);
	if (!ret)
		ret = tree_collect(&d);
	if (!ret && d.nr_refused)
		ret = 1;
	dump_free(&d, false);
	ptrace_wait_end(&waiting);
	if (ret < 0 && !err->ret)
		fail_errno(err, ret, "pid %d cannot be looked at", pid);
	return ret;
}

static int dump_inside(void *arg, struct inside *in, pid_t pid)
{
	return dump_tree(arg, in, pid);
}

static int look_inside(void *arg, struct inside *in, pid_t pid)
{
	return look_at_tree(arg, in, pid);
}

int engine_dump(const struct dump_options *opts, struct err *err)
{
	struct dump_job job = { .opts = opts, .err = err, .freezer.dir_fd = -1 };
	const char *freezer = opts->common.freeze_cgroup;
	int ret;

	if (opts->pid == getpid())
		return fail(err, -EINVAL, "crctl cannot dump itself; give -t another process");
	ret = action_run(err, &opts->common, "pre-dump", opts->pid, -1);
	if (ret)
		return ret;
	ret = freezer ? freezer_open(&job.freezer, freezer) : 0;
	if (ret)
		return fail_errno(err, ret, "the freezer of the cgroup %s", freezer);
	ret = job_run(&job, &opts->common, opts->pid, dump_tree, dump_inside);
	freezer_close(&job.freezer);
	return ret;
}

int engine_check(pid_t pid, const struct common_options *opts, struct err *err,
		 void (*report)(void *arg, const char *sentence), void *arg)
{
	struct dump_options dump = { .common = *opts, .pid = pid };
	struct dump_job job = { .opts = &dump, .err = err, .report = report, .report_arg = arg };

	return job_run(&job, opts, pid, look_at_tree, look_inside);
}
