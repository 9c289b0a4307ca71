// SPDX-License-Identifier: GPL-2.0
/*
 * Which cgroups the threads of a tree are in, and its cgroup namespace; with
 * --manage-cgroups. Seen in /proc/PID/task/TID/cgroup. Each distinct content of that is
 * a set in the image; the one that crctl is in too has no entry, and leads to wherever
 * crctl is started at the restore. Tasks put themselves into their cgroups before they
 * take memory; threads, and tasks that share memory, are put there once they exist.
 */
#include "ns/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/core.pb-c.h"
#include "image/image.h"
#include "image/pstree.pb-c.h"
#include "lib/cleanup.h"
#include "lib/path.h"
#include "ns/ns.h"

/* ---- dump ---- */

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

static int cgroup_collect_end(struct dump *d)
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

static int cgroup_write(struct dump *d, uint32_t id)
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

/* ---- restore: reading ---- */

static bool path_is_sane(const char *path)
{
	size_t len = strlen(path);

	return len < 4096 && !strstr(path, "/../") && strcmp(path, "..") &&
	       strncmp(path, "../", 3) && (len < 3 || strcmp(path + len - 3, "/..")) &&
	       !strchr(path, '\n');
}

static int dir_check(struct restore *r, const CgroupDirEntry *e, bool top)
{
	int ret = 0;

	if (!path_is_sane(e->dir_name) || (!top && (!*e->dir_name || strchr(e->dir_name, '/'))))
		return fail(r->ctx.err, -EINVAL, "cgroup.img: the cgroup %.100s is impossible",
			    e->dir_name);
	for (size_t i = 0; i < e->n_properties; i++) {
		const char *name = e->properties[i]->name;

		if (!*name || strchr(name, '/') || *name == '.')
			return fail(r->ctx.err, -EINVAL, "cgroup.img: the property %.100s of the "
				    "cgroup %.100s is impossible", name, e->dir_name);
	}
	for (size_t i = 0; i < e->n_children && !ret; i++)
		ret = dir_check(r, e->children[i], false);
	return ret;
}

static int image_check(struct restore *r, const CgroupEntry *e)
{
	int ret = 0;

	for (size_t i = 0; i < e->n_sets; i++) {
		for (size_t j = 0; j < e->sets[i]->n_ctls; j++) {
			const CgMemberEntry *m = e->sets[i]->ctls[j];

			if (*m->path != '/' || !path_is_sane(m->path) ||
			    m->cgns_prefix > strlen(m->path) ||
			    (m->path[m->cgns_prefix] && m->path[m->cgns_prefix] != '/'))
				return fail(r->ctx.err, -EINVAL, "cgroup.img: the path %.100s of "
					    "set %u is impossible", m->path, e->sets[i]->id);
		}
	}
	for (size_t i = 0; i < e->n_controllers; i++) {
		if (!e->controllers[i]->n_cnames)
			return fail(r->ctx.err, -EINVAL, "cgroup.img: controller %zu has no name",
				    i);
		for (size_t j = 0; j < e->controllers[i]->n_dirs && !ret; j++)
			ret = dir_check(r, e->controllers[i]->dirs[j], true);
	}
	return ret;
}

/* The hierarchy of this machine that has one of the controllers; NULL: none has. */
static struct cgroup_hier *hier_find(struct cgroup_restore *c, const char *names)
{
	const char *at = names;

	for (;;) {
		size_t len = strcspn(at, ",");

		array_for_each(&c->hiers.items, h) {
			if (cgroup_hier_has(h, at, len))
				return h;
		}
		if (!at[len])
			return NULL;
		at += len + 1;
	}
}

static uint32_t core_set(const CoreEntry *core)
{
	if (core->thread_core && core->thread_core->has_cg_set)
		return core->thread_core->cg_set;
	return core->tc && core->tc->has_cg_set ? core->tc->cg_set : 0;
}

/* A zombie and a helper are where they are made. */
static uint32_t task_set(const struct restore_task *t)
{
	while ((t->helper || t->dead) && t->creator)
		t = t->creator;
	return t->nr_threads ? core_set(t->cores[0]) : 0;
}

static int target_compare(const void *a, const void *b)
{
	const struct cgroup_target *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static const struct cgroup_target *target_find(const struct cgroup_restore *c, uint32_t id)
{
	struct cgroup_target key = { .id = id };
	const struct cgroup_target *t = c->targets.nr < 2 ? NULL :
		bsearch(&key, c->targets.items + 1, c->targets.nr - 1, sizeof(key),
			target_compare);

	return t ? t : c->targets.items;
}

/* What --cgroup-root says of a hierarchy; NULL: nothing. */
static const char *root_option(const struct restore *r, const struct cgroup_hier *h)
{
	const char *of_all = NULL;

	array_for_each(&r->ctx.cgroups->roots.items, text) {
		const char *path = strchr(*text, '/');

		if (path == *text)
			of_all = path;
		else if (path && cgroup_hier_has(h, *text, (size_t)(path - *text) - 1))
			return path;
	}
	return of_all;
}

/*
 * Where @path of the images is on this machine. What was below the cgroup of the root
 * task is below the one that the user gives for it.
 */
static char *path_map(const struct restore *r, const struct cgroup_hier *h, const char *path)
{
	const struct cgroup_restore *c = r->cgroups;
	const char *old_root = c->old_root[h - c->hiers.items.items];
	const char *new_root = root_option(r, h), *below;
	char *mapped;

	if (!new_root || !old_root)
		return strdup(path);
	below = path_below(path, old_root);
	if (!below)
		return strdup(path);
	below = strcmp(path, "/") ? below : "";
	new_root = strcmp(new_root, "/") ? new_root : "";
	if (!*below && !*new_root)
		return strdup("/");
	return asprintf(&mapped, "%s%s", new_root, below) < 0 ? NULL : mapped;
}

/* The paths of the root task, by the images. */
static int old_roots_find(const struct restore *r, struct cgroup_restore *c)
{
	uint32_t id = task_set(r->tasks.items[0]);

	c->old_root = calloc(c->hiers.items.nr + 1, sizeof(*c->old_root));
	if (!c->old_root)
		return -ENOMEM;
	for (size_t i = 0; i < c->image->n_sets; i++) {
		const CgSetEntry *set = c->image->sets[i];

		for (size_t j = 0; set->id == id && j < set->n_ctls; j++) {
			const struct cgroup_hier *h = hier_find(c, set->ctls[j]->name);
			const char **slot = h ? &c->old_root[h - c->hiers.items.items] : NULL;

			if (slot && !*slot)
				*slot = set->ctls[j]->path;
		}
	}
	return 0;
}

static int target_add(struct restore *r, struct cgroup_restore *c, const CgSetEntry *set)
{
	struct cgroup_target *t = array_add(&c->targets);
	size_t nr = c->hiers.items.nr;

	if (!t)
		return -ENOMEM;
	t->id = set ? set->id : 0;
	t->path = calloc(nr + 1, sizeof(*t->path));
	t->prefix = calloc(nr + 1, sizeof(*t->prefix));
	t->procs_fd = calloc(nr + 1, sizeof(*t->procs_fd));
	if (!t->path || !t->prefix || !t->procs_fd)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		const struct cgroup_hier *h = &c->hiers.items.items[i];
		const char *given = set ? NULL : root_option(r, h);

		t->procs_fd[i] = -1;
		t->path[i] = strdup(given ? given : h->own);
		if (!t->path[i])
			return -ENOMEM;
	}
	for (size_t i = 0; set && i < set->n_ctls; i++) {
		const CgMemberEntry *m = set->ctls[i];
		struct cgroup_hier *h = hier_find(c, m->name);
		size_t at = h ? (size_t)(h - c->hiers.items.items) : 0;
		char *path, *above;

		if (!h) {
			if (strcmp(m->path, "/"))
				log_warn("this machine has no cgroups of '%s' for %s, continuing",
					 m->name, m->path);
			continue;
		}
		path = path_map(r, h, m->path);
		if (!path)
			return -ENOMEM;
		free(t->path[at]);
		t->path[at] = path;
		above = strndup(m->path, m->cgns_prefix);
		path = above ? path_map(r, h, *above ? above : "/") : NULL;
		free(above);
		if (!path)
			return -ENOMEM;
		/* what is above the cgroup that the user gives is not the tree's */
		t->prefix[at] = path_below(t->path[at], path) && strcmp(path, "/") ?
					(uint32_t)strlen(path) :
				root_option(r, h) ? (uint32_t)strlen(root_option(r, h)) : 0;
		free(path);
	}
	return 0;
}

static int targets_read(struct restore *r, struct cgroup_restore *c)
{
	int ret = old_roots_find(r, c);

	if (!ret)
		ret = target_add(r, c, NULL);
	for (size_t i = 0; i < c->image->n_sets && !ret; i++)
		ret = target_add(r, c, c->image->sets[i]);
	if (!ret && c->targets.nr > 2)
		qsort(c->targets.items + 1, c->targets.nr - 1, sizeof(*c->targets.items),
		      target_compare);
	for (size_t i = 2; i < c->targets.nr && !ret; i++) {
		if (c->targets.items[i].id == c->targets.items[i - 1].id)
			return fail(r->ctx.err, -EINVAL, "cgroup.img: set %u stands twice",
				    c->targets.items[i].id);
	}
	return ret;
}

static int dir_read(struct cgroup_restore *c, struct cgroup_hier *h, const char *path,
		    const CgroupDirEntry *e)
{
	struct cgroup_dir *dir = array_add(&c->dirs);
	int ret = 0;

	if (!dir)
		return -ENOMEM;
	dir->hier = h;
	dir->entry = e;
	dir->path = strdup(path);
	if (!dir->path)
		return -ENOMEM;
	for (size_t i = 0; i < e->n_children && !ret; i++) {
		auto_free char *below = NULL;

		ret = asprintf(&below, "%s/%s", strcmp(path, "/") ? path : "",
			       e->children[i]->dir_name) < 0 ? -ENOMEM :
			      dir_read(c, h, below, e->children[i]);
	}
	return ret;
}

/* The way to a cgroup, then itself and what is below. */
static int top_read(struct restore *r, struct cgroup_restore *c, struct cgroup_hier *h,
		    const CgroupDirEntry *e)
{
	auto_free char *path = NULL, *mapped = NULL, *above = NULL;
	int ret = asprintf(&path, "/%s", cgroup_path(e->dir_name)) < 0 ? -ENOMEM : 0;

	if (ret || !strcmp(path, "/."))
		return ret;	/* the root is everybody's */
	mapped = path_map(r, h, path);
	above = mapped ? strdup(mapped) : NULL;
	if (!above)
		return -ENOMEM;
	*strrchr(above, '/') = 0;
	ret = cgroup_dirs_add(c, h, above);
	return ret ? ret : dir_read(c, h, mapped, e);
}

static int dirs_read(struct restore *r, struct cgroup_restore *c)
{
	int ret = 0;

	for (size_t i = 0; i < c->image->n_controllers; i++) {
		const CgControllerEntry *e = c->image->controllers[i];
		struct cgroup_hier *h = hier_find(c, e->cnames[0]);

		for (size_t j = 0; h && j < e->n_dirs && !ret; j++)
			ret = top_read(r, c, h, e->dirs[j]);
	}
	/* where tasks are to be, should no entry say so */
	array_for_each(&c->targets, t) {
		for (size_t i = 0; i < c->hiers.items.nr && !ret; i++)
			ret = cgroup_dirs_add(c, &c->hiers.items.items[i], t->path[i]);
	}
	return ret;
}

static int cgroup_read(struct restore *r, uint32_t id)
{
	struct cgroup_restore *c;
	ProtobufCMessage *msg;
	int ret;

	if (r->ctx.cgroups->mode == CGROUPS_IGNORE)
		return 0;
	ret = image_read_one(r->ctx.images_fd, IMG_CGROUP, 0, &cgroup_entry__descriptor, &msg);
	if (ret == -ENOENT)
		return 0;	/* dumped without them */
	if (ret)
		return fail(r->ctx.err, ret, "%s", image_error());
	r->cgroups = c = calloc(1, sizeof(*c));
	ret = c ? cgroup_hiers_look(&c->hiers) : -ENOMEM;
	if (!ret) {
		c->image = (CgroupEntry *)msg;
		ret = image_check(r, c->image);
	}
	if (!ret)
		ret = targets_read(r, c);
	if (!ret)
		ret = dirs_read(r, c);
	return ret && !r->ctx.err->ret ? fail_errno(r->ctx.err, ret, "cgroup.img") : ret;
}

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
	const struct cgroup_target *t = target_find(c, task_set(r->tasks.items[0]));

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
	to = target_find(c, task_set(t));
	from = t->creator ? target_find(c, task_set(t->creator)) : NULL;
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
		own = target_find(c, task_set(t));
		if (t->mm_owner != t)
			ret = tid_move(r, own, target_find(c, task_set(t->mm_owner)), t->pid,
				       false);
		for (size_t i = 1; i < t->nr_threads && !ret; i++) {
			uint32_t set = core_set(t->cores[i]);

			if (set != own->id)
				ret = tid_move(r, target_find(c, set), own,
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
