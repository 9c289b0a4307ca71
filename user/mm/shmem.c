// SPDX-License-Identifier: GPL-2.0
/*
 * Shared anonymous memory: one object for all tasks that map it, known by its
 * inode on the kernel's own tmpfs and reached through /proc/PID/map_files. Holes
 * stay holes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/memfd.pb-c.h"
#include "lib/cleanup.h"
#include "mm/mm.h"
#include "mm/pages.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif

/* ---- dump ---- */

#define COPY_LEN (1 << 20)

static bool shmem_match(const struct proc_vma *vma)
{
	return vma->flags & VMF_SHARED && vma->ino &&
	       (vma_is_anon_huge(vma) || !strcmp(vma->name, "/dev/zero (deleted)") ||
		!strncmp(vma->name, "[anon_shmem:", 12));
}

static struct shmem *shmem_get(struct shmem_table *t, uint64_t dev, uint64_t ino)
{
	uint64_t id = ino;
	struct shmem *s;

	array_for_each(t, known) {
		if (known->ino == ino && known->dev == dev)
			return known;
		/* huge pages have file systems of their own, which count anew */
		if (known->id == id)
			id = known->id + 1000000000;
	}
	s = array_add(t);
	if (s) {
		s->dev = dev;
		s->ino = ino;
		s->id = id;
	}
	return s;
}

static int shmem_dump(struct dump *d, struct dump_task *task, const struct proc_vma *vma,
		      VmaEntry *entry)
{
	struct shmem *s;

	if (!d->shmems)
		d->shmems = calloc(1, sizeof(*d->shmems));
	s = d->shmems ? shmem_get(d->shmems, vma->dev, vma->ino) : NULL;
	if (!s)
		return -ENOMEM;
	if (!s->task) {
		s->task = task;
		snprintf(s->proc_name, sizeof(s->proc_name), "map_files/%llx-%llx",
			 (unsigned long long)vma->start, (unsigned long long)vma->end);
	}
	if (vma->pgoff + (vma->end - vma->start) > s->size)
		s->size = vma->pgoff + (vma->end - vma->start);
	entry->flags |= MAP_ANONYMOUS | vma_huge_flags(vma);
	entry->status |= VMA_ANON_SHARED;
	entry->shmid = s->id;
	entry->pgoff = vma->pgoff;
	return 0;
}

int dump_shared_file(struct dump *d, struct dump_task *task, const struct stat *st,
		     const char *proc_name, uint64_t *ret_shmid)
{
	struct shmem *s;

	if (!d->shmems)
		d->shmems = calloc(1, sizeof(*d->shmems));
	s = d->shmems ? shmem_get(d->shmems, st->st_dev, st->st_ino) : NULL;
	if (!s)
		return -ENOMEM;
	s->task = task;
	s->size = ((uint64_t)st->st_size + PAGE_LEN - 1) & ~(PAGE_LEN - 1);
	snprintf(s->proc_name, sizeof(s->proc_name), "%s", proc_name);
	*ret_shmid = s->id;
	return 0;
}

static int range_copy(int from, int to, off_t at, off_t end, char *buf)
{
	while (at < end) {
		size_t want = end - at < COPY_LEN ? (size_t)(end - at) : COPY_LEN;
		ssize_t n = pread(from, buf, want, at);

		if (n < 0)
			return -errno;
		/* the last page of a segment or memfd goes on behind the file's end */
		if (!n) {
			memset(buf, 0, want);
			n = (ssize_t)want;
		}
		if (write(to, buf, (size_t)n) != n)
			return errno ? -errno : -EIO;
		at += n;
	}
	return 0;
}

static int shmem_copy(struct dump *d, const struct shmem *s, int from, struct pages_out *out)
{
	auto_free char *buf = malloc(COPY_LEN);
	off_t at = 0, end;
	int ret = 0;

	if (!buf)
		return -ENOMEM;
	while (!ret && at < (off_t)s->size) {
		at = lseek(from, at, SEEK_DATA);
		if (at < 0)
			return errno == ENXIO ? 0 : -errno;
		end = lseek(from, at, SEEK_HOLE);
		if (end < 0)
			return -errno;
		/* a hole that the end of the file makes may begin within a page */
		end = (off_t)(((uint64_t)end + PAGE_LEN - 1) & ~(PAGE_LEN - 1));
		if (end > (off_t)s->size)
			end = (off_t)s->size;
		if (at >= end)
			break;
		ret = pages_out_add(out, (uint64_t)at, (uint64_t)(end - at) / PAGE_LEN,
				    PAGE_PRESENT);
		if (!ret)
			ret = range_copy(from, pages_out_fd(out), at, end, buf);
		d->stats.shpages_written += (uint64_t)(end - at) / PAGE_LEN;
		progress_add(&d->ctx.progress, (uint64_t)(end - at));
		at = end;
	}
	return ret;
}

int dump_shared_pages(struct dump *d, uint64_t id, uint64_t len, int fd)
{
	const struct shmem s = { .ino = id, .size = len };
	struct pages_out *out = NULL;
	int ret, close_ret;

	for (size_t i = 0; d->shmems && i < d->shmems->nr; i++) {
		if (d->shmems->items[i].ino == id)
			return -EEXIST;
	}
	d->stats.shpages_scanned += len / PAGE_LEN;
	ret = pages_out_open(d, true, id, &out);
	if (!ret)
		ret = shmem_copy(d, &s, fd, out);
	close_ret = pages_out_close(out);
	return ret ? ret : close_ret;
}

static int shmem_dump_one(struct dump *d, const struct shmem *s)
{
	auto_close int fd = openat(s->task->proc_fd, s->proc_name, O_RDONLY | O_CLOEXEC);
	struct pages_out *out = NULL;
	int ret, close_ret;

	if (fd < 0)
		return fail_errno(d->ctx.err, -errno, "pid %d %s: shared memory cannot be read",
				  s->task->pid, s->proc_name);
	d->stats.shpages_scanned += s->size / PAGE_LEN;
	ret = pages_out_open(d, true, s->id, &out);
	if (!ret)
		ret = shmem_copy(d, s, fd, out);
	close_ret = pages_out_close(out);
	ret = ret ? ret : close_ret;
	return ret && !d->ctx.err->ret ? fail_errno(d->ctx.err, ret, "pid %d %s: shared memory "
						    "cannot be copied into the images",
						    s->task->pid, s->proc_name) : ret;
}

int shmem_dump_all(struct dump *d)
{
	int ret = 0;

	for (size_t i = 0; d->shmems && i < d->shmems->nr && !ret; i++)
		ret = shmem_dump_one(d, &d->shmems->items[i]);
	return ret;
}

/* ---- restore ---- */

static int shmem_restore(struct restore *r, struct restore_vma *vma, uint64_t at, int prot,
			 uint64_t *ret_at)
{
	struct restore_shmem *s = restore_shmem_of(r, vma->entry);

	return vma_map(r, vma, at, prot, MAP_SHARED | ((int)vma->entry->flags & MAP_NORESERVE),
		       s->fd, ret_at);
}

/* By a descriptor as the first one was: a read-only mapping stays one (mprotect(2)). */
static int memfd_restore_vma(struct restore *r, struct restore_vma *vma, uint64_t at, int prot,
			     uint64_t *ret_at)
{
	struct restore_shmem *s = restore_shmem_of(r, vma->entry);
	bool private = vma->entry->status & VMA_FILE_PRIVATE;
	auto_close int fd = -1;
	char path[64];

	if (private || vma->entry->prot & PROT_WRITE || !vma->entry->has_fdflags ||
	    (vma->entry->fdflags & O_ACCMODE) != O_RDONLY)
		return vma_map(r, vma, at, prot,
			       (private ? MAP_PRIVATE : MAP_SHARED) |
				       ((int)vma->entry->flags & MAP_NORESERVE), s->fd, ret_at);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return vma_map(r, vma, at, prot, MAP_SHARED, fd, ret_at);
}

static int shmem_make_anon(struct restore *r, struct restore_shmem *s)
{
	char path[64];
	void *p = mmap(NULL, s->size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | (int)s->huge_flags, -1, 0);
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
			ret = fail_errno(
				r->ctx.err, s->fd,
				"shared memory %lu: opening %s (needs CAP_CHECKPOINT_RESTORE)",
				s->shmid, path);
	}
	munmap(p, s->size);
	return ret;
}

/* What is run nobody may have open for writing (fs/exec.c, deny_write_access). */
static int memfd_reopen(int *fd)
{
	char path[64];
	int reader;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	if (reader < 0)
		return -errno;
	close(*fd);
	*fd = reader;
	return 0;
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
	/* this one would forbid the writable mappings that are older: files/memfd.c */
	if (!ret && e->seals && !(e->seals & F_SEAL_FUTURE_WRITE) &&
	    fcntl(fd, F_ADD_SEALS, e->seals))
		ret = fail_errno(r->ctx.err, -errno, "memfd %s: its seals %#x", e->name, e->seals);
	if (!ret && s->executed)
		ret = memfd_reopen(&fd);
	if (ret) {
		close(fd);
		return ret;
	}
	s->fd = restore_fd_lift(r, fd);
	return s->fd < 0 ? fail_errno(r->ctx.err, s->fd, "memfd %s", e->name) : 0;
}

int restore_shmem_make(struct restore *r, struct restore_shmem *s)
{
	if (s->fd >= 0)
		return 0;
	/* some tools write shared anonymous memory as a memfd of this name */
	if (s->memfd && strcmp(s->memfd->name, "/dev/zero"))
		return memfd_make(r, s);
	return shmem_make_anon(r, s);
}

const struct vma_kind vma_memfd_private_kind = {
	.name = "memfd, private",
	.status = VMA_MEMFD | VMA_FILE_PRIVATE,
	.restore = memfd_restore_vma,
	.has_pages = true,
};

const struct vma_kind vma_memfd_kind = {
	.name = "memfd",
	.status = VMA_MEMFD,
	.restore = memfd_restore_vma,
};

const struct vma_kind vma_shmem_kind = {
	.name = "anonymous, shared",
	.status = VMA_ANON_SHARED,
	.match = shmem_match,
	.dump = shmem_dump,
	.restore = shmem_restore,
};
