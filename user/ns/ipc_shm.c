// SPDX-License-Identifier: GPL-2.0
/*
 * System V shared memory. The content is read through an attach of crctl's own and
 * written as pages, holes left out. One that is to be removed with its last attach is
 * kept by the root task, or crctl, until all have attached it. In a namespace that is
 * not the tree's own only what the tree has attached goes into the images, and nobody
 * else may have it attached; a segment that is still there is filled again.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "image/ipc_shm.pb-c.h"
#include "lib/cleanup.h"
#include "ns/ipc.h"

#define PAGE_LEN 4096ul
#define SIZE_MAX_SHM (1ul << 46)
#define HUGE_SHIFT 26		/* SHM_HUGE_SHIFT */
#define HUGE_MASK 63

/* Where the last page of a segment ends. @huge: its SHM_HUGETLB flags. */
static uint64_t pages_end(uint64_t size, uint32_t huge)
{
	uint64_t page = huge ? 1ul << (huge >> HUGE_SHIFT & HUGE_MASK) : PAGE_LEN;

	return (size + page - 1) & ~(page - 1);
}

/* ---- dump ---- */

static uint32_t huge_flags(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) || fs.f_type != HUGETLBFS_MAGIC)
		return 0;
	return SHM_HUGETLB | (uint32_t)__builtin_ctzl((unsigned long)fs.f_bsize) << HUGE_SHIFT;
}

/* The file behind an attach, which can be asked for its holes. */
static int segment_open(const char *at, uint64_t size, int *ret_fd)
{
	static const uint64_t page_lens[] = { PAGE_LEN, 2ul << 20, 1ul << 30 };
	char path[80];
	int fd = -1;

	/* the attach ends with a page, of whatever size */
	for (int i = 0; i < 3 && fd < 0; i++) {
		uint64_t len = (size + page_lens[i] - 1) & ~(page_lens[i] - 1);

		snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)at,
			 (unsigned long)at + len);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int content_dump(struct dump *d, struct image_writer *w, IpcShmEntry *e, const char *at)
{
	auto_close int fd = -1;
	int ret;

	ret = segment_open(at, e->size, &fd);
	if (!ret) {
		e->hugetlb_flag = huge_flags(fd);
		ret = dump_shared_pages(d, e->desc->id, pages_end(e->size, e->hugetlb_flag),
					fd);
	}
	e->in_pagemaps = !ret;
	e->has_in_pagemaps = true;
	/* the number may be that of other shared memory: then the content follows at once */
	if (ret && ret != -EEXIST)
		return ret;
	e->has_hugetlb_flag = e->hugetlb_flag != 0;
	ret = image_write(w, &e->base);
	if (ret || e->in_pagemaps)
		return ret;
	return image_write_raw(w, at, (e->size + 3) & ~3ul);
}

static int segment_dump(struct dump *d, struct image_writer *w, int id, const struct shmid_ds *ds)
{
	IpcShmEntry e = IPC_SHM_ENTRY__INIT;
	IpcDescEntry desc;
	char *at = shmat(id, NULL, SHM_RDONLY);
	int ret;

	if (at == (char *)-1)
		return fail_errno(d->ctx.err, -errno, "attaching the System V segment %d", id);
	ipc_owner_dump(&ds->shm_perm, (uint32_t)id, &desc);
	desc.mode = ds->shm_perm.mode & (0777 | SHM_DEST);
	e.desc = &desc;
	e.size = ds->shm_segsz;
	ret = content_dump(d, w, &e, at);
	shmdt(at);
	return ret && !d->ctx.err->ret ?
	       fail_errno(d->ctx.err, ret, "the content of the System V segment %d", id) : ret;
}

int ipc_shm_dump(struct dump *d, uint32_t ns_id)
{
	struct image_writer *w = NULL;
	struct shm_info info;
	int max = shmctl(0, SHM_INFO, (struct shmid_ds *)&info), ret, close_ret;

	if (max < 0 || !info.used_ids)
		return 0;
	ret = image_write_open(d->ctx.images_fd, IMG_IPCNS_SHM, ns_id, &w);
	for (int i = 0; i <= max && !ret; i++) {
		struct shmid_ds ds;
		int id = shmctl(i, SHM_STAT, &ds);

		if (id >= 0)
			ret = segment_dump(d, w, id, &ds);
	}
	close_ret = image_write_close(w);
	return ipc_fail(d, ret ? ret : close_ret);
}

int ipc_shm_dump_attached(struct dump *d, uint32_t ns_id)
{
	struct image_writer *w = NULL;
	int ret, close_ret;

	if (!d->sysv.nr)
		return 0;
	ret = image_write_open(d->ctx.images_fd, IMG_IPCNS_SHM, ns_id, &w);
	for (size_t i = 0; i < d->sysv.nr && !ret; i++) {
		int id = (int)d->sysv.items[i].id;
		struct shmid_ds ds;

		ret = shmctl(id, IPC_STAT, &ds) ? -errno : segment_dump(d, w, id, &ds);
	}
	close_ret = image_write_close(w);
	return ipc_fail(d, ret ? ret : close_ret);
}

int ipc_shm_check_attached(struct dump *d)
{
	array_for_each(&d->sysv, s) {
		struct shmid_ds ds;

		if (shmctl((int)s->id, IPC_STAT, &ds))
			return fail_errno(d->ctx.err, -errno, "pid %d: its System V segment %lu",
					  s->task->pid, s->id);
		if (ds.shm_nattch > s->nr_areas)
			dump_refuse(d,
				    "pid %d has the System V shared memory %lu attached, which "
				    "processes that are not of the tree have too; dump them with "
				    "it, or run the tree in an IPC namespace of its own",
				    s->task->pid, s->id);
	}
	return 0;
}

/* ---- restore ---- */

static int segment_read(void *arg, const struct image_item *item)
{
	struct restore *r = arg;
	const IpcShmEntry *e = (const IpcShmEntry *)item->msg;
	struct ipc_shm *s = array_add(&r->ns->ipc->shms);
	int ret;

	if (!s)
		return -ENOMEM;
	*s = (struct ipc_shm){ .size = e->size, .in_pagemaps = e->in_pagemaps, .data = item->extra,
			       .huge = e->hugetlb_flag };
	if (!e->size || e->size > SIZE_MAX_SHM)
		return fail(r->ctx.err, -EINVAL, "ipcns-shm: a segment of %lu bytes", e->size);
	ret = ipc_owner_check(r, "ipcns-shm", e->desc, &s->owner);
	if (ret || !s->in_pagemaps)
		return ret;
	ret = restore_read_pagemap(r, IMG_SHMEM_PAGEMAP, s->owner.id, &s->pages);
	array_for_each(&s->pages.runs, run) {
		if (run->start + run->nr_pages * PAGE_LEN > pages_end(s->size, s->huge))
			return fail(r->ctx.err, -EINVAL, "pagemap-shmem-%u.img: a page lies behind "
				    "the end of the segment", s->owner.id);
	}
	return ret == -ENOENT ? 0 : ret;
}

int ipc_shm_read(struct restore *r, uint32_t ns_id)
{
	struct image_reader **reader = &r->ns->ipc->readers[2];
	int ret = image_read_open(r->ctx.images_fd, IMG_IPCNS_SHM, ns_id, reader);

	if (ret == -ENOENT)
		return 0;
	if (!ret)
		ret = image_walk(*reader, IMG_IPCNS_SHM, segment_read, r);
	return ret && !r->ctx.err->ret ? fail(r->ctx.err, ret, "%s", image_error()) : ret;
}

static int segment_get(const void *object)
{
	const struct ipc_shm *s = object;

	return shmget((key_t)s->owner.key, s->size,
		      (int)(s->owner.mode & 0777) | (int)s->huge | IPC_CREAT | IPC_EXCL);
}

/* In a namespace that others use too it may still be there, and be the same. */
static int segment_find(struct restore *r, const struct ipc_shm *s, bool *ret_found)
{
	struct shmid_ds ds;
	int id = (int)s->owner.id;

	*ret_found = !(r->ns->flags & CLONE_NEWIPC) && !shmctl(id, IPC_STAT, &ds);
	if (!*ret_found)
		return 0;
	if ((uint32_t)ds.shm_perm.__key != s->owner.key || ds.shm_segsz != s->size ||
	    ds.shm_nattch)
		return fail(r->ctx.err, -EEXIST, "the identifier %d is that of another System V "
			    "segment now, or somebody uses it; remove it (ipcrm -m), or restore in "
			    "an IPC namespace of its own", id);
	return 0;
}

static int segment_fill(struct restore *r, const struct ipc_shm *s, char *at, bool found)
{
	/* what was written since the dump goes */
	if (found && madvise(at, pages_end(s->size, s->huge), MADV_REMOVE))
		memset(at, 0, s->size);
	if (s->in_pagemaps)
		return pages_fill_at(r, &s->pages, (uintptr_t)at);
	memcpy(at, s->data, s->size);
	return 0;
}

static int segment_restore(struct restore *r, struct ipc_shm *s)
{
	struct shmid_ds ds = { 0 };
	int id = (int)s->owner.id, ret;
	bool found;
	char *at;

	ret = segment_find(r, s, &found);
	if (!ret && !found) {
		ret = ipc_make(r, &s->owner, "shm", segment_get, s);
		s->made = !ret;
	}
	if (ret)
		return ret;
	ds.shm_perm.uid = s->owner.uid;
	ds.shm_perm.gid = s->owner.gid;
	ds.shm_perm.mode = s->owner.mode & 0777;
	at = shmat(id, NULL, 0);
	if (at == (char *)-1 || shmctl(id, IPC_SET, &ds))
		return fail_errno(r->ctx.err, -errno, "the System V segment %d", id);
	ret = segment_fill(r, s, at, found);
	/* the attach goes with this process's memory when all others are there */
	if (!ret && s->owner.mode & SHM_DEST && shmctl(id, IPC_RMID, NULL))
		ret = fail_errno(r->ctx.err, -errno, "marking the System V segment %d for removal",
				 id);
	if (ret || !(s->owner.mode & SHM_DEST))
		shmdt(at);
	else
		s->held = at;
	return ret;
}

int ipc_shm_restore(struct restore *r)
{
	int ret = 0;

	for (size_t i = 0; i < r->ns->ipc->shms.nr && !ret; i++)
		ret = segment_restore(r, &r->ns->ipc->shms.items[i]);
	return ret;
}

/* In crctl's own namespace crctl has made them, and has them attached. */
void ipc_shm_finish(struct restore *r)
{
	array_for_each(&r->ns->ipc->shms, s) {
		if (s->held)
			shmdt(s->held);
		s->held = NULL;
	}
}

void ipc_shm_undo(struct restore *r)
{
	array_for_each(&r->ns->ipc->shms, s) {
		if (s->made)
			(void)shmctl((int)s->owner.id, IPC_RMID, NULL);	/* or it is gone */
	}
}
