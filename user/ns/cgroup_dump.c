// SPDX-License-Identifier: GPL-2.0
/*
 * Which cgroups the threads of a tree are in: each distinct content of their
 * /proc/PID/task/TID/cgroup is a set in the image.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/image.h"
#include "lib/cleanup.h"
#include "lib/path.h"
#include "ns/cgroup.h"
#include "ns/ns.h"

static char *thread_text(const struct dump_task *task, pid_t tid)
{
	char name[64];

	snprintf(name, sizeof(name), "task/%d/cgroup", tid);
	return cgroup_file_read(task->proc_fd, name);
}

static int set_find(struct cgroup_dump *c, const struct dump_task *task, pid_t tid, uint32_t *ret)
{
	auto_free char *text = thread_text(task, tid);
	struct cgroup_set *set;

	if (!text)
		return -errno;
	for (size_t i = c->sets.nr; i > 0; i--) {
		if (!strcmp(c->sets.items[i - 1].text, text)) {
			*ret = c->sets.items[i - 1].id;
			return 0;
		}
	}
	set = array_add(&c->sets);
	if (!set)
		return -ENOMEM;
	*set = (struct cgroup_set){ .id = (uint32_t)c->sets.nr + CGROUP_SET_OWN - 1,
				    .text = steal_ptr(text), .task = task, .tid = tid };
	*ret = set->id;
	return 0;
}

/* In crctl's cgroup namespace: paths are what it can open, and what a restore will see. */
static int sets_collect(struct dump *d, struct cgroup_dump *c)
{
	struct cgroup_set *own = array_add(&c->sets);
	int ret = own ? cgroup_hiers_look(&c->hiers) : -ENOMEM;

	if (ret)
		return ret;
	own->id = CGROUP_SET_OWN;
	/* the namespace's root is in the image of a set, so one is needed */
	own->text = d->ns->flags & CLONE_NEWCGROUP
			    ? strdup("")
			    : cgroup_file_read(AT_FDCWD, "/proc/self/cgroup");
	if (!own->text)
		return -errno;
	for (size_t i = 0; i < d->tasks.nr && !ret; i++) {
		struct dump_task *task = d->tasks.items[i];

		for (size_t j = 0; j < task->threads.nr && !ret && task->state != TASK_DEAD; j++)
			ret = set_find(c, task, task->threads.items[j].tid,
				       &task->threads.items[j].cg_set);
	}
	array_for_each(&c->sets, set) {
		if (set->task && !ret && strstr(set->text, " (deleted)"))
			dump_refuse(d, "pid %d is in a cgroup that was removed, which cannot be "
				    "kept; use --manage-cgroups=ignore", set->task->pid);
	}
	for (size_t i = 0; i < c->hiers.items.nr && !ret && !d->ctx.check_only; i++) {
		ret = cgroup_hier_open(&c->hiers.items.items[i], d->ns->yard_fd);
		if (ret)
			fail_errno(d->ctx.err, ret, "the hierarchy of the cgroups '%s'",
				   c->hiers.items.items[i].names);
	}
	return ret;
}

/* What they are to the tree itself. */
static int sets_look_inside(struct dump *d, struct cgroup_dump *c)
{
	array_for_each(&c->sets, set) {
		if (!set->task)
			continue;
		set->inside = thread_text(set->task, set->tid);
		if (!set->inside)
			return -errno;
		if (strstr(set->inside, ":/.."))
			dump_refuse(d, "pid %d is in a cgroup outside of its cgroup namespace, "
				    "which cannot be kept; use --manage-cgroups=ignore",
				    set->task->pid);
	}
	return 0;
}

static int namespace_switch(const struct dump *d, int fd)
{
	return d->ns->flags & CLONE_NEWCGROUP && setns(fd, CLONE_NEWCGROUP) ? -errno : 0;
}

int cgroup_collect_end(struct dump *d)
{
	auto_close int tree = -1;
	int back, ret;

	if (d->ctx.cgroups->mode == CGROUPS_IGNORE || d->cgroups)
		return 0;
	d->cgroups = calloc(1, sizeof(*d->cgroups));
	tree = open("/proc/self/ns/cgroup", O_RDONLY | O_CLOEXEC);
	ret = d->cgroups ? namespace_switch(d, d->ns->cgroup_fd) : -ENOMEM;
	if (!ret) {
		ret = sets_collect(d, d->cgroups);
		back = namespace_switch(d, tree);
		ret = ret ? ret : back;
	}
	if (!ret && d->ns->flags & CLONE_NEWCGROUP)
		ret = sets_look_inside(d, d->cgroups);
	return ret && !d->ctx.err->ret ?
		fail_errno(d->ctx.err, ret, "the cgroups of the tree") : ret;
}

static int member_compare(const void *a, const void *b)
{
	return strcmp((*(CgMemberEntry *const *)a)->name, (*(CgMemberEntry *const *)b)->name);
}

/* How much of @path leads to the root of the namespace in which it is @inside. */
static uint32_t prefix_of(const char *path, const char *inside)
{
	size_t len = strlen(path), rest = strcmp(inside, "/") ? strlen(inside) : 0;

	return rest > len || strcmp(path + len - rest, rest ? inside : "") ||
	       (len == rest + 1 && !rest) ? 0 : (uint32_t)(len - rest);
}

static int member_add(CgSetEntry *e, const char *names, const char *path, const char *inside)
{
	CgMemberEntry *m = malloc(sizeof(*m)), **more;

	more = realloc(e->ctls, (e->n_ctls + 1) * sizeof(*more));
	if (more)
		e->ctls = more;
	if (!m || !more) {
		free(m);
		return -ENOMEM;
	}
	cg_member_entry__init(m);
	m->name = strdup(names);
	m->path = strdup(path);
	m->cgns_prefix = inside ? prefix_of(path, inside) : 0;
	m->has_cgns_prefix = m->cgns_prefix;
	e->ctls[e->n_ctls++] = m;
	return m->name && m->path ? 0 : -ENOMEM;
}

static int set_fill(const struct cgroup_set *set, CgSetEntry *e)
{
	auto_free char *text = strdup(set->text), *inside = strdup(set->inside ? set->inside : "");
	const char *names, *path, *in_names, *in_path;
	char *at = text, *in_at = inside;
	int ret = text && inside ? 0 : -ENOMEM;

	e->id = set->id;
	while (!ret && cgroup_line_next(&at, &names, &path)) {
		bool known = set->inside && cgroup_line_next(&in_at, &in_names, &in_path) &&
			     !strcmp(in_names, names);

		ret = member_add(e, names, path, known ? in_path : NULL);
	}
	if (e->n_ctls)
		qsort(e->ctls, e->n_ctls, sizeof(*e->ctls), member_compare);
	return ret;
}

static int sets_fill(const struct cgroup_dump *c, CgroupEntry *e)
{
	int ret = 0;

	e->sets = calloc(c->sets.nr, sizeof(*e->sets));
	if (!e->sets)
		return -ENOMEM;
	for (size_t i = 1; i < c->sets.nr && !ret; i++) {
		CgSetEntry *set = malloc(sizeof(*set));

		if (!set)
			return -ENOMEM;
		cg_set_entry__init(set);
		e->sets[e->n_sets++] = set;
		ret = set_fill(&c->sets.items[i], set);
	}
	return ret;
}

static int text_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct paths {
	ARRAY_OF(char *) items;
};

/* The topmost cgroups of @h that are the tree's own: with all below them they are dumped. */
static int tops_find(const CgroupEntry *e, const struct cgroup_hier *h, struct paths *tops)
{
	for (size_t i = 0; i < e->n_sets; i++) {
		for (size_t j = 0; j < e->sets[i]->n_ctls; j++) {
			const CgMemberEntry *m = e->sets[i]->ctls[j];
			char **slot;

			if (strcmp(m->name, h->names) || !strcmp(m->path, "/") ||
			    !strcmp(m->path, h->own))
				continue;
			slot = array_add(&tops->items);
			if (!slot)
				return -ENOMEM;
			*slot = m->cgns_prefix ? strndup(m->path, m->cgns_prefix) :
						 strdup(m->path);
			if (!*slot)
				return -ENOMEM;
			if (!strcmp(*slot, h->own)) {
				free(*slot);
				*slot = strdup(m->path);
			}
		}
	}
	if (tops->items.nr)
		qsort(tops->items.items, tops->items.nr, sizeof(char *), text_compare);
	return 0;
}

static bool controller_wanted(const struct cgroup_options *o, const struct cgroup_hier *h)
{
	array_for_each(&o->controllers.items, name) {
		if (cgroup_hier_has(h, *name, strlen(*name)))
			return true;
	}
	return !o->controllers.items.nr;
}

static int dirs_fill(struct dump *d, const struct cgroup_hier *h, const CgroupEntry *all,
		     CgControllerEntry *e)
{
	struct paths tops = { 0 };
	int ret = controller_wanted(d->ctx.cgroups, h) ? tops_find(all, h, &tops) : 0;

	e->dirs = calloc(tops.items.nr + 1, sizeof(*e->dirs));
	if (!e->dirs)
		ret = -ENOMEM;
	array_for_each(&tops.items, path) {
		bool below = false;

		for (size_t i = 0; i < e->n_dirs && !below; i++)
			below = path_below(cgroup_path(*path), e->dirs[i]->dir_name);
		if (below || ret)
			continue;
		ret = cgroup_dir_dump(d, h, *path, &e->dirs[e->n_dirs]);
		if (ret)
			fail_errno(d->ctx.err, ret, "the cgroup %s of %s", *path,
				   cgroup_hier_name(h));
		else
			e->n_dirs++;
	}
	array_for_each(&tops.items, path)
		free(*path);
	array_free(&tops.items);
	return ret;
}

static int names_fill(const char *names, CgControllerEntry *e)
{
	const char *at = names;

	e->cnames = calloc(strlen(names) + 1, sizeof(*e->cnames));
	if (!e->cnames)
		return -ENOMEM;
	do {
		size_t len = strcspn(at, ",");

		e->cnames[e->n_cnames] = strndup(at, len);
		if (!e->cnames[e->n_cnames++])
			return -ENOMEM;
		at += len + (at[len] == ',');
	} while (*at);
	return 0;
}

static int controllers_fill(struct dump *d, CgroupEntry *e)
{
	struct cgroup_hiers *h = &d->cgroups->hiers;
	int ret = 0;

	e->controllers = calloc(h->items.nr + 1, sizeof(*e->controllers));
	if (!e->controllers)
		return -ENOMEM;
	for (size_t i = 0; i < h->items.nr && !ret; i++) {
		CgControllerEntry *c = malloc(sizeof(*c));

		if (!c)
			return -ENOMEM;
		cg_controller_entry__init(c);
		e->controllers[e->n_controllers++] = c;
		c->has_is_threaded = true;
		c->is_threaded = *h->items.items[i].names;
		ret = names_fill(h->items.items[i].names, c);
		if (!ret)
			ret = dirs_fill(d, &h->items.items[i], e, c);
	}
	return ret;
}

int cgroup_write(struct dump *d, uint32_t id)
{
	CgroupEntry *e;
	int ret;

	if (!d->cgroups)
		return 0;
	e = malloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	cgroup_entry__init(e);
	ret = sets_fill(d->cgroups, e);
	if (!ret)
		ret = controllers_fill(d, e);
	if (!ret) {
		ret = image_write_one(d->ctx.images_fd, IMG_CGROUP, 0, &e->base);
		if (ret)
			fail(d->ctx.err, ret, "%s", image_error());
	}
	cgroup_entry__free_unpacked(e, NULL);
	return ret;
}

void cgroup_dump_free(struct dump *d)
{
	struct cgroup_dump *c = d->cgroups;

	if (!c)
		return;
	array_for_each(&c->sets, set) {
		free(set->text);
		free(set->inside);
	}
	array_free(&c->sets);
	cgroup_hiers_free(&c->hiers);
	free(c);
	d->cgroups = NULL;
}
