// SPDX-License-Identifier: GPL-2.0
/*
 * Page content. Restore: the pages file is mapped, and runs are copied from there
 * to where they belong with process_vm_writev(2), many a call: it takes pages
 * without a fault for each. Large runs go through bulk.c.
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
#define FLUSH_LEN    (4UL << 20)

/* Copies gathered for one call: back to back in the file, anywhere in memory. */
struct fill {
	struct restore *r;
	char *image;		/* the pages file, mapped; NULL: not yet */
	uint64_t image_len;
	uint32_t pages_id;
	uint64_t offset, len;
	struct iovec iovs[NR_IOVS];
	int nr_iovs;
	struct bulk bulk;
};

static int fill_open(struct fill *f, const struct page_map *map)
{
	const struct page_run *last = &map->runs.items[map->runs.nr - 1];
	auto_close int fd = -1;
	char name[64];

	f->pages_id = map->pages_id;
	f->image_len = last->offset + last->nr_pages * PAGE_LEN;
	image_name(IMG_PAGES, map->pages_id, name, sizeof(name));
	fd = openat(f->r->ctx.images_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return fail_errno(f->r->ctx.err, -errno, "opening %s", name);
	f->image = mmap(NULL, f->image_len, PROT_READ, MAP_SHARED, fd, 0);
	if (f->image == MAP_FAILED) {
		f->image = NULL;
		return fail_errno(f->r->ctx.err, -errno, "mapping %s", name);
	}
	return 0;
}

static void fill_close(struct fill *f)
{
	if (f->image)
		munmap(f->image, f->image_len);
	bulk_free(&f->bulk);
}

static int fill_flush(struct fill *f)
{
	struct iovec local, *iov = f->iovs;
	int nr = f->nr_iovs;

	if (f->len)
		(void)madvise(f->image + f->offset, f->len, MADV_POPULATE_READ); /* or by fault */
	while (f->len) {
		ssize_t n;

		local = (struct iovec){ f->image + f->offset, f->len };
		n = process_vm_writev(getpid(), &local, 1, iov, (unsigned long)nr, 0);
		if (n <= 0)
			return fail(f->r->ctx.err, n ? -errno : -EIO,
				    "copying pages-%u.img at %lu to memory: %s", f->pages_id,
				    f->offset, n ? strerror(errno) : "nothing was written");
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

	if (f->nr_iovs && (f->nr_iovs == NR_IOVS || f->len >= FLUSH_LEN ||
			   f->offset + f->len != offset)) {
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
	int ret = bulk_fill(f->r, &f->bulk, f->image);

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
	struct fill f = { .r = r };
	int ret = 0;

	if (!map->runs.nr)
		return 0;
	ret = fill_open(&f, map);
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
	fill_close(&f);
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
	struct fill f = { .r = r };
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
				if (!f.image)
					ret = fill_open(&f, &t->pages);
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
	fill_close(&f);
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
	struct fill f = { .r = r };
	bool any = false;
	int ret;

	for (size_t i = 0; i < t->nr_vmas; i++) {
		if (!t->vmas[i].inherited)
			continue;
		any = true;
		inherited_drop(t->creator, t, &t->vmas[i]);
	}
	if (!any || !t->pages.runs.nr)
		return 0;
	ret = fill_open(&f, &t->pages);
	if (ret)
		return ret;
	(void)madvise(f.image, f.image_len, MADV_POPULATE_READ); /* or by fault */
	array_for_each(&t->pages.runs, run) {
		uint64_t at = run->start, end = run->start + run->nr_pages * PAGE_LEN;

		while (at < end) {
			const struct restore_vma *v = vma_at(t, at);
			uint64_t stop = v->end < end ? v->end : end;

			if (v->inherited)
				inherited_merge(f.image + run->offset + (at - run->start),
						(char *)(uintptr_t)(v->at + (at - v->start)),
						stop - at);
			at = stop;
		}
	}
	fill_close(&f);
	return 0;
}
