// SPDX-License-Identifier: GPL-2.0
/*
 * Shared anonymous memory (MAP_SHARED|MAP_ANONYMOUS): one object, mapped by one
 * or more tasks, possibly at several addresses. The nearest common ancestor of
 * its users makes and fills it; they inherit a descriptor of it, which
 * /proc/self/map_files gives (CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/memfd.pb-c.h"
#include "mm/mm.h"
#include "mm/pages.h"

static int shmem_restore(struct restore *r, struct restore_vma *vma, uint64_t at, int prot,
			 uint64_t *ret_at)
{
	struct restore_shmem *s = restore_shmem_of(r, vma->entry);

	return vma_map(r, vma, at, prot, MAP_SHARED | ((int)vma->entry->flags & MAP_NORESERVE),
		       s->fd, ret_at);
}

static int shmem_make_anon(struct restore *r, struct restore_shmem *s)
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

/* A memfd by that name, and its pages; seals come when it is full. */
static int memfd_make(struct restore *r, struct restore_shmem *s)
{
	const MemfdInodeEntry *e = s->memfd;
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd, ret = 0;
	void *p;

	if (e->has_hugetlb_flag && e->hugetlb_flag)
		flags = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | e->hugetlb_flag;
	fd = memfd_create(e->name, flags);
	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "memfd %s", e->name);
	if (ftruncate(fd, (off_t)e->size) || fchown(fd, e->uid, e->gid) ||
	    (e->has_mode && fchmod(fd, e->mode & 07777)))
		ret = fail_errno(r->ctx.err, -errno, "memfd %s of %lu bytes", e->name, e->size);
	if (!ret && s->pages.runs.nr) {
		p = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		ret = p == MAP_FAILED ? fail_errno(r->ctx.err, -errno, "memfd %s", e->name) :
					pages_fill_at(r, &s->pages, (uintptr_t)p);
		if (p != MAP_FAILED)
			munmap(p, s->size);
	}
	if (!ret && e->seals && fcntl(fd, F_ADD_SEALS, e->seals))
		ret = fail_errno(r->ctx.err, -errno, "memfd %s: its seals %#x", e->name, e->seals);
	if (ret) {
		close(fd);
		return ret;
	}
	s->fd = restore_fd_lift(r, fd);
	return s->fd < 0 ? fail_errno(r->ctx.err, s->fd, "memfd %s", e->name) : 0;
}

int shmem_make(struct restore *r, struct restore_shmem *s)
{
	/* some tools write shared anonymous memory as a memfd of this name */
	if (s->memfd && strcmp(s->memfd->name, "/dev/zero"))
		return memfd_make(r, s);
	return shmem_make_anon(r, s);
}
const struct vma_kind vma_memfd_kind = {
	.name = "memfd",
	.status = VMA_MEMFD,
	.restore = shmem_restore,
};

const struct vma_kind vma_shmem_kind = {
	.name = "anonymous, shared",
	.status = VMA_ANON_SHARED,
	.restore = shmem_restore,
};
