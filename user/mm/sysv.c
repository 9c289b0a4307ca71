// SPDX-License-Identifier: GPL-2.0
/*
 * Attached System V shared memory, known by the identifier that stands for its inode in
 * /proc/PID/smaps. The segments themselves belong to the IPC namespace (ns/ipc_shm.c).
 * A part of an attach is cut out of a whole one, as the task had done.
 */
#include <errno.h>
#include <linux/mman.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "mm/mm.h"

/* ---- dump ---- */

static bool sysv_match(const struct proc_vma *vma)
{
	return !strncmp(vma->name, "/SYSV", 5) && vma->flags & VMF_SHARED;
}

static int sysv_dump(struct dump *d, struct dump_task *task, const struct proc_vma *vma,
		     VmaEntry *entry)
{
	struct dump_sysv *s = NULL;

	array_for_each(&d->sysv, known) {
		if (known->id == vma->ino)
			s = known;
	}
	if (!s) {
		s = array_add(&d->sysv);
		if (!s)
			return -ENOMEM;
		*s = (struct dump_sysv){ .id = vma->ino, .task = task };
	}
	s->nr_areas++;
	entry->flags |= MAP_ANONYMOUS | vma_huge_flags(vma);
	entry->status |= VMA_ANON_SHARED | VMA_SYSVIPC;	/* both, as CRIU wants it */
	entry->shmid = vma->ino;
	entry->pgoff = vma->pgoff;
	return 0;
}

/* ---- restore ---- */

static int sysv_check(struct restore *r, const struct restore_task *task,
		      const struct restore_vma *vma)
{
	const VmaEntry *e = vma->entry;

	if (e->shmid > INT32_MAX || e->pgoff % PAGE_LEN || e->pgoff > TASK_END)
		return fail(r->ctx.err, -EINVAL, "mm-%u.img: the area at %#lx is of System V "
			    "segment %lu at %#lx, which is impossible", task->pid, e->start,
			    e->shmid, e->pgoff);
	return 0;
}

/* The whole segment ends with a page, of whatever size. */
static uint64_t attach_len(const struct shmid_ds *ds, const VmaEntry *e)
{
	uint32_t shift = e->flags & MAP_HUGETLB ? e->flags >> MAP_HUGE_SHIFT & MAP_HUGE_MASK : 12;
	uint64_t page = 1ul << shift;

	return (ds->shm_segsz + page - 1) & ~(page - 1);
}

/* Of a whole attach at @all the part that is @vma, moved to @at or left there. */
static int part_cut(char *all, uint64_t size, const struct restore_vma *vma, uint64_t at,
		    uint64_t *ret_at)
{
	uint64_t pgoff = vma->entry->pgoff, len = vma->end - vma->start;
	char *part = all + pgoff;
	void *moved;

	if (pgoff)
		munmap(all, pgoff);
	if (size > pgoff + len)
		munmap(part + len, size - pgoff - len);
	*ret_at = (uintptr_t)part;
	if (!at)
		return 0;
	moved = mremap(part, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)(uintptr_t)at);
	if (moved == MAP_FAILED) {
		int ret = -errno;

		munmap(part, len);
		return ret;
	}
	*ret_at = at;
	return 0;
}

static int part_attach(struct restore_vma *vma, uint64_t at, int prot, uint64_t *ret_at)
{
	const VmaEntry *e = vma->entry;
	uint64_t len = vma->end - vma->start, size;
	struct shmid_ds ds;
	int ret = 0, flags = prot & PROT_EXEC ? SHM_EXEC : 0;
	bool whole;
	char *all;

	if (shmctl((int)e->shmid, IPC_STAT, &ds))
		return -errno;
	size = attach_len(&ds, e);
	if (e->pgoff > size || len > size - e->pgoff)
		return -ERANGE;
	/* before Linux 5.16 huge pages cannot be moved */
	whole = at && !e->pgoff && len == size;
	all = shmat((int)e->shmid, whole ? (void *)(uintptr_t)at : NULL,
		    flags | (whole ? SHM_REMAP : 0));
	if (all == (char *)-1)
		return -errno;
	if (whole)
		*ret_at = at;
	else
		ret = part_cut(all, size, vma, at, ret_at);
	if (!ret && !(prot & PROT_WRITE) && mprotect((void *)(uintptr_t)*ret_at, len, prot))
		ret = -errno;
	return ret;
}

static int sysv_restore(struct restore *r, struct restore_vma *vma, uint64_t at, int prot,
			uint64_t *ret_at)
{
	uint64_t len = vma->end - vma->start;
	void *room;
	int ret;

	if (!at)
		return part_attach(vma, 0, prot, ret_at);
	/* nothing that attaches or moves says that the place is taken */
	room = mmap((void *)(uintptr_t)at, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		    MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (room == MAP_FAILED)
		return -errno;
	ret = part_attach(vma, at, prot, ret_at);
	if (ret)
		munmap(room, len);
	return ret;
}

const struct vma_kind vma_sysv_kind = {
	.name = "System V shared",
	.status = VMA_SYSVIPC,
	.match = sysv_match,
	.dump = sysv_dump,
	.check = sysv_check,
	.restore = sysv_restore,
};
