// SPDX-License-Identifier: GPL-2.0
/*
 * Page content. Restore: pages are read into one small buffer and written from
 * there to where they belong with process_vm_writev(2), many runs a call. The
 * kernel copies through its own mapping: reaching memory through a page table entry
 * that is new costs 4 us a page under a hypervisor, this a tenth. Large runs go
 * through bulk.c.
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
#include "stub/restore_args.h"

#define NR_IOVS 64

/* Copies gathered for one call: back to back in the file, anywhere in memory. */
struct fill {
	struct restore *r;
	int fd;			/* the pages file; -1: not yet open */
	char *buf;
	uint64_t buf_len;
	uint32_t pages_id;
	uint64_t offset, len;
	struct iovec iovs[NR_IOVS];
	int nr_iovs;
	struct bulk bulk;
};

static int fill_open(struct fill *f, const struct page_map *map)
{
	const struct page_run *last = &map->runs.items[map->runs.nr - 1];
	uint64_t size = last->offset + last->nr_pages * PAGE_LEN;
	char name[64];
	int fd;

	f->pages_id = map->pages_id;
	f->buf_len = size < BULK_BUFFER ? size : BULK_BUFFER;
	f->buf = malloc(f->buf_len);
	if (!f->buf)
		return fail_errno(f->r->ctx.err, -ENOMEM, "reading pages-%u.img", f->pages_id);
	image_name(IMG_PAGES, map->pages_id, name, sizeof(name));
	fd = openat(f->r->ctx.images_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	f->fd = fd < 0 ? -errno : restore_fd_lift(f->r, fd);
	return f->fd < 0 ? fail_errno(f->r->ctx.err, f->fd, "opening %s", name) : 0;
}

static void fill_close(struct fill *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->buf);
	bulk_free(&f->bulk);
}

/* The next @len bytes of the pages file at @offset into the buffer. */
static int fill_read(struct fill *f, uint64_t offset, uint64_t len)
{
	uint64_t done = 0;

	while (done < len) {
		ssize_t n = pread(f->fd, f->buf + done, len - done, (off_t)(offset + done));

		if (n <= 0)
			return fail(f->r->ctx.err, n ? -errno : -EIO, "pages-%u.img at %lu: %s",
				    f->pages_id, offset + done,
				    n ? strerror(errno) : "it ends there, the image is truncated");
		done += (uint64_t)n;
	}
	return 0;
}

static int fill_flush(struct fill *f)
{
	struct iovec local = { f->buf, f->len }, *iov = f->iovs;
	int nr = f->nr_iovs, ret = fill_read(f, f->offset, f->len);

	while (!ret && local.iov_len) {
		ssize_t n = process_vm_writev(getpid(), &local, 1, iov, (unsigned long)nr, 0);

		if (n <= 0)
			return fail(f->r->ctx.err, n ? -errno : -EIO,
				    "copying pages-%u.img at %lu to memory: %s", f->pages_id,
				    f->offset, n ? strerror(errno) : "nothing was written");
		local.iov_base = (char *)local.iov_base + n;
		local.iov_len -= (size_t)n;
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
	if (!ret)
		__atomic_add_fetch(&f->r->shared->pages, f->len / PAGE_LEN, __ATOMIC_RELAXED);
	f->len = 0;
	f->nr_iovs = 0;
	return ret;
}

static int fill_add_part(struct fill *f, uint64_t at, uint64_t offset, uint64_t len)
{
	struct iovec *last = f->iovs + f->nr_iovs - 1;
	int ret;

	if (f->nr_iovs && (f->nr_iovs == NR_IOVS || f->len + len > f->buf_len ||
			   f->offset + f->len != offset)) {
		ret = fill_flush(f);
		if (ret)
			return ret;
	}
	if (!f->nr_iovs)
		f->offset = offset;
	f->len += len;
	if (f->nr_iovs && (uintptr_t)last->iov_base + last->iov_len == at) {
		last->iov_len += len;
		return 0;
	}
	f->iovs[f->nr_iovs++] = (struct iovec){ (void *)(uintptr_t)at, len };
	return 0;
}

static int fill_add(struct fill *f, uint64_t at, uint64_t offset, uint64_t len)
{
	int ret = 0;

	while (!ret && len) {
		uint64_t part = len < f->buf_len ? len : f->buf_len;

		ret = fill_add_part(f, at, offset, part);
		at += part;
		offset += part;
		len -= part;
	}
	return ret;
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

int pages_fill_at(struct restore *r, const struct page_map *map, uint64_t base)
{
	struct fill f = { .r = r, .fd = -1 };
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
static int vma_open_window(struct restore *r, const struct restore_vma *v, uint64_t at,
			   uint64_t len, int prot)
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
	struct fill f = { .r = r, .fd = -1 };
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
					ret = fill_open(&f, &t->pages);
				if (!ret)
					ret = pages_fill_run(r, &f, &t->vmas[i], at, stop,
							     run->offset + (at - run->start));
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

const struct restore_vma *restore_vma_at(const struct restore_task *t, uint64_t addr)
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

/*
 * Write the pages of one run that differ from what the fork brought. Memory is read
 * through /proc/self/mem, which leaves shared pages shared: process_vm_readv(2) pins
 * them, and pinning makes a copy (mm/gup.c, gup_must_unshare).
 */
static int inherited_merge(struct fill *f, int mem_fd, char *now, uint64_t at, uint64_t offset,
			   uint64_t len)
{
	int ret = 0;

	while (!ret && len) {
		uint64_t part = len < f->buf_len ? len : f->buf_len;

		ret = fill_read(f, offset, part);
		if (!ret && pread(mem_fd, now, part, (off_t)at) != (ssize_t)part)
			ret = fail_errno(f->r->ctx.err, -errno, "reading memory at %#lx", at);
		for (uint64_t i = 0; !ret && i < part; i += PAGE_LEN) {
			struct iovec local = { f->buf + i, PAGE_LEN };
			struct iovec remote = { (void *)(uintptr_t)(at + i), PAGE_LEN };

			if (memcmp(now + i, f->buf + i, PAGE_LEN) &&
			    process_vm_writev(getpid(), &local, 1, &remote, 1, 0) != PAGE_LEN)
				ret = fail_errno(f->r->ctx.err, -errno, "writing memory at %#lx",
						 at + i);
		}
		at += part;
		offset += part;
		len -= part;
	}
	return ret;
}

static int inherited_merge_all(struct fill *f, const struct restore_task *t, int mem_fd, char *now)
{
	int ret = 0;

	array_for_each(&t->pages.runs, run) {
		uint64_t at = run->start, end = run->start + run->nr_pages * PAGE_LEN;

		while (!ret && at < end) {
			const struct restore_vma *v = restore_vma_at(t, at);
			uint64_t stop = v->end < end ? v->end : end;

			if (v->inherited)
				ret = inherited_merge(f, mem_fd, now, v->at + (at - v->start),
						      run->offset + (at - run->start), stop - at);
			at = stop;
		}
	}
	return ret;
}

int pages_fill_inherited(struct restore *r, struct restore_task *t)
{
	struct fill f = { .r = r, .fd = -1 };
	auto_close int mem_fd = -1;
	auto_free char *now = NULL;
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
	if (!ret) {
		now = malloc(f.buf_len);
		mem_fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
		if (!now || mem_fd < 0)
			ret = fail_errno(r->ctx.err, now ? -errno : -ENOMEM, "pid %u: its memory",
					 t->pid);
	}
	if (!ret)
		ret = inherited_merge_all(&f, t, mem_fd, now);
	fill_close(&f);
	return ret;
}

int pages_read(struct restore *r, const struct restore_task *t, uint64_t start, uint64_t len,
	       char *buf, uint64_t *ret_nr)
{
	struct fill f = { .r = r, .fd = -1 };
	uint64_t nr = 0;
	int ret = t->pages.runs.nr ? fill_open(&f, &t->pages) : 0;

	array_for_each(&t->pages.runs, run) {
		uint64_t at = run->start > start ? run->start : start;
		uint64_t end = run->start + run->nr_pages * PAGE_LEN;

		end = end < start + len ? end : start + len;
		for (; !ret && at < end; at += PAGE_LEN) {
			ret = fill_read(&f, run->offset + (at - run->start), PAGE_LEN);
			if (!ret)
				memcpy(buf + (at - start), f.buf, PAGE_LEN);
			nr++;
		}
	}
	fill_close(&f);
	*ret_nr = nr;
	return ret;
}
