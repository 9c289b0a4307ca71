// SPDX-License-Identifier: GPL-2.0
/*
 * Which cgroups the threads of a tree are in, and its cgroup namespace; with
 * --manage-cgroups. Seen in /proc/PID/task/TID/cgroup. Each distinct content of that is
 * a set in the image; the one that crctl is in too has no entry, and leads to wherever
 * crctl is started at the restore. Tasks put themselves into their cgroups before they
 * take memory; threads, and tasks that share memory, are put there once they exist.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/pstree.pb-c.h"
#include "lib/cleanup.h"
#include "ns/cgroup.h"
#include "ns/ns.h"

/* ---- restore: crctl's part ---- */

static int procs_open(struct restore *r, struct cgroup_hier *h, const char *path, int *ret_fd)
{
	auto_free char *name = NULL;
	int fd;

	if (asprintf(&name, "%s/cgroup.procs", cgroup_path(path)) < 0)
		return fail_errno(r->ctx.err, -ENOMEM, "cgroups");
	fd = openat(h->fd, name, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		fd = restore_fd_lift(r, fd);
	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "the cgroup %s of %s", path,
				  cgroup_hier_name(h));
	*ret_fd = fd;
	return 0;
}

/* The root of the tree's cgroup namespace is where the root task is when that is made. */
static char *ns_root_of(const struct restore *r, const struct cgroup_restore *c, size_t hier)
{
	const struct cgroup_target *t = cgroup_target_find(c, cgroup_task_set(r->tasks.items[0]));

	if (t == c->targets.items)
		return strdup(t->path[hier]);
	return t->prefix[hier] ? strndup(t->path[hier], t->prefix[hier]) : strdup("/");
}

static int hier_prepare(struct restore *r, struct cgroup_restore *c, size_t i)
{
	struct cgroup_hier *h = &c->hiers.items.items[i];
	auto_free char *ns_root = NULL;
	int ret = 0;

	array_for_each(&c->targets, t)
		c->used[i] |= strcmp(t->path[i], h->own) != 0;
	c->ns_fd[i] = -1;
	if (r->ns->flags & CLONE_NEWCGROUP) {
		ns_root = ns_root_of(r, c, i);
		if (!ns_root)
			return -ENOMEM;
		c->used[i] |= strcmp(ns_root, h->own) != 0;
	}
	if (!c->used[i])
		return 0;
	array_for_each(&c->targets, t) {
		if (!ret)
			ret = procs_open(r, h, t->path[i], &t->procs_fd[i]);
	}
	if (!ret && ns_root && strcmp(ns_root, h->own))
		ret = procs_open(r, h, ns_root, &c->ns_fd[i]);
	return ret;
}

static bool hier_needed(const struct restore *r, const struct cgroup_restore *c,
			const struct cgroup_hier *h)
{
	size_t i = (size_t)(h - c->hiers.items.items);

	array_for_each(&c->dirs, dir) {
		if (dir->hier == h)
			return true;
	}
	array_for_each(&c->targets, t) {
		if (strcmp(t->path[i], h->own))
			return true;
	}
	return r->ns->flags & CLONE_NEWCGROUP;
}

int cgroups_prepare(struct restore *r)
{
	struct cgroup_restore *c = r->cgroups;
	const char *yard = r->ctx.cgroups->yard;
	auto_close int yard_fd = -1;
	int ret = 0;

	if (!c)
		return 0;
	yard_fd = yard ? open(yard, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (yard && yard_fd < 0)
		return fail_errno(r->ctx.err, -errno, "--cgroup-yard %s", yard);
	c->used = calloc(c->hiers.items.nr + 1, sizeof(*c->used));
	c->ns_fd = calloc(c->hiers.items.nr + 1, sizeof(*c->ns_fd));
	if (!c->used || !c->ns_fd)
		return fail_errno(r->ctx.err, -ENOMEM, "cgroups");
	array_for_each(&c->hiers.items, h) {
		ret = !ret && hier_needed(r, c, h) ? cgroup_hier_open(h, yard_fd) : ret;
		if (ret)
			return fail_errno(r->ctx.err, ret, "the hierarchy of the cgroups '%s'",
					  h->names);
	}
	ret = cgroup_dirs_make(r, c);
	for (size_t i = 0; i < c->hiers.items.nr && !ret; i++)
		ret = hier_prepare(r, c, i);
	return ret && !r->ctx.err->ret ? fail_errno(r->ctx.err, ret, "cgroups") : ret;
}

int cgroups_settle(struct restore *r)
{
	return r->cgroups ? cgroup_dirs_set(r, r->cgroups) : 0;
}

void cgroups_finish(struct restore *r, bool failed)
{
	struct cgroup_restore *c = r->cgroups;

	if (!c)
		return;
	if (failed)
		cgroup_dirs_undo(r, c);
	else
		cgroup_dirs_freeze(r, c);
	array_for_each(&c->targets, t) {
		for (size_t i = 0; i < c->hiers.items.nr; i++) {
			if (t->procs_fd[i] >= 0)
				close(t->procs_fd[i]);
		}
	}
	for (size_t i = 0; c->ns_fd && i < c->hiers.items.nr; i++) {
		if (c->used[i] && c->ns_fd[i] >= 0)
			close(c->ns_fd[i]);
	}
	cgroup_hiers_free(&c->hiers);
	r->cgroups = NULL;	/* the rest goes with the process, as all that was read */
}

/* ---- restore: in the tasks ---- */

static int cgroup_ns_restore(struct restore *r)
{
	struct cgroup_restore *c = r->cgroups;

	for (size_t i = 0; c && i < c->hiers.items.nr; i++) {
		if (c->ns_fd[i] >= 0 && write(c->ns_fd[i], "0", 1) < 0)
			return fail_errno(r->ctx.err, -errno, "going to the root of the tree's "
					  "cgroup namespace ('%s')", c->hiers.items.items[i].names);
	}
	return unshare(CLONE_NEWCGROUP) ? fail_errno(r->ctx.err, -errno,
						     "making a cgroup namespace") : 0;
}

int cgroups_enter(struct restore *r, const struct restore_task *t)
{
	struct cgroup_restore *c = r->cgroups;
	const struct cgroup_target *to, *from;

	if (!c)
		return 0;
	to = cgroup_target_find(c, cgroup_task_set(t));
	from = t->creator ? cgroup_target_find(c, cgroup_task_set(t->creator)) : NULL;
	for (size_t i = 0; i < c->hiers.items.nr; i++) {
		if (!c->used[i] || (from && !strcmp(from->path[i], to->path[i])))
			continue;
		if (write(to->procs_fd[i], "0", 1) < 0)
			return fail_errno(r->ctx.err, -errno, "pid %u: going into the cgroup %s "
					  "of '%s'", t->pid, to->path[i],
					  c->hiers.items.items[i].names);
	}
	return 0;
}

/* Put @tid where @to says, unless @from says the same. */
static int tid_move(struct restore *r, const struct cgroup_target *to,
		    const struct cgroup_target *from, uint32_t tid, bool thread)
{
	struct cgroup_restore *c = r->cgroups;

	for (size_t i = 0; i < c->hiers.items.nr; i++) {
		const struct cgroup_hier *h = &c->hiers.items.items[i];
		auto_free char *name = NULL;
		char text[16];
		int ret;

		if (!strcmp(to->path[i], from->path[i]))
			continue;
		snprintf(text, sizeof(text), "%u", tid);
		if (asprintf(&name, "%s/%s", cgroup_path(to->path[i]),
			     !thread ? "cgroup.procs" : *h->names ? "tasks" :
								    "cgroup.threads") < 0)
			return fail_errno(r->ctx.err, -ENOMEM, "cgroups");
		ret = cgroup_file_write(h->fd, name, text);
		if (ret)
			return fail_errno(r->ctx.err, ret, "thread %u: going into the cgroup %s "
					  "of '%s'", tid, to->path[i], h->names);
	}
	return 0;
}

int cgroups_threads(struct restore *r)
{
	struct cgroup_restore *c = r->cgroups;

	if (!c || c->targets.nr < 2)
		return 0;
	array_for_each(&r->tasks, tp) {
		const struct restore_task *t = *tp;
		const struct cgroup_target *own;
		int ret = 0;

		if (t->helper || t->dead)
			continue;
		own = cgroup_target_find(c, cgroup_task_set(t));
		if (t->mm_owner != t)
			ret = tid_move(r, own, cgroup_target_find(c, cgroup_task_set(t->mm_owner)),
				       t->pid, false);
		for (size_t i = 1; i < t->nr_threads && !ret; i++) {
			uint32_t set = cgroup_core_set(t->cores[i]);

			if (set != own->id)
				ret = tid_move(r, cgroup_target_find(c, set), own,
					       t->pstree->threads[i], true);
		}
		if (ret)
			return ret;
	}
	return 0;
}

const struct ns_kind cgroup_ns_kind = {
	.type = NS_CGROUP,
	.name = "cgroup",
	.clone_flag = CLONE_NEWCGROUP,
	.collect_end = cgroup_collect_end,
	.dump = cgroup_write,
	.read = cgroup_read,
	.restore = cgroup_ns_restore,
	.dump_part = cgroup_write,
	.read_part = cgroup_read,
};
