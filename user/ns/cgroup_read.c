// SPDX-License-Identifier: GPL-2.0
/*
 * cgroup.img: where the sets of the images lead to on this machine, and which cgroups are
 * to be there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/core.pb-c.h"
#include "image/image.h"
#include "lib/cleanup.h"
#include "lib/path.h"
#include "ns/cgroup.h"
#include "ns/ns.h"

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

uint32_t cgroup_core_set(const CoreEntry *core)
{
	if (core->thread_core && core->thread_core->has_cg_set)
		return core->thread_core->cg_set;
	return core->tc && core->tc->has_cg_set ? core->tc->cg_set : 0;
}

/* A zombie and a helper are where they are made. */
uint32_t cgroup_task_set(const struct restore_task *t)
{
	while ((t->helper || t->dead) && t->creator)
		t = t->creator;
	return t->nr_threads ? cgroup_core_set(t->cores[0]) : 0;
}

static int target_compare(const void *a, const void *b)
{
	const struct cgroup_target *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

const struct cgroup_target *cgroup_target_find(const struct cgroup_restore *c, uint32_t id)
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
	uint32_t id = cgroup_task_set(r->tasks.items[0]);

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

int cgroup_read(struct restore *r, uint32_t id)
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
