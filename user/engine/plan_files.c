// SPDX-License-Identifier: GPL-2.0
/*
 * Decides which task opens what: the nearest common ancestor of its users, so that
 * they inherit it. Files that need each other (ends of a pipe, sockets that are
 * connected, descriptors in flight) are all opened by the ancestor of all their users.
 */
#include <stdlib.h>
#include <sys/resource.h>

#include "engine/restore_internal.h"
#include "files/files.h"
#include "image/core.pb-c.h"
#include "image/memfd.pb-c.h"
#include "lib/cleanup.h"

static void file_use(struct restore_file *f, struct restore_task *t)
{
	if (f->last_user == t)
		return;
	f->last_user = t;
	f->nr_tasks++;
	f->owner = f->owner ? restore_task_common(f->owner, t) : t;
}

struct group_key {
	const struct file_kind *kind;
	uint32_t group;
	uint32_t file; /* index */
};

/* What is known of all files that hang together. */
struct cluster {
	struct restore_task *owner; /* NULL: nobody uses any */
	uint32_t nr_tasks;
	bool early;
};

struct file_refs {
	struct restore *r;
	uint32_t *root; /* union-find, by index in r->files */
	uint32_t from;
};

static uint32_t refs_root(uint32_t *root, uint32_t i)
{
	while (root[i] != i) {
		root[i] = root[root[i]];
		i = root[i];
	}
	return i;
}

/* The lower index becomes the root, so that a chain of unions stays shallow. */
static void refs_join(uint32_t *root, uint32_t a, uint32_t b)
{
	a = refs_root(root, a);
	b = refs_root(root, b);
	if (a < b)
		root[b] = a;
	else
		root[a] = b;
}

int file_refs_add(struct file_refs *refs, uint32_t id)
{
	struct restore *r = refs->r;
	struct restore_file *f = restore_file_find(r, id);

	if (!f)
		return fail(r->ctx.err, -EINVAL,
			    "files.img: open file %u needs open file %u, which is not there",
			    r->files[refs->from].id, id);
	f->held = true;
	refs_join(refs->root, refs->from, (uint32_t)(f - r->files));
	return 0;
}

static int group_compare(const void *a, const void *b)
{
	const struct group_key *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return x->file < y->file ? -1 : x->file > y->file;
}

/* Rings of those of one kind that are made together, from the sorted @keys. */
static void rings_make(struct restore *r, uint32_t *root, struct group_key *keys, size_t nr)
{
	for (size_t i = 0, first = 0; i < nr; i++) {
		bool last = i + 1 == nr || keys[i + 1].kind != keys[i].kind ||
			    keys[i + 1].group != keys[i].group;

		r->files[keys[i].file].group = &r->files[keys[last ? first : i + 1].file];
		refs_join(root, keys[i].file, keys[first].file);
		if (last)
			first = i + 1;
	}
}

static size_t keys_of_groups(struct restore *r, struct group_key *keys)
{
	size_t nr = 0;

	for (size_t i = 0; i < r->nr_files; i++) {
		struct restore_file *f = &r->files[i];

		if (f->kind->group && f->kind->group(f))
			keys[nr++] = (struct group_key){ f->kind, f->kind->group(f), (uint32_t)i };
	}
	return nr;
}

static size_t keys_of_refs(struct restore *r, uint32_t *root, struct group_key *keys)
{
	size_t nr = 0;

	for (size_t i = 0; i < r->nr_files; i++) {
		const struct file_kind *kind = r->files[i].kind;

		if (kind->refs && !kind->group)
			keys[nr++] = (struct group_key){ kind, refs_root(root, (uint32_t)i),
							 (uint32_t)i };
	}
	return nr;
}

static int refs_ask(struct restore *r, uint32_t *root)
{
	for (size_t i = 0; i < r->nr_files; i++) {
		struct file_refs refs = { r, root, (uint32_t)i };
		int ret = r->files[i].kind->refs ?
				  r->files[i].kind->refs(r, &r->files[i], &refs) : 0;

		if (ret)
			return ret;
	}
	return 0;
}

static void cluster_add(struct cluster *c, const struct restore_file *f)
{
	if (!f->owner)
		return;
	if (c->owner && c->owner != f->owner)
		c->nr_tasks = 2;
	c->owner = c->owner ? restore_task_common(c->owner, f->owner) : f->owner;
	c->nr_tasks = f->nr_tasks > c->nr_tasks ? f->nr_tasks : c->nr_tasks;
}

/* Of files that hang together all have one maker; what only others hold gets one. */
static void clusters_apply(struct restore *r, uint32_t *root, struct cluster *all)
{
	for (size_t i = 0; i < r->nr_files; i++)
		cluster_add(&all[refs_root(root, (uint32_t)i)], &r->files[i]);
	for (size_t i = 0; i < r->nr_files; i++) {
		struct restore_file *f = &r->files[i];
		struct cluster *c = &all[refs_root(root, (uint32_t)i)];

		if (c->owner && f->kind->before_tasks && !c->early)
			c->early = f->kind->before_tasks(r, f, c->owner);
	}
	for (size_t i = 0; i < r->nr_files; i++) {
		struct restore_file *f = &r->files[i];
		const struct cluster *c = &all[refs_root(root, (uint32_t)i)];

		if (!f->owner && !(f->held && c->owner))
			continue;
		f->owner = c->early ? r->tasks.items[0] : c->owner;
		f->nr_tasks = c->early ? 2 : c->nr_tasks;
	}
}

static int plan_file_clusters(struct restore *r)
{
	auto_free struct group_key *keys = calloc(r->nr_files + 1, sizeof(*keys));
	auto_free uint32_t *root = calloc(r->nr_files + 1, sizeof(*root));
	auto_free struct cluster *all = calloc(r->nr_files + 1, sizeof(*all));
	size_t nr;

	if (!keys || !root || !all)
		return fail_errno(r->ctx.err, -ENOMEM, "planning the files");
	for (size_t i = 0; i < r->nr_files; i++)
		root[i] = (uint32_t)i;
	nr = keys_of_groups(r, keys);
	qsort(keys, nr, sizeof(*keys), group_compare);
	rings_make(r, root, keys, nr);
	if (refs_ask(r, root))
		return r->ctx.err->ret;
	nr = keys_of_refs(r, root, keys);
	qsort(keys, nr, sizeof(*keys), group_compare);
	rings_make(r, root, keys, nr);
	clusters_apply(r, root, all);
	for (size_t i = 0; i < r->nr_files; i++) {
		const struct restore_file *f = &r->files[i];

		r->all_first |= f->owner && (fown_needs_task(f) || (f->kind->after_tasks &&
								    f->kind->after_tasks(f)));
	}
	return 0;
}

static int plan_fds(struct restore *r, struct restore_task *t, int *max_fd)
{
	/* a table is filled by its owner; one of a memory sharer by the memory's owner */
	struct restore_task *maker = t->mm_owner;

	for (size_t i = 0; i < t->nr_fds; i++) {
		FdinfoEntry *e = t->fds[i];
		struct restore_file *f = restore_file_find(r, e->id);

		if (!f || f->entry->type != e->type)
			return fail(r->ctx.err, -EINVAL,
				    "fdinfo-%u.img: descriptor %u names open file %u, which "
				    "files.img %s",
				    t->ids->files_id, e->fd, e->id,
				    f ? "has with another type" : "does not have");
		if (e->fd > 1073741816)
			return fail(r->ctx.err, -EINVAL,
				    "fdinfo-%u.img: descriptor %u is impossible", t->ids->files_id,
				    e->fd);
		if ((int)e->fd > *max_fd)
			*max_fd = (int)e->fd;
		file_use(f, maker);
		if (!f->linker) {
			f->linker = t;
			f->linker_fd = e->fd;
		}
		if (e->type == FD_TYPES__MEMFD) {
			struct restore_shmem *s = restore_memfd_find(r, f->entry);

			s->owner = s->owner ? restore_task_common(s->owner, maker) : maker;
		}
	}
	return 0;
}

/* Kinds that have a word to say once it is known who uses what. */
static int plan_kinds(struct restore *r)
{
	for (size_t i = 0; file_kinds[i]; i++) {
		if (file_kinds[i]->plan && file_kinds[i]->plan(r))
			return r->ctx.err->ret;
	}
	for (size_t i = 0; i < r->nr_files; i++) {
		struct restore_file *f = &r->files[i];

		if (!f->owner || !f->kind->user)
			continue;
		f->owner = restore_task_common(f->owner, f->kind->user(r, f));
		f->nr_tasks = f->nr_tasks < 2 ? 2 : f->nr_tasks;
	}
	return 0;
}

int restore_plan_files(struct restore *r)
{
	struct rlimit lim;
	int max_fd = 2;

	array_for_each(&r->tasks, tp) {
		struct restore_task *t = *tp;
		int ret;

		if (t->helper || t->dead || t->files_owner != t)
			continue;
		for (size_t i = 1; i < t->nr_fds; i++) {
			if (t->fds[i]->fd == t->fds[i - 1]->fd)
				return fail(r->ctx.err, -EINVAL,
					    "fdinfo-%u.img: descriptor %u stands twice",
					    t->ids->files_id, t->fds[i]->fd);
		}
		ret = plan_fds(r, t, &max_fd);
		if (ret)
			return ret;
	}
	r->all_first = r->nr_joins;
	if (plan_kinds(r) || plan_file_clusters(r))
		return r->ctx.err->ret;
	r->base_fd = max_fd + 1;
	if (r->base_fd < 64)
		r->base_fd = 64;
	getrlimit(RLIMIT_NOFILE, &lim);
	if (lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &lim); /* what follows says when it was too little */
	}
	if ((rlim_t)r->base_fd + 64 > lim.rlim_cur)
		return fail(r->ctx.err, -EMFILE,
			    "descriptor %d is needed, and room for the engine's own above it, but "
			    "the limit is %lu; raise it (ulimit -n)",
			    max_fd, (unsigned long)lim.rlim_cur);
	return 0;
}

