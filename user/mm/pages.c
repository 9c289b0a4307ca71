// SPDX-License-Identifier: GPL-2.0
/*
 * Page content. Restore: runs of the pages file are read straight to where they
 * belong, many runs a system call; large ones are populated in bulk first, and
 * a second thread takes half of a large memory.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "image/image.h"
#include "lib/cleanup.h"
#include "mm/bulk.h"
#include "mm/pages.h"

#define NR_IOVS	     512
#define POPULATE_LEN (64 * 1024)

/* Reads gathered for one preadv(2): back to back in the file, anywhere in memory. */
struct fill {
	struct restore *r;
	int fd;
	uint32_t pages_id;
	uint64_t offset, len;
	struct iovec iovs[NR_IOVS];
	int nr_iovs;
	struct bulk bulk;
};

static int pages_open(struct restore *r, uint32_t id, int *ret_fd)
{
	char name[64];
	int fd;

	image_name(IMG_PAGES, id, name, sizeof(name));
	fd = openat(r->ctx.images_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "opening %s", name);
	*ret_fd = restore_fd_lift(r, fd);
	return *ret_fd < 0 ? fail_errno(r->ctx.err, *ret_fd, "opening %s", name) : 0;
}

static int fill_flush(struct fill *f)
{
	struct iovec *iov = f->iovs;
	int nr = f->nr_iovs;

	while (f->len) {
		ssize_t n = preadv(f->fd, iov, nr, (off_t)f->offset);

		if (n <= 0)
			return fail(f->r->ctx.err, n ? -errno : -EIO,
				    "reading pages-%u.img at %lu: %s", f->pages_id, f->offset,
				    n ? strerror(errno) : "it ends there");
		f->offset += (uint64_t)n;
		f->len -= (uint64_t)n;
		while (nr && (size_t)n >= iov->iov_len) {
			n -= (ssize_t)iov->iov_len;
			iov++;
			nr--;
		}
		if (nr) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	f->nr_iovs = 0;
	return 0;
}

static int fill_add(struct fill *f, uint64_t at, uint64_t offset, uint64_t len)
{
	struct iovec *last = f->iovs + f->nr_iovs - 1;
	int ret;

	if (len >= POPULATE_LEN)
		(void)madvise((void *)(uintptr_t)at, len, MADV_POPULATE_WRITE); /* else by fault */
	if (f->nr_iovs && (f->nr_iovs == NR_IOVS || f->offset + f->len != offset)) {
		ret = fill_flush(f);
		if (ret)
			return ret;
	}
	if (!f->nr_iovs) {
		f->offset = offset;
		f->len = 0;
	} else if ((uintptr_t)last->iov_base + last->iov_len == at) {
		last->iov_len += len;
		f->len += len;
		return 0;
	}
	f->iovs[f->nr_iovs].iov_base = (void *)(uintptr_t)at;
	f->iovs[f->nr_iovs++].iov_len = len;
	f->len += len;
	return 0;
}

static int fill_bulk(struct fill *f)
{
	int ret = bulk_fill(f->r, &f->bulk, f->fd);

	if (ret != -EOPNOTSUPP)
		return ret;
	array_for_each(&f->bulk.runs, run) {
		ret = fill_add(f, run->at, run->offset, run->len);
		if (ret)
			return ret;
	}
	return fill_flush(f);
}

static void pages_count(struct restore *r, uint64_t nr)
{
	r->pages_restored += nr;
}

int pages_fill_at(struct restore *r, const struct page_map *map, uint64_t base)
{
	struct fill f = { .r = r, .pages_id = map->pages_id, .fd = -1 };
	int ret = 0;

	if (!map->runs.nr)
		return 0;
	ret = pages_open(r, map->pages_id, &f.fd);
	if (ret)
		return ret;
	array_for_each(&map->runs, run) {
		ret = fill_add(&f, base + run->start, run->offset, run->nr_pages * PAGE_LEN);
		if (ret)
			break;
		pages_count(r, run->nr_pages);
	}
	if (!ret)
		ret = fill_flush(&f);
	close(f.fd);
	return ret;
}

static bool vma_wanted(const struct restore_vma *v, bool inherit)
{
	return v->at && v->kind->has_pages && !v->inherited && v->inherit == inherit;
}

/* An area too large to be mapped writable as a whole is opened where it has pages. */
static int vma_open_window(struct restore *r, const struct restore_vma *v, uint64_t at, uint64_t len,
			   int prot)
{
	if (v->writable)
		return 0;
	if (mprotect((void *)(uintptr_t)at, len, prot))
		return fail_errno(r->ctx.err, -errno, "pid %u: protecting %#lx", r->self->pid,
				  v->start);
	return 0;
}

static int pages_fill_run(struct restore *r, struct fill *f, const struct restore_vma *v,
			  uint64_t start, uint64_t end, uint64_t offset)
{
	uint64_t at = v->at + (start - v->start);
	int ret;

	if (end - start >= BULK_MIN && v->entry->status & VMA_ANON_PRIVATE &&
	    !(v->entry->flags & MAP_HUGETLB))
		return bulk_add(&f->bulk, at, offset, end - start);
	if (v->writable)
		return fill_add(f, at, offset, end - start);
	ret = vma_open_window(r, v, at, end - start, PROT_READ | PROT_WRITE);
	if (!ret)
		ret = fill_add(f, at, offset, end - start);
	if (!ret)
		ret = fill_flush(f);
	if (!ret)
		ret = vma_open_window(r, v, at, end - start, (int)v->entry->prot);
	return ret;
}

int pages_fill(struct restore *r, struct restore_task *t, bool inherit)
{
	struct fill f = { .r = r, .pages_id = t->pages.pages_id, .fd = -1 };
	size_t i = 0;
	int ret = 0;

	array_for_each(&t->pages.runs, run) {
		uint64_t at = run->start, end = run->start + run->nr_pages * PAGE_LEN;

		while (!ret && at < end) {
			uint64_t stop;

			while (t->vmas[i].end <= at)
				i++;
			stop = t->vmas[i].end < end ? t->vmas[i].end : end;
			if (vma_wanted(&t->vmas[i], inherit)) {
				if (f.fd < 0)
					ret = pages_open(r, f.pages_id, &f.fd);
				if (!ret)
					ret = pages_fill_run(r, &f, &t->vmas[i], at, stop,
							     run->offset + (at - run->start));
				pages_count(r, (stop - at) / PAGE_LEN);
			}
			at = stop;
		}
		if (ret)
			break;
	}
	if (!ret)
		ret = fill_flush(&f);
	if (!ret)
		ret = fill_bulk(&f);
	bulk_free(&f.bulk);
	if (f.fd >= 0)
		close(f.fd);
	return ret;
}

/* Pages that the parent has and the child does not: back to zeros or the file. */
static void inherited_drop(const struct restore_task *parent, const struct restore_task *t,
			   const struct restore_vma *v)
{
	const struct page_run *mine = t->pages.runs.items, *end = mine + t->pages.runs.nr;

	array_for_each(&parent->pages.runs, run) {
		uint64_t at = run->start, stop = run->start + run->nr_pages * PAGE_LEN;

		at = at < v->start ? v->start : at;
		stop = stop > v->end ? v->end : stop;
		while (at < stop) {
			uint64_t gap_end;

			while (mine < end && mine->start + mine->nr_pages * PAGE_LEN <= at)
				mine++;
			if (mine < end && mine->start <= at) {
				at = mine->start + mine->nr_pages * PAGE_LEN;
				continue;
			}
			gap_end = mine < end && mine->start < stop ? mine->start : stop;
			madvise((void *)(uintptr_t)(v->at + (at - v->start)), gap_end - at,
				MADV_DONTNEED);
			at = gap_end;
		}
	}
}

static void inherited_merge(const char *src, char *dst, uint64_t len)
{
	for (uint64_t i = 0; i < len; i += PAGE_LEN) {
		if (memcmp(dst + i, src + i, PAGE_LEN))
			memcpy(dst + i, src + i, PAGE_LEN);
	}
}

static const struct restore_vma *vma_at(const struct restore_task *t, uint64_t addr)
{
	size_t lo = 0, hi = t->nr_vmas;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (t->vmas[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < t->nr_vmas && t->vmas[lo].start <= addr ? &t->vmas[lo] : NULL;
}

int pages_fill_inherited(struct restore *r, struct restore_task *t)
{
	uint64_t size = 0;
	char *image = NULL;
	int fd = -1, ret;
	bool any = false;

	for (size_t i = 0; i < t->nr_vmas; i++) {
		if (!t->vmas[i].inherited)
			continue;
		any = true;
		inherited_drop(t->creator, t, &t->vmas[i]);
	}
	if (!any || !t->pages.runs.nr)
		return 0;
	array_for_each(&t->pages.runs, run)
		size = run->offset + run->nr_pages * PAGE_LEN;
	ret = pages_open(r, t->pages.pages_id, &fd);
	if (ret)
		return ret;
	image = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	close(fd);
	if (image == MAP_FAILED)
		return fail_errno(r->ctx.err, -errno, "mapping pages-%u.img", t->pages.pages_id);
	array_for_each(&t->pages.runs, run) {
		uint64_t at = run->start, end = run->start + run->nr_pages * PAGE_LEN;

		while (at < end) {
			const struct restore_vma *v = vma_at(t, at);
			uint64_t stop = v->end < end ? v->end : end;

			if (v->inherited)
				inherited_merge(image + run->offset + (at - run->start),
						(char *)(uintptr_t)(v->at + (at - v->start)),
						stop - at);
			at = stop;
		}
	}
	munmap(image, size);
	return 0;
}
