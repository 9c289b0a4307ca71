// SPDX-License-Identifier: GPL-2.0
/*
 * Shared anonymous memory (MAP_SHARED|MAP_ANONYMOUS): one object, mapped by one
 * or more tasks, possibly at several addresses. The nearest common ancestor of
 * its users makes and fills it; they inherit a descriptor of it, which
 * /proc/self/map_files gives (CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN).
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mm/mm.h"
#include "mm/pages.h"

static struct restore_shmem *shmem_find(struct restore *r, uint64_t shmid)
{
	array_for_each(&r->shmems, s) {
		if (s->shmid == shmid)
			return s;
	}
	return NULL;
}

static int shmem_restore(struct restore *r, struct restore_vma *vma, uint64_t at, int prot,
			 uint64_t *ret_at)
{
	struct restore_shmem *s = shmem_find(r, vma->entry->shmid);

	return vma_map(r, vma, at, prot, MAP_SHARED | ((int)vma->entry->flags & MAP_NORESERVE),
		       s->fd, ret_at);
}

int shmem_make(struct restore *r, struct restore_shmem *s)
{
	char path[64];
	void *p = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd, ret;

	if (p == MAP_FAILED)
		return fail_errno(r->ctx.err, -errno, "shared memory %lu of %lu bytes", s->shmid,
				  s->size);
	ret = pages_fill_at(r, &s->pages, (uintptr_t)p);
	if (!ret) {
		snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (uintptr_t)p,
			 (uintptr_t)p + s->size);
		fd = open(path, O_RDWR | O_CLOEXEC);
		s->fd = fd < 0 ? -errno : restore_fd_lift(r, fd);
		if (s->fd < 0)
			ret = fail_errno(r->ctx.err, s->fd,
					 "shared memory %lu: opening %s (needs CAP_CHECKPOINT_RESTORE)",
					 s->shmid, path);
	}
	munmap(p, s->size);
	return ret;
}

const struct vma_kind vma_shmem_kind = {
	.name = "anonymous, shared",
	.status = VMA_ANON_SHARED,
	.restore = shmem_restore,
};
