// SPDX-License-Identifier: GPL-2.0
/*
 * The images that belong to no single resource: one core a thread, the ids of
 * shared objects, the tree, the inventory and the statistics.
 */
#include "engine/write.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "image/image.h"
#include "image/inventory.pb-c.h"
#include "image/pstree.pb-c.h"
#include "image/stats.pb-c.h"
#include "image/timens.pb-c.h"
#include "kapi/proc.h"
#include "kapi/ptrace.h"
#include "lib/cleanup.h"
#include "ns/ns.h"
#include "task/task.h"

#define ROOT_CG_SET 1
#define IMG_VERSION 2		/* format 1.1 */

/* inventory_entry.network_lock_method */
enum { LOCKED_BY_IPTABLES, LOCKED_BY_NFTABLES, LOCKED_BY_NOBODY };

static int image_fail(struct dump *d, int ret)
{
	if (!ret)
		return 0;
	return d->ctx.err->ret ? ret : fail(d->ctx.err, ret, "%s", image_error());
}

static void task_ids_fill(const struct dump *d, const struct dump_task *task,
			  TaskKobjIdsEntry *e)
{
	ns_fill_ids(d->ns, e);
	e->vm_id = task->vm_id;
	e->files_id = task->files_id;
	e->fs_id = task->fs_id;
	e->sighand_id = task->sighand_id;
}

/* A zombie has only its exit code and its name. */
static int zombie_write(struct dump *d, const struct dump_task *task)
{
	CoreEntry core = CORE_ENTRY__INIT;
	TaskCoreEntry tc = TASK_CORE_ENTRY__INIT;

	core.mtype = CORE_ENTRY__MARCH__X86_64;
	core.tc = &tc;
	tc.task_state = TASK_DEAD;
	tc.exit_code = (uint32_t)task->exit_code;
	tc.comm = task->stat->comm;
	return image_fail(d, image_write_one(d->ctx.images_fd, IMG_CORE, (unsigned long)task->pid,
					     &core.base));
}

static int core_alloc(const struct dump *d, const struct dump_task *task,
		      const struct dump_thread *thread, CoreEntry *core)
{
	core->mtype = CORE_ENTRY__MARCH__X86_64;
	core->thread_core = message_new(ThreadCoreEntry, thread_core_entry__init);
	if (!core->thread_core)
		return -ENOMEM;
	core->thread_core->has_cg_set = true;
	core->thread_core->cg_set = thread->cg_set ? thread->cg_set : ROOT_CG_SET;
	if (!thread_is_leader(task, thread))
		return 0;
	core->tc = message_new(TaskCoreEntry, task_core_entry__init);
	core->ids = message_new(TaskKobjIdsEntry, task_kobj_ids_entry__init);
	if (!core->tc || !core->ids)
		return -ENOMEM;
	task_ids_fill(d, task, core->ids);
	return 0;
}

static int extra_thread_add(struct dump_task *task, pid_t tid, CrctlThreadEntry **ret)
{
	CrctlThreadEntry *e = message_new(CrctlThreadEntry, crctl_thread_entry__init);

	if (!e)
		return -ENOMEM;
	e->tid = (uint32_t)tid;
	*ret = task->extra->threads[task->extra->n_threads++] = e;
	return 0;
}

static int thread_write(struct dump *d, struct dump_task *task, struct dump_thread *thread)
{
	CoreEntry *core = message_new(CoreEntry, core_entry__init);
	CrctlThreadEntry *extra = NULL;
	int ret = core ? core_alloc(d, task, thread, core) : -ENOMEM;

	if (!ret)
		ret = extra_thread_add(task, thread->tid, &extra);
	for (const struct task_kind *const *k = task_kinds; *k && !ret; k++) {
		ret = (*k)->dump ? (*k)->dump(d, task, thread, core, extra) : 0;
		if (ret && !d->ctx.err->ret)
			fail_errno(d->ctx.err, ret, "pid %d thread %d: %s cannot be dumped",
				   task->pid, thread->tid, (*k)->name);
	}
	if (!ret)
		ret = image_fail(d, image_write_one(d->ctx.images_fd, IMG_CORE,
						    (unsigned long)thread->tid, &core->base));
	if (core)
		core_entry__free_unpacked(core, NULL);
	return ret;
}

static int ids_write(struct dump *d, const struct dump_task *task)
{
	TaskKobjIdsEntry ids = TASK_KOBJ_IDS_ENTRY__INIT;

	task_ids_fill(d, task, &ids);
	return image_fail(d, image_write_one(d->ctx.images_fd, IMG_IDS, (unsigned long)task->pid,
					     &ids.base));
}

int write_task(struct dump *d, struct dump_task *task)
{
	int ret = 0;

	if (task->state == TASK_DEAD)
		return zombie_write(d, task);
	task->extra->threads = calloc(task->threads.nr, sizeof(*task->extra->threads));
	if (!task->extra->threads)
		return -ENOMEM;
	for (size_t i = 0; i < task->threads.nr && !ret; i++)
		ret = thread_write(d, task, &task->threads.items[i]);
	if (!ret)
		ret = ids_write(d, task);
	if (!ret)
		ret = image_fail(d, image_write_one(d->ctx.images_fd, IMG_CRCTL_TASK,
						    (unsigned long)task->pid, &task->extra->base));
	return ret;
}

static int pstree_write_task(struct image_writer *w, const struct dump_task *task)
{
	size_t nr = task->threads.nr ? task->threads.nr : 1;
	auto_free uint32_t *threads = calloc(nr, sizeof(*threads));
	PstreeEntry e = PSTREE_ENTRY__INIT;

	if (!threads)
		return -ENOMEM;
	threads[0] = (uint32_t)task->pid;
	for (size_t i = 0; i < task->threads.nr; i++)
		threads[i] = (uint32_t)task->threads.items[i].tid;
	e.pid = (uint32_t)task->pid;
	e.ppid = task->parent ? (uint32_t)task->parent->pid : 0;
	e.pgid = (uint32_t)task->pgid;
	e.sid = (uint32_t)task->sid;
	e.threads = threads;
	e.n_threads = nr;
	return image_write(w, &e.base);
}

int write_pstree(struct dump *d)
{
	struct image_writer *w = NULL;
	int close_ret, ret = image_write_open(d->ctx.images_fd, IMG_PSTREE, 0, &w);

	for (size_t i = 0; i < d->tasks.nr && !ret; i++)
		ret = pstree_write_task(w, d->tasks.items[i]);
	close_ret = image_write_close(w);
	return image_fail(d, ret ? ret : close_ret);
}

/* The clocks that the tree saw, for a restore into a time namespace. */
int write_clocks(struct dump *d)
{
	TimensEntry e = TIMENS_ENTRY__INIT;
	Timespec mono = TIMESPEC__INIT, boot = TIMESPEC__INIT;
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	mono.tv_sec = (uint64_t)ts.tv_sec;
	mono.tv_nsec = (uint64_t)ts.tv_nsec;
	clock_gettime(CLOCK_BOOTTIME, &ts);
	boot.tv_sec = (uint64_t)ts.tv_sec;
	boot.tv_nsec = (uint64_t)ts.tv_nsec;
	e.monotonic = &mono;
	e.boottime = &boot;
	return image_fail(d, image_write_one(d->ctx.images_fd, IMG_TIMENS,
					     dump_ns_flags(d) & CLONE_NEWTIME ?
						     d->ns->id[NS_TIME] : 0, &e.base));
}

int write_inventory(struct dump *d)
{
	InventoryEntry e = INVENTORY_ENTRY__INIT;
	TaskKobjIdsEntry ids = TASK_KOBJ_IDS_ENTRY__INIT;

	ns_fill_ids(NULL, &ids);
	ids.vm_id = ids.files_id = ids.fs_id = ids.sighand_id = 1;
	e.img_version = IMG_VERSION;
	e.has_fdinfo_per_id = e.fdinfo_per_id = true;
	e.has_ns_per_id = e.ns_per_id = true;
	e.root_ids = &ids;
	e.has_root_cg_set = true;
	e.root_cg_set = ROOT_CG_SET;
	e.has_lsmtype = true;
	e.lsmtype = LSMTYPE__NO_LSM;
	if (d->run_id[0]) {
		e.dump_criu_run_id = d->run_id;
		e.has_network_lock_method = true;
		e.network_lock_method = d->ctx.skip_network_lock ? LOCKED_BY_NOBODY :
									 LOCKED_BY_NFTABLES;
	}
	e.has_tcp_close = e.tcp_close = d->ctx.tcp_close;
	return image_fail(d, image_write_one(d->ctx.images_fd, IMG_INVENTORY, 0, &e.base));
}

static void stats_print(const struct dump *d, const DumpStatsEntry *s)
{
	unsigned long long scanned = s->pages_scanned + s->shpages_scanned;
	unsigned long long written = s->pages_written + s->shpages_written;

	printf("dump: %zu process%s stopped in %.1f ms, frozen for %.1f ms, of that %.1f ms for "
	       "memory\n", d->tasks.nr, d->tasks.nr == 1 ? "" : "es", s->freezing_time / 1000.0,
	       s->frozen_time / 1000.0, s->memdump_time / 1000.0);
	printf("memory: %llu of %llu pages written, %.1f MiB\n", written, scanned,
	       (double)written * (double)sysconf(_SC_PAGESIZE) / (1 << 20));
}

void write_stats(struct dump *d, int work_fd, bool display, uint64_t frozen_ns, uint64_t done_ns)
{
	StatsEntry e = STATS_ENTRY__INIT;
	DumpStatsEntry s = DUMP_STATS_ENTRY__INIT;

	s.freezing_time = (uint32_t)((frozen_ns - d->stats.began_ns) / 1000);
	s.frozen_time = (uint32_t)((done_ns - frozen_ns) / 1000);
	s.memdump_time = (uint32_t)(d->stats.pages_ns / 1000);
	s.memwrite_time = s.memdump_time;
	s.pages_scanned = d->stats.pages_scanned;
	s.pages_written = d->stats.pages_written;
	s.has_shpages_scanned = s.has_shpages_written = true;
	s.shpages_scanned = d->stats.shpages_scanned;
	s.shpages_written = d->stats.shpages_written;
	e.dump = &s;
	/* The dump is complete, with or without statistics. */
	if (image_write_one(work_fd, IMG_STATS_DUMP, 0, &e.base) < 0)
		log_warn("%s, continuing", image_error());
	if (display)
		stats_print(d, &s);
}
