// SPDX-License-Identifier: GPL-2.0
/*
 * Reads every image of a checkpoint into memory and checks what it says before
 * anything is made: sizes, counts, addresses, references between files.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/restore_internal.h"
#include "files/files.h"
#include "image/bpfmap_data.pb-c.h"
#include "image/core.pb-c.h"
#include "image/crctl.pb-c.h"
#include "image/fs.pb-c.h"
#include "image/image.h"
#include "image/memfd.pb-c.h"
#include "image/inventory.pb-c.h"
#include "image/pagemap.pb-c.h"
#include "image/pipe_data.pb-c.h"
#include "image/pstree.pb-c.h"
#include "image/remap_file_path.pb-c.h"
#include "image/seccomp.pb-c.h"
#include "image/sk_packet.pb-c.h"
#include "image/tty.pb-c.h"
#include "lib/cleanup.h"
#include "mm/mm.h"
#include "net/net.h"

#define MAX_THREADS 4194304 /* PID_MAX_LIMIT */

static int read_failed(struct restore *r, int ret)
{
	return fail(r->ctx.err, ret, "%s", image_error());
}

static int read_one(struct restore *r, enum image_type type, unsigned long id,
		    const ProtobufCMessageDescriptor *desc, void *ret_msg)
{
	ProtobufCMessage *msg;
	int ret = image_read_one(r->ctx.images_fd, type, id, desc, &msg);

	if (ret)
		return read_failed(r, ret);
	*(ProtobufCMessage **)ret_msg = msg;
	return 0;
}

/* As read_one(), but no such file is no failure. */
static int read_maybe(struct restore *r, enum image_type type, unsigned long id,
		      const ProtobufCMessageDescriptor *desc, void *ret_msg)
{
	ProtobufCMessage *msg;
	int ret = image_read_one(r->ctx.images_fd, type, id, desc, &msg);

	if (ret == -ENOENT)
		return 0;
	if (ret)
		return read_failed(r, ret);
	*(ProtobufCMessage **)ret_msg = msg;
	return 0;
}

struct message_list {
	ARRAY_OF(ProtobufCMessage *) msgs;
};

/* Every message of a file; one that does not exist has none. */
static int read_all(struct restore *r, enum image_type type, unsigned long id,
		    const ProtobufCMessageDescriptor *desc, struct message_list *list)
{
	struct image_reader *reader;
	int ret = image_read_open(r->ctx.images_fd, type, id, &reader);

	if (ret == -ENOENT)
		return 0;
	if (ret)
		return read_failed(r, ret);
	for (;;) {
		ProtobufCMessage *msg, **slot;

		ret = image_read(reader, desc, &msg);
		if (ret <= 0)
			break;
		slot = array_add(&list->msgs);
		if (!slot) {
			ret = -ENOMEM;
			break;
		}
		*slot = msg;
	}
	image_read_close(reader);
	return ret < 0 ? read_failed(r, ret) : 0;
}

static int read_inventory(struct restore *r)
{
	InventoryEntry *inv;
	ProtobufCMessage *msg;
	int ret = image_read_one(r->ctx.images_fd, IMG_INVENTORY, 0, &inventory_entry__descriptor,
				 &msg);

	if (ret == -ENOENT)
		return fail(r->ctx.err, ret,
			    "the images directory has no inventory.img: it holds no complete "
			    "checkpoint (the dump did not finish, or -D names another directory)");
	if (ret)
		return read_failed(r, ret);
	inv = (InventoryEntry *)msg;
	r->inventory = inv;
	if (inv->img_version < 1 || inv->img_version > 2)
		return fail(r->ctx.err, -EINVAL,
			    "inventory.img: image version %u is not known; it was written by a "
			    "newer tool",
			    inv->img_version);
	if (!inv->fdinfo_per_id)
		return fail(r->ctx.err, -EINVAL,
			    "inventory.img: descriptors are numbered by task, a layout from before "
			    "2012 that is not read");
	return 0;
}

static int read_pstree_check(struct restore *r)
{
	for (size_t i = 0; i < r->tasks.nr; i++) {
		struct restore_task *t = r->tasks.items[i];
		struct restore_task *p = i ? restore_task_find(r, t->ppid) : NULL;

		if (restore_task_find(r, t->pid))
			return fail(r->ctx.err, -EINVAL, "pstree.img: pid %u stands twice", t->pid);
		if (i && !p)
			return fail(
				r->ctx.err, -EINVAL,
				"pstree.img: pid %u has parent %u, which does not stand before it",
				t->pid, t->ppid);
		t->parent = p;
		t->depth = p ? p->depth + 1 : 0;
		if (pidmap_put(&r->by_pid, (pid_t)t->pid, t))
			return fail_errno(r->ctx.err, -ENOMEM, "pstree.img");
	}
	return 0;
}

static int read_pstree_entry(struct restore *r, PstreeEntry *e)
{
	struct restore_task *t = calloc(1, sizeof(*t)), **slot;

	if (!t)
		return fail_errno(r->ctx.err, -ENOMEM, "pstree.img");
	t->pstree = e;
	slot = array_add(&r->tasks);
	if (!slot) {
		free(t);
		return fail_errno(r->ctx.err, -ENOMEM, "pstree.img");
	}
	*slot = t;
	t->index = (uint32_t)r->tasks.nr - 1;
	t->pid = e->pid;
	t->ppid = e->ppid;
	t->pgid = e->pgid;
	t->sid = e->sid;
	t->mm_owner = t->files_owner = t->fs_owner = t->sighand_owner = t;
	/* a session or group from outside of a PID namespace is 0 in it: --shell-job only */
	if (!e->pid || e->pid > MAX_THREADS || e->pgid > MAX_THREADS || e->sid > MAX_THREADS ||
	    (!r->ctx.shell_job && (!e->pgid || !e->sid)))
		return fail(r->ctx.err, -EINVAL,
			    "pstree.img: pid %u, group %u, session %u is no possible task", e->pid,
			    e->pgid, e->sid);
	return 0;
}

/* Of a dead task the list means nothing: CRIU 4.2 leaves it uninitialised. */
static int read_check_threads(struct restore *r, const PstreeEntry *e)
{
	for (size_t i = 0; i < e->n_threads; i++) {
		if (!e->threads[i] || e->threads[i] > MAX_THREADS)
			return fail(r->ctx.err, -EINVAL, "pstree.img: pid %u: thread %u", e->pid,
				    e->threads[i]);
	}
	if (e->n_threads && e->threads[0] != e->pid)
		return fail(r->ctx.err, -EINVAL, "pstree.img: pid %u: its first thread is %u",
			    e->pid, e->threads[0]);
	return 0;
}

static int read_pstree(struct restore *r)
{
	struct message_list list = { 0 };
	int ret = read_all(r, IMG_PSTREE, 0, &pstree_entry__descriptor, &list);

	for (size_t i = 0; !ret && i < list.msgs.nr; i++)
		ret = read_pstree_entry(r, (PstreeEntry *)list.msgs.items[i]);
	array_free(&list.msgs);
	if (ret)
		return ret;
	if (!r->tasks.nr)
		return fail(r->ctx.err, -EINVAL, "pstree.img is missing or empty");
	return read_pstree_check(r);
}

static int read_core(struct restore *r, struct restore_task *t, uint32_t tid)
{
	CoreEntry *core = NULL;
	int ret = read_one(r, IMG_CORE, tid, &core_entry__descriptor, &core);

	if (ret)
		return ret;
	t->cores[t->nr_threads++] = core;
	if (core->mtype != CORE_ENTRY__MARCH__X86_64)
		return fail(r->ctx.err, -EINVAL,
			    "core-%u.img is of another architecture than x86_64", tid);
	if (t->nr_threads == 1 && !core->tc)
		return fail(r->ctx.err, -EINVAL, "core-%u.img has no task part (tc)", tid);
	return 0;
}

static int read_cores(struct restore *r, struct restore_task *t)
{
	size_t nr = t->pstree->n_threads ? t->pstree->n_threads : 1;
	int ret;

	t->cores = calloc(nr, sizeof(*t->cores));
	if (!t->cores)
		return fail_errno(r->ctx.err, -ENOMEM, "pid %u", t->pid);
	ret = read_core(r, t, t->pid);
	if (ret)
		return ret;
	t->dead = t->cores[0]->tc->task_state == TASK_DEAD ||
		  t->cores[0]->tc->task_state == TASK_ZOMBIE;
	if (t->dead)
		return 0;
	ret = read_check_threads(r, t->pstree);
	for (size_t i = 1; !ret && i < nr; i++)
		ret = read_core(r, t, t->pstree->threads[i]);
	for (size_t i = 0; !ret && i < nr; i++) {
		if (!t->cores[i]->thread_info || !t->cores[i]->thread_core)
			ret = fail(r->ctx.err, -EINVAL, "core-%u.img has no registers",
				   i ? t->pstree->threads[i] : t->pid);
	}
	return ret;
}

int restore_read_pagemap(struct restore *r, int type, uint64_t id, struct page_map *ret_map)
{
	struct image_reader *reader;
	ProtobufCMessage *msg;
	char name[64];
	uint64_t offset = 0, size;
	struct stat st;
	int ret = image_read_open(r->ctx.images_fd, (enum image_type)type, id, &reader);

	if (ret == -ENOENT)
		return ret;
	if (ret)
		return read_failed(r, ret);
	ret = image_read(reader, &pagemap_head__descriptor, &msg);
	if (ret == 1) {
		ret_map->pages_id = ((PagemapHead *)msg)->pages_id;
		protobuf_c_message_free_unpacked(msg, NULL);
		while ((ret = image_read(reader, &pagemap_entry__descriptor, &msg)) == 1) {
			PagemapEntry *e = (PagemapEntry *)msg;
			uint64_t nr = e->has_nr_pages ? e->nr_pages : e->compat_nr_pages;
			bool parent = (e->has_flags && e->flags & PAGE_PARENT) ||
				      (e->has_in_parent && e->in_parent);
			struct page_run *run = array_add(&ret_map->runs);

			if (run) {
				run->start = e->vaddr;
				run->nr_pages = nr;
				run->offset = offset;
			}
			protobuf_c_message_free_unpacked(msg, NULL);
			image_name((enum image_type)type, id, name, sizeof(name));
			if (!run)
				ret = -ENOMEM;
			else if (parent)
				ret = fail(r->ctx.err, -EOPNOTSUPP,
					   "%s refers to a parent checkpoint; incremental images "
					   "are not supported yet",
					   name);
			else if (!nr || nr > (1UL << 40) / PAGE_LEN || run->start % PAGE_LEN ||
				 run->start > TASK_END || nr * PAGE_LEN > TASK_END - run->start)
				ret = fail(r->ctx.err, -EINVAL,
					   "%s: a run of %lu pages at %#lx is impossible", name,
					   nr, run->start);
			else if (run > ret_map->runs.items &&
				 run[-1].start + run[-1].nr_pages * PAGE_LEN > run->start)
				ret = fail(r->ctx.err, -EINVAL,
					   "%s: the run at %#lx is out of order", name, run->start);
			else
				ret = 1;
			if (ret != 1)
				break;
			offset += nr * PAGE_LEN;
		}
	} else if (!ret) {
		ret = fail(r->ctx.err, -EINVAL, "%s is empty",
			   image_name((enum image_type)type, id, name, sizeof(name)));
	}
	image_read_close(reader);
	if (ret < 0)
		return r->ctx.err->ret ? ret : read_failed(r, ret);
	image_name(IMG_PAGES, ret_map->pages_id, name, sizeof(name));
	size = fstatat(r->ctx.images_fd, name, &st, AT_SYMLINK_NOFOLLOW) ? 0 : (uint64_t)st.st_size;
	if (offset && size < offset)
		return fail(
			r->ctx.err, -EINVAL,
			"%s has %lu bytes, but %lu are needed; the image is truncated or missing",
			name, size, offset);
	return 0;
}

static int read_guard(struct restore *r, struct restore_task *t, uint64_t start, uint64_t end)
{
	struct page_run *run = array_add(&t->guards);

	if (!run)
		return fail_errno(r->ctx.err, -ENOMEM, "pid %u", t->pid);
	if (start >= end || start % PAGE_LEN || end % PAGE_LEN || end > TASK_END)
		return fail(r->ctx.err, -EINVAL, "mm-%u.img: guard pages at %#lx-%#lx", t->pid,
			    start, end);
	*run = (struct page_run){ .start = start, .nr_pages = (end - start) / PAGE_LEN };
	return 0;
}

static int read_vmas(struct restore *r, struct restore_task *t)
{
	MmEntry *mm = t->mm;
	uint64_t last = 0;

	t->vmas = calloc(mm->n_vmas + 1, sizeof(*t->vmas));
	if (!t->vmas)
		return fail_errno(r->ctx.err, -ENOMEM, "pid %u", t->pid);
	for (size_t i = 0; i < mm->n_vmas; i++) {
		VmaEntry *e = mm->vmas[i];
		struct restore_vma *v;

		if (e->status & VMA_VSYSCALL)
			continue;
		/* CRIU lists guard pages behind the areas that they lie in */
		if (e->status & VMA_GUARD) {
			int ret = read_guard(r, t, e->start, e->end);

			if (ret)
				return ret;
			continue;
		}
		if (e->start >= e->end || e->start % PAGE_LEN || e->end % PAGE_LEN ||
		    e->end > TASK_END || e->start < last)
			return fail(r->ctx.err, -EINVAL,
				    "mm-%u.img: the area %#lx-%#lx is impossible or out of order",
				    t->pid, e->start, e->end);
		last = e->end;
		v = &t->vmas[t->nr_vmas++];
		v->entry = e;
		v->start = e->start;
		v->end = e->end;
		v->kind = vma_kind_find(e->status);
		if (!v->kind)
			return fail(r->ctx.err, -EOPNOTSUPP,
				    "mm-%u.img: the area %#lx-%#lx is of a kind that is not "
				    "supported (status %#x)",
				    t->pid, e->start, e->end, e->status);
		if (v->kind->check) {
			int ret = v->kind->check(r, t, v);

			if (ret)
				return ret;
		}
	}
	return 0;
}

/* Every page lies in an area whose content is private. */
static int read_check_pages(struct restore *r, struct restore_task *t)
{
	size_t v = 0;

	array_for_each(&t->pages.runs, run) {
		uint64_t at = run->start, end = run->start + run->nr_pages * PAGE_LEN;

		while (at < end) {
			while (v < t->nr_vmas && t->vmas[v].end <= at)
				v++;
			if (v == t->nr_vmas || t->vmas[v].start > at || !t->vmas[v].kind->has_pages)
				return fail(r->ctx.err, -EINVAL,
					    "pagemap-%u.img: the page at %#lx belongs to no "
					    "private area of mm-%u.img",
					    t->pid, at, t->pid);
			at = t->vmas[v].end < end ? t->vmas[v].end : end;
		}
	}
	return 0;
}

static int read_mm(struct restore *r, struct restore_task *t)
{
	int ret = read_one(r, IMG_MM, t->pid, &mm_entry__descriptor, &t->mm);

	if (ret)
		return ret;
	ret = restore_read_pagemap(r, IMG_PAGEMAP, t->pid, &t->pages);
	if (ret == -ENOENT)
		return fail(r->ctx.err, ret, "pagemap-%u.img is missing", t->pid);
	return ret;
}

static int fd_compare(const void *a, const void *b)
{
	const FdinfoEntry *x = *(FdinfoEntry *const *)a, *y = *(FdinfoEntry *const *)b;

	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

struct FdinfoEntry *restore_fd_find(const struct restore_task *t, uint32_t number)
{
	FdinfoEntry key = { .fd = number }, *k = &key, **found = NULL;

	if (t->nr_fds)
		found = bsearch(&k, t->fds, t->nr_fds, sizeof(k), fd_compare);
	return found ? *found : NULL;
}

static int read_fds(struct restore *r, struct restore_task *t)
{
	struct message_list list = { 0 };
	int ret = read_all(r, IMG_FDINFO, t->ids->files_id, &fdinfo_entry__descriptor, &list);

	t->fds = (FdinfoEntry **)list.msgs.items;
	t->nr_fds = list.msgs.nr;
	if (t->nr_fds)
		qsort(t->fds, t->nr_fds, sizeof(*t->fds), fd_compare);
	return ret;
}

static int id64_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

struct id_owner {
	uint32_t id;
	uint32_t index;
};

static int id_compare(const void *a, const void *b)
{
	const struct id_owner *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* For each object kind, the first task with an id makes the object for the others. */
static int read_sharing(struct restore *r, size_t id_offset, size_t owner_offset)
{
	size_t nr = 0;
	auto_free struct id_owner *ids = calloc(r->tasks.nr, sizeof(*ids));

	if (!ids)
		return fail_errno(r->ctx.err, -ENOMEM, "reading the images");
	array_for_each(&r->tasks, tp) {
		if ((*tp)->dead)
			continue;
		ids[nr].id = *(uint32_t *)((char *)(*tp)->ids + id_offset);
		ids[nr++].index = (*tp)->index;
	}
	qsort(ids, nr, sizeof(*ids), id_compare);
	for (size_t i = 0, first = 0; i < nr; i++) {
		if (ids[i].id != ids[first].id)
			first = i;
		*(struct restore_task **)((char *)r->tasks.items[ids[i].index] + owner_offset) =
			r->tasks.items[ids[first].index];
	}
	return 0;
}

static int read_task_ids(struct restore *r, struct restore_task *t)
{
	int ret = read_maybe(r, IMG_IDS, t->pid, &task_kobj_ids_entry__descriptor, &t->ids);

	if (ret)
		return ret;
	if (!t->ids)
		t->ids = t->cores[0]->ids;
	if (!t->ids)
		return fail(r->ctx.err, -EINVAL, "ids-%u.img is missing", t->pid);
	return 0;
}

static int read_tasks(struct restore *r)
{
	int ret = 0;

	array_for_each(&r->tasks, tp) {
		ret = read_cores(r, *tp);
		if (!ret && !(*tp)->dead)
			ret = read_task_ids(r, *tp);
		if (ret)
			return ret;
	}
	if (r->tasks.items[0]->dead)
		return fail(r->ctx.err, -EINVAL, "core-%u.img: the root of the tree is dead",
			    r->tasks.items[0]->pid);
	ret = read_sharing(r, offsetof(TaskKobjIdsEntry, vm_id),
			   offsetof(struct restore_task, mm_owner));
	if (!ret)
		ret = read_sharing(r, offsetof(TaskKobjIdsEntry, files_id),
				   offsetof(struct restore_task, files_owner));
	if (!ret)
		ret = read_sharing(r, offsetof(TaskKobjIdsEntry, fs_id),
				   offsetof(struct restore_task, fs_owner));
	if (!ret)
		ret = read_sharing(r, offsetof(TaskKobjIdsEntry, sighand_id),
				   offsetof(struct restore_task, sighand_owner));
	for (size_t i = 0; !ret && i < r->tasks.nr; i++) {
		struct restore_task *t = r->tasks.items[i];

		if (t->dead)
			continue;
		ret = read_maybe(r, IMG_CRCTL_TASK, t->pid, &crctl_task_entry__descriptor,
				 &t->extra);
		if (!ret)
			ret = read_one(r, IMG_FS, t->pid, &fs_entry__descriptor, &t->fs);
		if (!ret && t->files_owner == t)
			ret = read_fds(r, t);
		if (!ret && t->mm_owner == t)
			ret = read_mm(r, t);
	}
	return ret;
}

static int file_compare(const void *a, const void *b)
{
	const struct restore_file *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

struct restore_file *restore_file_find(const struct restore *r, uint32_t id)
{
	struct restore_file key = { .id = id };

	return bsearch(&key, r->files, r->nr_files, sizeof(*r->files), file_compare);
}

/* What crctl knows beyond files.img stands in the extra image of some task. */
static void read_file_extras(struct restore *r)
{
	array_for_each(&r->tasks, tp) {
		const CrctlTaskEntry *x = (*tp)->extra;

		for (size_t i = 0; x && i < x->n_files; i++) {
			struct restore_file *f = restore_file_find(r, x->files[i]->id);

			if (f)
				f->extra = x->files[i];
		}
	}
}

/* The path of a tun's descriptor is a record of the same number: one of both. */
static void files_join(struct restore *r)
{
	size_t nr = 0;

	for (size_t i = 0; i < r->nr_files; i++) {
		struct restore_file *last = nr ? &r->files[nr - 1] : NULL, *f = &r->files[i];

		if (last && last->id == f->id && last->entry->type + f->entry->type ==
			    FD_TYPES__REG + FD_TYPES__TUNF &&
		    (last->entry->type == FD_TYPES__REG || f->entry->type == FD_TYPES__REG)) {
			FileEntry *reg = last->entry->reg ? (FileEntry *)last->entry :
							    (FileEntry *)f->entry;

			if (reg == last->entry)
				*last = *f;
			((FileEntry *)last->entry)->reg = reg->reg;
			reg->reg = NULL;
			file_entry__free_unpacked(reg, NULL);
		} else {
			r->files[nr++] = *f;
		}
	}
	r->nr_files = nr;
}

static int read_files(struct restore *r)
{
	struct message_list list = { 0 };
	int ret = read_all(r, IMG_FILES, 0, &file_entry__descriptor, &list);

	if (ret)
		return ret;
	r->files = calloc(list.msgs.nr + 1, sizeof(*r->files));
	if (!r->files)
		return fail_errno(r->ctx.err, -ENOMEM, "files.img");
	for (size_t i = 0; i < list.msgs.nr; i++) {
		FileEntry *e = (FileEntry *)list.msgs.items[i];
		struct restore_file *f = &r->files[r->nr_files++];

		f->id = e->id;
		f->entry = e;
		f->fd = f->place_fd = -1;
		f->kind = file_kind_find(e->type);
		if (!f->kind) {
			const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(
				&fd_types__descriptor, e->type);

			return fail(
				r->ctx.err, -EOPNOTSUPP,
				"files.img: open file %u is of type %s, which is not supported yet",
				e->id, v ? v->name : "unknown");
		}
	}
	array_free(&list.msgs);
	qsort(r->files, r->nr_files, sizeof(*r->files), file_compare);
	files_join(r);
	for (size_t i = 1; i < r->nr_files; i++) {
		if (r->files[i].id == r->files[i - 1].id)
			return fail(r->ctx.err, -EINVAL, "files.img: open file %u stands twice",
				    r->files[i].id);
	}
	read_file_extras(r);
	for (size_t i = 0; i < r->nr_files; i++) {
		ret = r->files[i].kind->check(r, &r->files[i]);
		if (ret)
			return ret;
	}
	return 0;
}

static int pipe_compare(const void *a, const void *b)
{
	const struct restore_pipe_data *x = a, *y = b;

	if (x->fifo != y->fifo)
		return x->fifo ? 1 : -1;
	return x->pipe_id < y->pipe_id ? -1 : x->pipe_id > y->pipe_id;
}

/* The bytes stay where they are in the reader, which restore_free() closes. */
static int read_pipe_data(struct restore *r, bool fifo)
{
	struct image_reader *reader;
	ProtobufCMessage *msg;
	int ret = image_read_open(r->ctx.images_fd, fifo ? IMG_FIFO_DATA : IMG_PIPES_DATA, 0,
				  &reader);

	if (ret)
		return ret == -ENOENT ? 0 : read_failed(r, ret);
	r->pipe_images[fifo] = reader;
	while ((ret = image_read(reader, &pipe_data_entry__descriptor, &msg)) == 1) {
		const PipeDataEntry *e = (const PipeDataEntry *)msg;
		struct restore_pipe_data *d = array_add(&r->pipe_data);

		ret = d ? image_read_raw(reader, e->bytes, &d->data) : -ENOMEM;
		if (!ret) {
			d->fifo = fifo;
			d->pipe_id = e->pipe_id;
			d->len = e->bytes;
			d->size = e->has_size ? e->size : 0;
		}
		protobuf_c_message_free_unpacked(msg, NULL);
		if (ret)
			break;
	}
	if (ret)
		return read_failed(r, ret);
	if (r->pipe_data.nr)
		qsort(r->pipe_data.items, r->pipe_data.nr, sizeof(*r->pipe_data.items),
		      pipe_compare);
	return 0;
}

static int bpf_map_compare(const void *a, const void *b)
{
	const struct restore_bpf_map *x = a, *y = b;

	return x->map_id < y->map_id ? -1 : x->map_id > y->map_id;
}

struct restore_bpf_map *restore_bpf_map_find(const struct restore *r, uint32_t map_id)
{
	struct restore_bpf_map key = { .map_id = map_id };

	return r->bpf_maps.nr ? bsearch(&key, r->bpf_maps.items, r->bpf_maps.nr, sizeof(key),
					bpf_map_compare) :
				NULL;
}

/* Entries stay where they are in the reader, which restore_free() closes. */
static int read_bpf_maps(struct restore *r)
{
	ProtobufCMessage *msg;
	int ret = image_read_open(r->ctx.images_fd, IMG_BPFMAP_DATA, 0, &r->bpf_image);

	if (ret)
		return ret == -ENOENT ? 0 : read_failed(r, ret);
	while ((ret = image_read(r->bpf_image, &bpfmap_data_entry__descriptor, &msg)) == 1) {
		const BpfmapDataEntry *e = (const BpfmapDataEntry *)msg;
		struct restore_bpf_map *map = array_add(&r->bpf_maps);

		ret = map ? image_read_raw(r->bpf_image, e->keys_bytes, &map->keys) : -ENOMEM;
		if (!ret)
			ret = image_read_raw(r->bpf_image, e->values_bytes, &map->values);
		if (!ret) {
			map->map_id = e->map_id;
			map->count = e->count;
			map->keys_len = e->keys_bytes;
			map->values_len = e->values_bytes;
		}
		protobuf_c_message_free_unpacked(msg, NULL);
		if (ret)
			break;
	}
	if (ret)
		return read_failed(r, ret);
	if (r->bpf_maps.nr)
		qsort(r->bpf_maps.items, r->bpf_maps.nr, sizeof(*r->bpf_maps.items),
		      bpf_map_compare);
	return 0;
}

/* Packet boundaries stand in the extra image of the task that was asked for the data. */
static void read_packets(struct restore *r)
{
	array_for_each(&r->tasks, tp) {
		const CrctlTaskEntry *x = (*tp)->extra;

		for (size_t i = 0; x && i < x->n_pipes; i++) {
			struct restore_pipe_data key = { .pipe_id = x->pipes[i]->pipe_id },
						 *d = NULL;

			if (r->pipe_data.nr)
				d = bsearch(&key, r->pipe_data.items, r->pipe_data.nr, sizeof(key),
					    pipe_compare);
			if (d) {
				d->packets = x->pipes[i]->packet_len;
				d->nr_packets = x->pipes[i]->n_packet_len;
			}
		}
	}
}

static int socket_compare(const void *a, const void *b)
{
	const CrctlSocketEntry *x = *(CrctlSocketEntry *const *)a;
	const CrctlSocketEntry *y = *(CrctlSocketEntry *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int read_sockets(struct restore *r)
{
	struct message_list list = { 0 };
	int ret = read_all(r, IMG_CRCTL_SOCKETS, 0, &crctl_socket_entry__descriptor, &list);

	if (ret)
		return ret;
	if (list.msgs.nr)
		qsort(list.msgs.items, list.msgs.nr, sizeof(*list.msgs.items), socket_compare);
	r->sockets.items = (CrctlSocketEntry **)list.msgs.items;
	r->sockets.nr = list.msgs.nr;
	return 0;
}

static int packet_compare(const void *a, const void *b)
{
	const struct restore_packet *x = a, *y = b;

	if (x->id_for != y->id_for)
		return x->id_for < y->id_for ? -1 : 1;
	return x->nr < y->nr ? -1 : x->nr > y->nr;
}

/* What waits in sockets; as for pipes, the bytes stay in the reader. */
static int read_packets_waiting(struct restore *r)
{
	ProtobufCMessage *msg;
	uint32_t nr = 0, last = 0;
	int ret = image_read_open(r->ctx.images_fd, IMG_SK_QUEUES, 0, &r->packet_image);

	if (ret)
		return ret == -ENOENT ? 0 : read_failed(r, ret);
	while ((ret = image_read(r->packet_image, &sk_packet_entry__descriptor, &msg)) == 1) {
		struct restore_packet *p = array_add(&r->packets);

		if (!p)
			return fail_errno(r->ctx.err, -ENOMEM, "sk-queues.img");
		p->entry = (SkPacketEntry *)msg;
		p->id_for = p->entry->id_for;
		p->nr = nr++;
		ret = image_read_raw(r->packet_image, p->entry->length, &p->data);
		if (ret)
			break;
	}
	if (ret)
		return read_failed(r, ret);
	if (r->packets.nr)
		qsort(r->packets.items, r->packets.nr, sizeof(*r->packets.items), packet_compare);
	array_for_each(&r->packets, p) {
		nr = p == r->packets.items || p->id_for != last ? 0 : nr + 1;
		last = p->id_for;
		p->nr = nr;
	}
	return 0;
}

static int shmem_compare(const void *a, const void *b)
{
	const struct restore_shmem *x = a, *y = b;

	return x->shmid < y->shmid ? -1 : x->shmid > y->shmid;
}

static int read_shmem(struct restore *r, uint64_t shmid, const MemfdInodeEntry *memfd)
{
	struct restore_shmem *s = array_add(&r->shmems);
	int ret;

	if (!s)
		return fail_errno(r->ctx.err, -ENOMEM, "reading shared memory");
	s->shmid = shmid;
	s->memfd = memfd;
	s->fd = -1;
	s->size = memfd ? (memfd->size + PAGE_LEN - 1) & ~(PAGE_LEN - 1) : 0;
	ret = restore_read_pagemap(r, IMG_SHMEM_PAGEMAP, shmid, &s->pages);
	return ret == -ENOENT ? 0 : ret;
}

static int read_memfds(struct restore *r)
{
	struct message_list list = { 0 };
	int ret = read_all(r, IMG_MEMFD_INODE, 0, &memfd_inode_entry__descriptor, &list);

	for (size_t i = 0; !ret && i < list.msgs.nr; i++) {
		const MemfdInodeEntry *e = (const MemfdInodeEntry *)list.msgs.items[i];

		ret = read_shmem(r, e->shmid, e);
	}
	array_free(&list.msgs);
	return ret;
}

struct restore_shmem *restore_memfd_find(const struct restore *r, const FileEntry *file)
{
	array_for_each(&r->shmems, s) {
		if (s->memfd && file->memfd && s->memfd->inode_id == file->memfd->inode_id)
			return s;
	}
	return NULL;
}

struct restore_shmem *restore_shmem_of(const struct restore *r, const VmaEntry *vma)
{
	struct restore_shmem key = { .shmid = vma->shmid };
	const struct restore_file *f;

	if (!(vma->status & VMA_MEMFD))
		return r->shmems.nr ? bsearch(&key, r->shmems.items, r->shmems.nr, sizeof(key),
					      shmem_compare) :
				      NULL;
	f = vma->shmid <= UINT32_MAX ? restore_file_find(r, (uint32_t)vma->shmid) : NULL;
	return f ? restore_memfd_find(r, f->entry) : NULL;
}

/* Every shared anonymous object that some area maps. */
static int read_shmems(struct restore *r)
{
	uint64_t *ids = NULL;
	size_t nr = 0, cap = 0;
	int ret = 0;

	array_for_each(&r->tasks, tp) {
		for (size_t i = 0; !ret && (*tp)->mm && i < (*tp)->mm->n_vmas; i++) {
			const VmaEntry *e = (*tp)->mm->vmas[i];

			if (!(e->status & VMA_ANON_SHARED) || e->status & (VMA_MEMFD | VMA_SYSVIPC))
				continue;
			ret = array_grow(&ids, &cap, nr + 1, sizeof(*ids));
			if (!ret)
				ids[nr++] = e->shmid;
		}
	}
	if (nr)
		qsort(ids, nr, sizeof(*ids), id64_compare);
	for (size_t i = 0; !ret && i < nr; i++) {
		if (!i || ids[i] != ids[i - 1])
			ret = read_shmem(r, ids[i], NULL);
	}
	free(ids);
	if (!ret)
		ret = read_memfds(r);
	if (!ret && r->shmems.nr)
		qsort(r->shmems.items, r->shmems.nr, sizeof(*r->shmems.items), shmem_compare);
	return ret;
}

static int remap_compare(const void *a, const void *b)
{
	const struct restore_remap *x = a, *y = b;

	return x->orig_id < y->orig_id ? -1 : x->orig_id > y->orig_id;
}

/* Among the first @nr. */
static struct restore_remap *remap_find(const struct restore *r, size_t nr, uint32_t id)
{
	struct restore_remap key = { .orig_id = id };

	return nr ? bsearch(&key, r->remaps.items, nr, sizeof(key), remap_compare) : NULL;
}

struct restore_remap *restore_remap_find(const struct restore *r, uint32_t id)
{
	return remap_find(r, r->remaps.nr, id);
}

static int read_remaps(struct restore *r)
{
	struct message_list list = { 0 };
	int ret = read_all(r, IMG_REMAP_FPATH, 0, &remap_file_path_entry__descriptor, &list);

	for (size_t i = 0; !ret && i < list.msgs.nr; i++) {
		struct restore_remap *m = array_add(&r->remaps);

		if (!m)
			return fail_errno(r->ctx.err, -ENOMEM, "remap-fpath.img");
		m->entry = (RemapFilePathEntry *)list.msgs.items[i];
		m->orig_id = m->entry->orig_id;
		m->fd = -1;
	}
	array_free(&list.msgs);
	if (r->remaps.nr)
		qsort(r->remaps.items, r->remaps.nr, sizeof(*r->remaps.items), remap_compare);
	return ret;
}

static int tty_compare(const void *a, const void *b)
{
	const struct restore_tty *x = a, *y = b;

	return x->info->id < y->info->id ? -1 : x->info->id > y->info->id;
}

struct restore_tty *restore_tty_find(const struct restore *r, uint32_t id)
{
	TtyInfoEntry info = { .id = id };
	struct restore_tty key = { .info = &info };

	return r->ttys.nr ? bsearch(&key, r->ttys.items, r->ttys.nr, sizeof(key), tty_compare) :
			    NULL;
}

static int read_tty_extras(struct restore *r)
{
	struct message_list data = { 0 }, extras = { 0 };
	int ret = read_all(r, IMG_TTY_DATA, 0, &tty_data_entry__descriptor, &data);

	if (!ret)
		ret = read_all(r, IMG_CRCTL_TTY, 0, &crctl_tty_entry__descriptor, &extras);
	for (size_t i = 0; !ret && i < data.msgs.nr; i++) {
		const TtyDataEntry *e = (const TtyDataEntry *)data.msgs.items[i];
		struct restore_tty *tty = restore_tty_find(r, e->tty_id);

		if (!tty)
			return fail(r->ctx.err, -EINVAL,
				    "tty-data.img: terminal %u is not in tty-info.img", e->tty_id);
		tty->data = e;
	}
	for (size_t i = 0; !ret && i < extras.msgs.nr; i++) {
		const CrctlTtyEntry *e = (const CrctlTtyEntry *)extras.msgs.items[i];
		struct restore_tty *tty = restore_tty_find(r, e->tty_id);

		if (!tty || e->flow > 2)
			return fail(r->ctx.err, -EINVAL, "crctl-tty: terminal %u is impossible",
				    e->tty_id);
		tty->extra = e;
	}
	array_free(&data.msgs);
	array_free(&extras.msgs);
	return ret;
}

static int read_ttys(struct restore *r)
{
	struct message_list list = { 0 };
	int ret = read_all(r, IMG_TTY_INFO, 0, &tty_info_entry__descriptor, &list);

	for (size_t i = 0; !ret && i < list.msgs.nr; i++) {
		struct restore_tty *tty = array_add(&r->ttys);

		if (!tty)
			return fail_errno(r->ctx.err, -ENOMEM, "tty-info.img");
		*tty = (struct restore_tty){ .info = (const TtyInfoEntry *)list.msgs.items[i] };
	}
	array_free(&list.msgs);
	if (!r->ttys.nr)
		return ret;
	qsort(r->ttys.items, r->ttys.nr, sizeof(*r->ttys.items), tty_compare);
	for (size_t i = 1; i < r->ttys.nr; i++) {
		if (!tty_compare(&r->ttys.items[i], &r->ttys.items[i - 1]))
			return fail(r->ctx.err, -EINVAL, "tty-info.img: terminal %u stands twice",
				    r->ttys.items[i].info->id);
	}
	return ret ? ret : read_tty_extras(r);
}

static int lock_compare(const void *a, const void *b)
{
	const FileLockEntry *x = *(FileLockEntry *const *)a, *y = *(FileLockEntry *const *)b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static int read_locks(struct restore *r)
{
	struct message_list list = { 0 };
	int ret = read_all(r, IMG_FILE_LOCKS, 0, &file_lock_entry__descriptor, &list);

	for (size_t i = 0; !ret && i < list.msgs.nr; i++) {
		FileLockEntry **slot = array_add(&r->locks);

		if (!slot)
			return fail_errno(r->ctx.err, -ENOMEM, "filelocks.img");
		*slot = (FileLockEntry *)list.msgs.items[i];
		ret = lock_check(r, *slot);
	}
	array_free(&list.msgs);
	if (ret || !r->locks.nr)
		return ret;
	qsort(r->locks.items, r->locks.nr, sizeof(*r->locks.items), lock_compare);
	array_for_each(&r->locks, lock) {
		struct restore_task *t = restore_task_find(r, (uint32_t)(*lock)->pid);

		t->locks = t->locks ? t->locks : lock;
		t->nr_locks++;
	}
	return ret;
}

/* The PID in the name of /proc/PID or of what is below it; 0: another name. */
static uint32_t name_proc_pid(const char *name)
{
	unsigned int pid = 0;
	int len = 0;

	name += *name == '/';
	if (sscanf(name, "proc/%u%n", &pid, &len) != 1 || (name[len] && name[len] != '/'))
		return 0;
	return pid;
}

/*
 * CRIU writes one remap entry for a dead task, though several open files may be
 * in its /proc directory: give each of them its own.
 */
static int read_procfs_remaps(struct restore *r)
{
	struct pidmap dead = { 0 };
	size_t nr = r->remaps.nr;
	int ret = 0;

	for (size_t i = 0; i < nr && !ret; i++) {
		RemapFilePathEntry *e = r->remaps.items[i].entry;

		if (e->has_remap_type && e->remap_type == REMAP_TYPE__PROCFS)
			ret = pidmap_put(&dead, (pid_t)e->remap_id, e);
	}
	for (size_t i = 0; i < r->nr_files && dead.nr && !ret; i++) {
		const struct restore_file *f = &r->files[i];
		uint32_t pid = f->entry->reg ? name_proc_pid(f->entry->reg->name) : 0;
		RemapFilePathEntry *e = pid ? pidmap_get(&dead, (pid_t)pid) : NULL;
		struct restore_remap *m;

		if (!e || remap_find(r, nr, f->id))
			continue;
		m = array_add(&r->remaps);
		ret = m ? 0 : -ENOMEM;
		if (m)
			*m = (struct restore_remap){ e, f->id, true, -1 };
	}
	pidmap_free(&dead);
	if (ret)
		return fail_errno(r->ctx.err, ret, "remap-fpath.img");
	if (r->remaps.nr > nr)
		qsort(r->remaps.items, r->remaps.nr, sizeof(*r->remaps.items), remap_compare);
	return 0;
}

int restore_read(struct restore *r)
{
	int ret = read_inventory(r);

	if (!ret)
		ret = read_pstree(r);
	if (!ret)
		ret = read_tasks(r);
	if (!ret)
		ret = read_remaps(r);
	if (!ret)
		ret = read_shmems(r);
	if (!ret)
		ret = read_sockets(r);
	if (!ret)
		ret = read_packets_waiting(r);
	if (!ret)
		ret = read_ttys(r);
	if (!ret)
		ret = read_bpf_maps(r);
	if (!ret)
		ret = read_files(r);
	if (!ret)
		ret = read_locks(r);
	if (!ret)
		ret = read_procfs_remaps(r);
	if (!ret)
		ret = read_pipe_data(r, false);
	if (!ret)
		ret = read_pipe_data(r, true);
	if (!ret)
		read_packets(r);
	if (!ret)
		ret = read_maybe(r, IMG_SECCOMP, 0, &seccomp_entry__descriptor, &r->seccomp);
	for (size_t i = 0; !ret && i < r->tasks.nr; i++) {
		struct restore_task *t = r->tasks.items[i];

		if (t->dead || t->mm_owner != t)
			continue;
		ret = read_vmas(r, t);
		if (!ret)
			ret = read_check_pages(r, t);
	}
	return ret;
}

static void free_msg(void *msg)
{
	if (msg)
		protobuf_c_message_free_unpacked(msg, NULL);
}

void restore_free(struct restore *r)
{
	pidmap_free(&r->by_pid);
	array_for_each(&r->tasks, tp) {
		struct restore_task *t = *tp;

		for (size_t i = 0; i < t->nr_fds; i++)
			free_msg(t->fds[i]);
		if (t->ids && (!t->cores || t->ids != t->cores[0]->ids))
			free_msg(t->ids);
		for (size_t i = 0; i < t->nr_threads; i++)
			free_msg(t->cores[i]);
		free_msg(t->mm);
		free_msg(t->fs);
		free_msg(t->extra);
		free_msg(t->pstree);
		array_free(&t->pages.runs);
		array_free(&t->guards);
		free(t->fds);
		free(t->cores);
		free(t->vmas);
		free(t);
	}
	for (size_t i = 0; i < r->nr_files; i++)
		free_msg((void *)r->files[i].entry);
	array_for_each(&r->remaps, m) {
		if (!m->added)
			free_msg((void *)m->entry);
	}
	array_for_each(&r->shmems, s) {
		array_free(&s->pages.runs);
		free_msg((void *)s->memfd);
	}
	image_read_close(r->pipe_images[0]);
	image_read_close(r->pipe_images[1]);
	image_read_close(r->bpf_image);
	array_free(&r->bpf_maps);
	image_read_close(r->packet_image);
	array_for_each(&r->packets, p)
		free_msg((void *)p->entry);
	for (size_t i = 0; i < r->sockets.nr; i++)
		free_msg(r->sockets.items[i]);
	array_free(&r->packets);
	array_free(&r->sockets);
	array_free(&r->tuns);
	array_free(&r->pipe_data);
	array_for_each(&r->ttys, tty) {
		free_msg((void *)tty->info);
		free_msg((void *)tty->data);
		free_msg((void *)tty->extra);
	}
	array_free(&r->ttys);
	net_restore_free(r);
	free_msg(r->inventory);
	free_msg(r->seccomp);
	free(r->files);
	array_free(&r->tasks);
	array_free(&r->remaps);
	array_free(&r->shmems);
}
