// SPDX-License-Identifier: GPL-2.0
/*
 * Page contents: pagemap-ID.img lists runs of pages, pages-N.img holds them back
 * to back. Which pages are the task's own is seen with PAGEMAP_SCAN; the module
 * writes them from where they are. Without it, and what it does not take, they are
 * read through /proc/PID/mem, which reads what is mapped without PROT_READ too and,
 * unlike process_vm_readv(2), does not pin: a pinned page stops being shared with
 * the processes it was inherited from.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/crctl.pb-c.h"
#include "image/image.h"
#include "image/pagemap.pb-c.h"
#include "kapi/dev.h"
#include "kapi/pagemap.h"
#include "kapi/ptrace.h"
#include "lib/cleanup.h"
#include "mm/mm.h"

#define COPY_LEN (1ul << 18)	/* small enough to stay in the cache between read and write */
#define NEAR_LEN (64 * PAGE_LEN) /* areas with smaller gaps are looked through in one go */
#define NR_RANGES 4096		/* that the module is asked for at a time */

struct pages_out {
	struct dump *d;
	struct image_writer *map, *pages;
	PagemapEntry run;		/* not yet written while nr_pages is 0 or may grow */
};

/* Private pages on their way from a task to the pages file. */
struct copy {
	struct dev *dev;		/* NULL: all is read here */
	pid_t pid;			/* for the module */
	int mem_fd;			/* /proc/PID/mem */
	struct pages_out *out;
	struct progress *progress;
	uint64_t pos;			/* in the pages file, of what waits */
	/* what waits: content, or with the module where it is */
	size_t len;
	char *buf;			/* COPY_LEN */
	uint32_t nr_ranges;
	struct crctl_range ranges[NR_RANGES];
};

int pages_out_open(struct dump *d, bool shmem, unsigned long id, struct pages_out **ret_out)
{
	struct pages_out *out = calloc(1, sizeof(*out));
	PagemapHead head = PAGEMAP_HEAD__INIT;
	int ret;

	if (!out)
		return -ENOMEM;
	*ret_out = out;
	out->d = d;
	pagemap_entry__init(&out->run);
	head.pages_id = ++d->nr_pages_files;
	ret = image_write_open(d->ctx.images_fd, shmem ? IMG_SHMEM_PAGEMAP : IMG_PAGEMAP, id,
			       &out->map);
	if (!ret)
		ret = image_write(out->map, &head.base);
	if (!ret)
		ret = image_write_open(d->ctx.images_fd, IMG_PAGES, head.pages_id, &out->pages);
	return ret ? fail(d->ctx.err, ret, "%s", image_error()) : 0;
}

static int run_flush(struct pages_out *out)
{
	int ret;

	if (!out->run.nr_pages)
		return 0;
	out->run.has_nr_pages = out->run.has_flags = true;
	out->run.compat_nr_pages = (uint32_t)out->run.nr_pages;
	ret = image_write(out->map, &out->run.base);
	out->run.nr_pages = 0;
	return ret;
}

int pages_out_add(struct pages_out *out, uint64_t start, uint64_t nr_pages, uint32_t flags)
{
	int ret;

	if (out->run.nr_pages && out->run.flags == flags &&
	    out->run.vaddr + out->run.nr_pages * PAGE_LEN == start) {
		out->run.nr_pages += nr_pages;
		return 0;
	}
	ret = run_flush(out);
	out->run.vaddr = start;
	out->run.nr_pages = nr_pages;
	out->run.flags = flags;
	return ret;
}

int pages_out_fd(const struct pages_out *out)
{
	return image_write_fd(out->pages);
}

int pages_out_close(struct pages_out *out)
{
	int ret, close_ret;

	if (!out)
		return 0;
	ret = out->map ? run_flush(out) : 0;
	close_ret = image_write_close(out->map);
	ret = ret ? ret : close_ret;
	close_ret = image_write_close(out->pages);
	ret = ret ? ret : close_ret;
	free(out);
	return ret;
}

static int write_all(int fd, const char *buf, size_t len, uint64_t pos)
{
	while (len) {
		ssize_t n = pwrite(fd, buf, len, (off_t)pos);

		if (n <= 0)
			return n ? -errno : -EIO;
		buf += n;
		pos += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- through a buffer ---- */

static int buffer_flush(struct copy *c)
{
	int ret = c->len ? write_all(pages_out_fd(c->out), c->buf, c->len, c->pos) : 0;

	progress_add(c->progress, c->len);
	c->pos += c->len;
	c->len = 0;
	return ret;
}

static int buffer_add(struct copy *c, uint64_t start, uint64_t len)
{
	int ret = 0;

	while (len && !ret) {
		size_t part = len < COPY_LEN - c->len ? len : COPY_LEN - c->len;
		ssize_t n = pread(c->mem_fd, c->buf + c->len, part, (off_t)start);

		if (n <= 0)
			return n ? -errno : -EFAULT;
		c->len += (size_t)n;
		start += (uint64_t)n;
		len -= (uint64_t)n;
		if (c->len == COPY_LEN)
			ret = buffer_flush(c);
	}
	return ret;
}

/* ---- by the module ---- */

/* Its place in the file is free where it was not taken. */
static int run_done(void *arg, const struct crctl_memory_run *run, uint64_t pos)
{
	struct copy *c = arg;
	uint64_t len = run->end - run->start;
	int ret;

	c->pos = pos;
	if (run->state != CRCTL_MEMORY_WRITTEN) {
		ret = buffer_add(c, run->start, len);
		return ret ? ret : buffer_flush(c);
	}
	progress_add(c->progress, len);
	c->pos += len;
	return 0;
}

static int ranges_flush(struct copy *c)
{
	uint64_t pos = c->pos;
	int ret = dev_copy_memory(c->dev, c->pid, pages_out_fd(c->out), pos, c->ranges,
				  c->nr_ranges, run_done, c);

	/* a file system into which the kernel cannot write by itself */
	if (ret == -EINVAL) {
		c->dev = NULL;
		c->pos = pos;
		ret = 0;
		for (uint32_t i = 0; i < c->nr_ranges && !ret; i++)
			ret = buffer_add(c, c->ranges[i].start,
					 c->ranges[i].end - c->ranges[i].start);
	}
	c->nr_ranges = 0;
	return ret;
}

static int ranges_add(struct copy *c, uint64_t start, uint64_t len)
{
	c->ranges[c->nr_ranges++] = (struct crctl_range){ start, start + len };
	return c->nr_ranges == NR_RANGES ? ranges_flush(c) : 0;
}

static int copy_flush(struct copy *c)
{
	int ret = c->nr_ranges ? ranges_flush(c) : 0;

	return ret ? ret : buffer_flush(c);
}

static int run_dump(struct dump *d, struct copy *c, uint64_t start, uint64_t end, uint32_t flags)
{
	int ret = pages_out_add(c->out, start, (end - start) / PAGE_LEN, flags);

	d->stats.pages_written += (end - start) / PAGE_LEN;
	if (ret)
		return ret;
	return c->dev ? ranges_add(c, start, end - start) : buffer_add(c, start, end - start);
}

static uint32_t vma_page_flags(const VmaEntry *e)
{
	bool lazy = e->status & VMA_ANON_PRIVATE && !(e->status & VMA_VDSO) &&
		    !(e->flags & MAP_LOCKED);

	return PAGE_PRESENT | (lazy ? PAGE_LAZY : 0u);
}

/* A guard range is an entry of the list of mappings, after the real ones. */
static int guard_add(struct dump_task *task, uint64_t start, uint64_t end)
{
	MmEntry *mm = task->mm;
	VmaEntry *e = calloc(1, sizeof(*e));
	VmaEntry **vmas = e ? reallocarray(mm->vmas, mm->n_vmas + 1, sizeof(*vmas)) : NULL;
	CrctlRange *r = calloc(1, sizeof(*r));
	CrctlRange **guards = r ? reallocarray(task->extra->guards, task->extra->n_guards + 1,
					       sizeof(*guards)) : NULL;

	if (!vmas || !guards)
		return -ENOMEM;
	vma_entry__init(e);
	e->start = start;
	e->end = end;
	e->status = VMA_GUARD;
	e->fd = -1;
	vmas[mm->n_vmas++] = e;
	mm->vmas = vmas;
	crctl_range__init(r);
	r->start = start;
	r->end = end;
	guards[task->extra->n_guards++] = r;
	task->extra->guards = guards;
	return 0;
}

/* The part of @range inside the mapping. */
static int range_dump(struct dump *d, struct copy *c, struct dump_task *task, const VmaEntry *e,
		      const struct pagemap_range *range)
{
	uint64_t start = range->start > e->start ? range->start : e->start;
	uint64_t end = range->end < e->end ? range->end : e->end;

	if (start >= end)
		return 0;
	if (range->guard)
		return guard_add(task, start, end);
	return run_dump(d, c, start, end, vma_page_flags(e));
}

static bool vma_has_pages(const VmaEntry *e)
{
	return e->status & (VMA_ANON_PRIVATE | VMA_FILE_PRIVATE | VMA_AIO_RING) &&
	       !(e->status & (VMA_VVAR | VMA_VSYSCALL));
}

static int vmas_dump(struct dump *d, struct copy *c, struct dump_task *task,
		     const struct pagemap_list *ranges)
{
	size_t nr_vmas = task->mm->n_vmas, at = 0;
	int ret = 0;

	for (size_t i = 0; i < nr_vmas && !ret; i++) {
		const VmaEntry *e = task->mm->vmas[i];

		if (e->status & VMA_VSYSCALL)
			continue;
		d->stats.pages_scanned += (e->end - e->start) / PAGE_LEN;
		if (!vma_has_pages(e))
			continue;
		if (e->status & (VMA_VDSO | VMA_AIO_RING)) {
			ret = run_dump(d, c, e->start, e->end, PAGE_PRESENT);
			continue;
		}
		while (at < ranges->nr && ranges->items[at].end <= e->start)
			at++;
		for (size_t k = at; k < ranges->nr && ranges->items[k].start < e->end && !ret; k++)
			ret = range_dump(d, c, task, e, &ranges->items[k]);
	}
	return ret ? ret : copy_flush(c);
}

/*
 * A word a page: terabytes may be reserved where nothing is, and areas that are near
 * each other are read as one. What lies between them is not looked at later.
 */
static int task_read_words(int fd, const struct dump_task *task, struct pagemap_list *ranges)
{
	struct pagemap_zeros zeros;
	uint64_t start = 0, end = 0;
	int ret = 0;

	pagemap_zeros(&zeros);
	array_for_each(task->vmas, vma) {
		if (vma->flags & VMF_SHARED || (vma->empty && !(vma->flags & VMF_HUGETLB)))
			continue;
		if (vma->start > end + NEAR_LEN) {
			ret = ret ? ret : pagemap_read_words(fd, start, end, &zeros, ranges);
			start = vma->start;
		}
		end = vma->end;
	}
	return ret ? ret : pagemap_read_words(fd, start, end, &zeros, ranges);
}

static int task_scan(struct dump_task *task, struct pagemap_list *ranges)
{
	auto_close int fd = pagemap_open(task->proc_fd);
	int ret;

	if (fd < 0)
		return fd;
	ret = pagemap_scan(fd, 0, TASK_END, ranges);
	return ret == -ENOTTY ? task_read_words(fd, task, ranges) : ret;
}

static int task_copy(struct dump *d, struct dump_task *task, struct pages_out *out,
		     const struct pagemap_list *ranges)
{
	auto_close int mem_fd = openat(task->proc_fd, "mem", O_RDONLY | O_CLOEXEC);
	auto_free struct copy *c = calloc(1, sizeof(*c));
	auto_free char *buf = malloc(COPY_LEN);

	if (mem_fd < 0)
		return -errno;
	if (!c || !buf)
		return -ENOMEM;
	c->dev = dev_features(d->dev) & CRCTL_HAS_MEMORY ? d->dev : NULL;
	c->pid = task->live_tid;
	c->mem_fd = mem_fd;
	c->out = out;
	c->progress = &d->ctx.progress;
	c->buf = buf;
	return vmas_dump(d, c, task, ranges);
}

int pages_dump_task(struct dump *d, struct dump_task *task)
{
	struct pagemap_list ranges = { 0 };
	struct pages_out *out = NULL;
	uint64_t began = ptrace_now_ns();
	int ret, close_ret;

	ret = task_scan(task, &ranges);
	if (!ret)
		ret = pages_out_open(d, false, (unsigned long)task->pid, &out);
	if (!ret)
		ret = task_copy(d, task, out, &ranges);
	close_ret = pages_out_close(out);
	array_free(&ranges);
	d->stats.pages_ns += ptrace_now_ns() - began;
	ret = ret ? ret : close_ret;
	return ret ? fail_errno(d->ctx.err, ret, "pid %d: its memory cannot be copied into the "
				"images", task->pid) : 0;
}
