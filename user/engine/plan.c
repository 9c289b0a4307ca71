// SPDX-License-Identifier: GPL-2.0
/*
 * Decides, before anything is made, which task forks which, which helpers hold
 * sessions and groups whose leader is gone, and which task makes shared memory.
 */
#include <linux/mman.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/restore_internal.h"
#include "files/files.h"
#include "image/core.pb-c.h"
#include "image/fs.pb-c.h"
#include "image/image.h"
#include "image/memfd.pb-c.h"
#include "image/pstree.pb-c.h"
#include "lib/cleanup.h"
#include "mm/mm.h"
#include "ns/ns.h"

struct restore_task *restore_task_find(const struct restore *r, uint32_t pid)
{
	return pidmap_get(&r->by_pid, (pid_t)pid);
}

/* Every task hangs below the root by its creators; how far says its depth. */
static int plan_depths(struct restore *r)
{
	struct restore_task *root = r->tasks.items[0];

	array_for_each(&r->tasks, tp)
		(*tp)->depth = 0;
	array_for_each(&r->tasks, tp) {
		struct restore_task *t;
		uint32_t steps = 0;

		/* up to one whose depth is known, then down again */
		for (t = *tp; t != root && !t->depth; t = t->creator) {
			if (++steps > r->tasks.nr)
				return fail(
					r->ctx.err, -EINVAL,
					"pstree.img: sessions and parents go in a circle at pid %u",
					(*tp)->pid);
		}
		steps += t->depth;
		for (t = *tp; t != root && !t->depth; t = t->creator)
			t->depth = steps--;
	}
	return 0;
}

struct restore_task *restore_task_common(struct restore_task *a, struct restore_task *b)
{
	while (a != b) {
		if (a->depth >= b->depth && a->creator)
			a = a->creator;
		else
			b = b->creator;
	}
	return a;
}

static struct restore_task *helper_add(struct restore *r, uint32_t pid,
				       struct restore_task *creator)
{
	struct restore_task *t = calloc(1, sizeof(*t)), **slot;

	if (!t)
		return NULL;
	slot = array_add(&r->tasks);
	if (!slot) {
		free(t);
		return NULL;
	}
	if (pidmap_put(&r->by_pid, (pid_t)pid, t)) {
		free(t);
		r->tasks.nr--;
		return NULL;
	}
	*slot = t;
	t->index = (uint32_t)r->tasks.nr - 1;
	t->pid = pid;
	t->helper = true;
	t->parent = t->creator = creator;
	t->mm_owner = t->files_owner = t->fs_owner = t->sighand_owner = t;
	t->ppid = creator->pid;
	t->pgid = t->sid = pid;
	t->depth = creator->depth + 1;
	return t;
}

/* The first id above every one of the tree. */
static uint32_t plan_spare_pid(const struct restore *r)
{
	uint32_t max = 300;

	array_for_each(&r->tasks, tp) {
		const struct restore_task *t = *tp;

		max = t->pid > max ? t->pid : max;
		max = t->sid > max ? t->sid : max;
		max = t->pgid > max ? t->pgid : max;
		for (size_t i = 0; t->pstree && i < t->pstree->n_threads; i++)
			max = t->pstree->threads[i] > max ? t->pstree->threads[i] : max;
	}
	return max + 1;
}

static uint32_t helper_free_pid(struct restore *r)
{
	while (!kill((pid_t)r->spare_pid, 0))
		r->spare_pid++;
	return r->spare_pid++;
}

static bool task_is_subreaper(const struct restore_task *t)
{
	const TaskCoreEntry *tc = t->cores ? t->cores[0]->tc : NULL;

	return t->pid == 1 || (tc && tc->has_child_subreaper && tc->child_subreaper);
}

/*
 * @t is in a session that is neither its own nor its parent's: it was orphaned
 * and its parent is the reaper that took it. A member of the session forks a
 * helper that forks it and exits.
 */
static int plan_orphan(struct restore *r, struct restore_task *t)
{
	struct restore_task *leader = restore_task_find(r, t->sid), *helper;

	if (!task_is_subreaper(t->parent))
		return fail(r->ctx.err, -EINVAL,
			    "pstree.img: pid %u is in session %u, which its parent %u never was "
			    "in, and %u is no subreaper that could have taken it",
			    t->pid, t->sid, t->ppid, t->ppid);
	if (!leader) {
		leader = helper_add(r, t->sid, t->parent);
		if (!leader)
			return fail_errno(r->ctx.err, -ENOMEM, "planning the tree");
	}
	if (leader->helper || leader->dead) {
		t->creator = leader;
		return 0;
	}
	helper = helper_add(r, helper_free_pid(r), leader);
	if (!helper)
		return fail_errno(r->ctx.err, -ENOMEM, "planning the tree");
	helper->sid = leader->sid;
	helper->pgid = leader->pid;
	t->creator = helper;
	return 0;
}

/* The session that @t's children are born into before @t calls setsid(2). */
static uint32_t task_birth_sid(const struct restore *r, const struct restore_task *t)
{
	const struct restore_task *c = t->creator;

	if (t->sid != t->pid)
		return t->sid;
	if (!c)
		return r->ctx.shell_job ? (uint32_t)getsid(0) : 0;
	return t->early ? task_birth_sid(r, c) : c->sid;
}

static int plan_sessions(struct restore *r)
{
	struct restore_task *root = r->tasks.items[0];
	size_t nr = r->tasks.nr;

	if (root->sid != root->pid && !r->ctx.shell_job)
		return fail(r->ctx.err, -EINVAL,
			    "pid %u belongs to session %u, whose leader is not among the tasks; "
			    "restore it with --shell-job, into the session of this shell",
			    root->pid, root->sid);
	for (size_t i = 1; i < nr; i++) {
		struct restore_task *t = r->tasks.items[i], *p = t->parent;
		int ret;

		t->creator = p;
		if (t->sid == t->pid || t->sid == p->sid)
			continue;
		if (t->sid == task_birth_sid(r, p)) {
			t->early = true;
			continue;
		}
		ret = plan_orphan(r, t);
		if (ret)
			return ret;
	}
	return 0;
}

/* A group whose leader is gone is made by a helper that exits once all have joined. */
static int plan_groups(struct restore *r)
{
	size_t nr = r->tasks.nr;
	uint32_t known = 0;

	for (size_t i = 0; i < nr; i++) {
		struct restore_task *t = r->tasks.items[i], *leader, *maker = t->creator;

		if (t->pgid == t->pid || t->pgid == known || restore_task_find(r, t->pgid)) {
			known = t->pgid;
			continue;
		}
		if (r->ctx.shell_job && t->pgid == r->tasks.items[0]->pgid)
			continue; /* that of the shell */
		if (!i)
			return fail(r->ctx.err, -EINVAL,
				    "pid %u: its process group %u is not among the tasks; dump it "
				    "as a session leader (setsid) or restore with --shell-job",
				    t->pid, t->pgid);
		/* one that is in the session and makes children in it */
		for (maker = t; maker && (maker->sid != t->sid || maker == t);
		     maker = maker->creator)
			;
		if (!maker)
			return fail(r->ctx.err, -EINVAL,
				    "pstree.img: pid %u: group %u cannot be made", t->pid, t->pgid);
		leader = helper_add(r, t->pgid, maker);
		if (!leader)
			return fail_errno(r->ctx.err, -ENOMEM, "planning the tree");
		leader->sid = t->sid;
	}
	return 0;
}

/* A table or directories shared by tasks with memory of their own: by clone flags. */
static int plan_share_clone(struct restore *r, struct restore_task *t, struct restore_task *o,
			    uint64_t flag, const char *what)
{
	if (o == t)
		return 0;
	if (t->creator &&
	    (o == t->creator || (o == t->creator->files_owner && flag == CLONE_FILES) ||
	     (o == t->creator->fs_owner && flag == CLONE_FS))) {
		t->clone_flags |= flag;
		return 0;
	}
	if (t->creator == o->creator && !o->early && !t->early) {
		t->creator = o;
		t->clone_flags |= flag | CLONE_PARENT;
		return 0;
	}
	return fail(r->ctx.err, -EOPNOTSUPP,
		    "pid %u shares its %s with pid %u, which is neither its parent nor its "
		    "sibling: not supported yet",
		    t->pid, what, o->pid);
}

static int plan_sharing(struct restore *r)
{
	array_for_each(&r->tasks, tp) {
		struct restore_task *t = *tp, *o = t->mm_owner;

		if (t->helper || t->dead)
			continue;
		if (o == t) {
			if (t->sighand_owner != t)
				return fail(r->ctx.err, -EINVAL,
					    "ids-%u.img: it shares signal handlers but not memory "
					    "with pid %u",
					    t->pid, t->sighand_owner->pid);
			if (t->creator && t->creator->mm_owner != t->creator && !t->creator->helper)
				return fail(r->ctx.err, -EOPNOTSUPP,
					    "pid %u is a child of pid %u, which shares memory with "
					    "pid %u: such trees are not supported yet",
					    t->pid, t->creator->pid, t->creator->mm_owner->pid);
			if (plan_share_clone(r, t, t->files_owner, CLONE_FILES, "descriptors") ||
			    plan_share_clone(r, t, t->fs_owner, CLONE_FS, "directories"))
				return r->ctx.err->ret;
			if (t->files_owner != t)
				r->nr_file_sharers++;
			continue;
		}
		if (t->creator != o && t->creator != o->creator)
			return fail(r->ctx.err, -EOPNOTSUPP,
				    "pid %u shares memory with pid %u, which is neither its parent "
				    "nor its sibling: not supported yet",
				    t->pid, o->pid);
	}
	return 0;
}

/* Whether @t must join its group by itself, once the group's leader exists. */
static bool task_joins(const struct restore_task *t)
{
	const struct restore_task *c = t->creator;

	if (t->pgid == t->pid || !c)
		return false;
	return t->early || t->clone_flags & CLONE_PARENT || c->pgid != t->pgid || c->joins;
}

static void plan_joins(struct restore *r)
{
	/* creators come before what they create, but for helpers: those settle in a second pass */
	for (int pass = 0; pass < 2; pass++) {
		array_for_each(&r->tasks, tp)
			(*tp)->joins = task_joins(*tp);
	}
	array_for_each(&r->tasks, tp)
		r->nr_joins += (*tp)->joins && (*tp)->mm_owner == *tp;
}

static int plan_shmem(struct restore *r, struct restore_task *t, const VmaEntry *e)
{
	struct restore_shmem *s = restore_shmem_of(r, e);
	uint64_t end = e->pgoff + (e->end - e->start);

	if (!s)
		return fail(r->ctx.err, -EINVAL,
			    "mm-%u.img: the area at %#lx maps shared memory %lu, which the images "
			    "do not have",
			    t->pid, e->start, e->shmid);
	if (end < e->pgoff || end > TASK_END)
		return fail(r->ctx.err, -EINVAL, "mm-%u.img: the area at %#lx has offset %#lx",
			    t->pid, e->start, e->pgoff);
	/* an anonymous object is as large as its areas reach, a memfd as it was */
	if (end > s->size && !(s->memfd && strcmp(s->memfd->name, "/dev/zero")))
		s->size = end;
	if (e->flags & MAP_HUGETLB)
		s->huge_flags = e->flags & (MAP_HUGETLB | MAP_HUGE_MASK << MAP_HUGE_SHIFT);
	s->owner = s->owner ? restore_task_common(s->owner, t) : t;
	return 0;
}

static void plan_exe(struct restore *r, struct restore_task *t)
{
	const struct restore_file *exe = t->mm ? restore_file_find(r, t->mm->exe_file_id) : NULL;
	struct restore_shmem *s = exe && exe->entry->memfd ? restore_memfd_find(r, exe->entry) :
							     NULL;

	if (!s)
		return;
	s->executed = true;
	s->owner = s->owner ? restore_task_common(s->owner, t) : t;
}

static int plan_memory(struct restore *r)
{
	array_for_each(&r->tasks, tp) {
		struct restore_task *t = *tp;

		for (size_t i = 0; i < t->nr_vmas; i++) {
			int ret = 0;

			if (t->vmas[i].entry->status & (VMA_ANON_SHARED | VMA_MEMFD) &&
			    !(t->vmas[i].entry->status & VMA_SYSVIPC))
				ret = plan_shmem(r, t, t->vmas[i].entry);
			if (ret)
				return ret;
		}
		plan_exe(r, t);
	}
	array_for_each(&r->shmems, s) {
		array_for_each(&s->pages.runs, run) {
			if (run->start + run->nr_pages * PAGE_LEN > s->size)
				return fail(r->ctx.err, -EINVAL,
					    "pagemap-shmem-%lu.img: a page lies behind the end of "
					    "the object (%lu bytes)",
					    s->shmid, s->size);
		}
	}
	return 0;
}

/*
 * Areas that a task and a child of it have in common may hold pages that fork(2)
 * made shared: the parent fills them before it forks, and the child writes only
 * what differs.
 */
static void plan_inherit_pair(struct restore_task *p, struct restore_task *c)
{
	size_t i = 0, j = 0;

	while (i < p->nr_vmas && j < c->nr_vmas) {
		struct restore_vma *a = &p->vmas[i], *b = &c->vmas[j];

		if (a->start != b->start) {
			if (a->start < b->start)
				i++;
			else
				j++;
			continue;
		}
		if (a->end == b->end && a->kind == b->kind && a->kind->has_pages &&
		    !(a->entry->status & (VMA_VDSO | VMA_AIO_RING)) &&
		    a->entry->shmid == b->entry->shmid && a->entry->pgoff == b->entry->pgoff &&
		    a->entry->flags == b->entry->flags) {
			a->inherit = true;
			b->inherited = true;
		}
		i++;
		j++;
	}
}

static void plan_inherit(struct restore *r)
{
	array_for_each(&r->tasks, tp) {
		struct restore_task *t = *tp, *c = t->creator;

		if (t->helper || t->dead || t->early || t->mm_owner != t || !c || c->helper ||
		    c->mm_owner != c)
			continue;
		plan_inherit_pair(c, t);
	}
}

static int check_pid(struct restore *r, uint32_t pid)
{
	char path[64], comm[32] = "", *end;
	auto_fclose FILE *f = NULL;

	if (kill((pid_t)pid, 0) && errno == ESRCH)
		return 0;
	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	f = fopen(path, "re");
	if (f && fgets(comm, sizeof(comm), f)) {
		end = strchr(comm, '\n');
		if (end)
			*end = 0;
	}
	return fail(r->ctx.err, -EEXIST,
		    "PID %u is in use by %s; end that process, or restore in a PID namespace of "
		    "its own (unshare --pid --fork --mount-proc)",
		    pid, *comm ? comm : "another task");
}

int restore_check_pids(struct restore *r)
{
	array_for_each(&r->tasks, tp) {
		struct restore_task *t = *tp;
		int ret = check_pid(r, t->pid);

		for (size_t i = 1; !ret && i < t->nr_threads; i++)
			ret = check_pid(r, t->pstree->threads[i]);
		if (ret)
			return ret;
	}
	return 0;
}

/* From the end, so that the lists have the order of the arrays. */
static void plan_lists(struct restore *r)
{
	for (size_t i = r->tasks.nr; i--;) {
		struct restore_task *t = r->tasks.items[i], *o = t->mm_owner;

		if (o != t) {
			t->next_sharer = o->sharer;
			o->sharer = t;
		} else if (t->creator) {
			t->next_made = t->creator->made;
			t->creator->made = t;
		}
		if (t->parent) {
			t->next_child = t->parent->child;
			t->parent->child = t;
		}
	}
	for (size_t i = r->nr_files; i--;) {
		struct restore_file *f = &r->files[i];

		if (!f->owner || f->nr_tasks < 2 ||
		    (f->kind->after_tasks && f->kind->after_tasks(f)))
			continue;
		f->next_opens = f->owner->opens;
		f->owner->opens = f;
	}
}

int restore_plan(struct restore *r)
{
	int ret;

	r->spare_pid = plan_spare_pid(r);
	ret = plan_sessions(r);

	if (!ret)
		ret = plan_groups(r);
	if (!ret)
		ret = plan_depths(r);
	if (!ret)
		ret = plan_sharing(r);
	if (!ret)
		plan_joins(r);
	if (!ret)
		ret = restore_plan_files(r);
	if (!ret)
		ret = plan_memory(r);
	if (ret)
		return ret;
	plan_inherit(r);
	plan_lists(r);
	/* in a new PID namespace every number is free */
	return r->ns->flags & CLONE_NEWPID ? 0 : restore_check_pids(r);
}
