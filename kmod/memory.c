// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a task written into a file of the caller's, straight from where they are:
 * what /proc/PID/mem and write(2) need two copies for. The pages are held, not pinned,
 * while they are written, so that copy-on-write memory stays shared. What is not there
 * is not brought there: its place in the file is left free. No lock is held while the
 * file is written.
 */
#include <linux/bvec.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "kmod/compat/fs.h"
#include "kmod/compat/mm.h"
#include "kmod/kmod.h"

#define BATCH 128		/* pages that are held at a time */
#define CALL_PAGES 16384	/* pages, or areas and gaps without any, that one call looks at */

/* How far it is. */
struct place {
	u32 range;		/* its number */
	u64 at;			/* address in it; 0: its start */
	loff_t pos;		/* in the file */
};

struct memory {
	struct crctl_memory *arg;
	struct mm_struct *mm;
	struct file *file;
	struct place done;		/* all before is in the file, or told as left out */
	struct place next;		/* all before is in the batch */
	struct crctl_range range;	/* that of @next */
	u64 last_end;			/* of the range before */
	u32 left;			/* of CALL_PAGES */
	struct crctl_memory_run run;	/* before @done, not yet told, and may grow; start 0: none */
	struct crctl_memory_run runs[BATCH];
	u32 nr_runs;
	struct page *pages[BATCH];
	struct bio_vec bvecs[BATCH];
	u32 nr_pages;
};

/* The range of @next. */
static int range_load(struct memory *m)
{
	const struct crctl_range __user *from = u64_to_user_ptr(m->arg->ranges);
	struct place *p = &m->next;
	struct crctl_range *r = &m->range;

	if (copy_from_user(r, from + p->range, sizeof(*r)))
		return -EFAULT;
	if (r->start >= r->end || r->end > TASK_SIZE_MAX || r->start < m->last_end ||
	    !PAGE_ALIGNED(r->start | r->end | p->at))
		return -EINVAL;
	if (!p->at)
		p->at = r->start;
	return p->at < r->start || p->at >= r->end ? -EINVAL : 0;
}

/* Add to the batch's runs; false: the caller has no room to be told. */
static bool run_add(struct memory *m, u64 start, u64 end, u32 state)
{
	struct crctl_memory_run *last = m->nr_runs ? &m->runs[m->nr_runs - 1] : &m->run;

	if (last->end == start && last->state == state) {
		if (m->nr_runs) {
			last->end = end;
			return true;
		}
	} else if (m->arg->nr_runs + (m->run.start != m->run.end) + m->nr_runs >=
		   m->arg->max_runs) {
		return false;
	}
	m->runs[m->nr_runs++] = (struct crctl_memory_run){
		.start = start, .end = end, .state = state,
	};
	return true;
}

static int run_tell(struct memory *m)
{
	struct crctl_memory_run __user *to = u64_to_user_ptr(m->arg->runs);

	if (m->run.start == m->run.end)
		return 0;
	if (copy_to_user(to + m->arg->nr_runs, &m->run, sizeof(m->run)))
		return -EFAULT;
	m->arg->nr_runs++;
	return 0;
}

/* What was in the batch has its place in the file. */
static int batch_commit(struct memory *m)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < m->nr_runs && !ret; i++) {
		const struct crctl_memory_run *r = &m->runs[i];

		if (m->run.end == r->start && m->run.state == r->state) {
			m->run.end = r->end;
			continue;
		}
		ret = run_tell(m);
		m->run = *r;
	}
	m->nr_runs = 0;
	m->done = m->next;
	return ret;
}

/* @next goes on by what the batch has got. */
static int place_move(struct memory *m, u64 len)
{
	struct place *p = &m->next;

	if (check_add_overflow(p->pos, (loff_t)len, &p->pos))
		return -EFBIG;
	p->at += len;
	if (p->at == m->range.end) {
		p->range++;
		p->at = 0;
		m->last_end = m->range.end;
	}
	return 0;
}

/*
 * Pages from @next on, as many as the batch has room for: 0 when there is none and what
 * begins there, up to *@ret_end, has the state *@ret_state.
 */
static long pages_get(struct memory *m, u64 *ret_end, u32 *ret_state)
{
	u64 at = m->next.at, end = m->range.end;
	struct vm_area_struct *vma = find_vma(m->mm, at);
	unsigned int flags;
	long n;

	*ret_state = CRCTL_MEMORY_NO_AREA;
	*ret_end = vma ? min_t(u64, end, vma->vm_start) : end;
	if (!vma || at < vma->vm_start)
		return 0;
	*ret_state = CRCTL_MEMORY_NOT_TAKEN;
	*ret_end = min_t(u64, end, vma->vm_end);
	flags = vma_present_flags(vma);
	if (!flags || vma->vm_flags & (VM_IO | VM_PFNMAP))
		return 0;
	n = min_t(u64, BATCH - m->nr_pages, (*ret_end - at) >> PAGE_SHIFT);
	n = mm_get_pages(m->mm, at, n, flags, m->pages + m->nr_pages);
	if (n != -EFAULT && n != -EHWPOISON && n)
		return n;
	*ret_state = CRCTL_MEMORY_NO_PAGE;
	*ret_end = at + PAGE_SIZE;
	return 0;
}

/* 1: go on filling the batch, 0: it is full, or at its end. */
static int batch_fill(struct memory *m)
{
	int ret = range_load(m);
	u32 state;
	u64 end;
	long n;

	if (ret)
		return ret;
	if (mmap_read_lock_killable(m->mm))
		return -EINTR;
	n = pages_get(m, &end, &state);
	mmap_read_unlock(m->mm);
	if (n < 0)
		return n;
	m->left -= min_t(u32, m->left, max(n, 1L));
	if (!n && m->nr_pages)
		return 0;	/* looked at again, once these are written */
	if (n) {
		state = CRCTL_MEMORY_WRITTEN;
		end = m->next.at + (n << PAGE_SHIFT);
	}
	m->nr_pages += n;
	if (!run_add(m, m->next.at, end, state)) {
		m->left = 0;
		while (n--)
			put_page(m->pages[--m->nr_pages]);
		return 0;
	}
	ret = place_move(m, end - m->next.at);
	if (ret)
		return ret;
	return n && m->nr_pages < BATCH && m->next.range < m->arg->nr_ranges;
}

/* A write that meets a limit may cut the iterator short: a new one for what is left. */
static int batch_write(struct memory *m)
{
	size_t len = (size_t)m->nr_pages << PAGE_SHIFT, done = 0;
	loff_t pos = m->done.pos;
	struct iov_iter iter;
	ssize_t n;
	u32 i;

	for (i = 0; i < m->nr_pages; i++)
		m->bvecs[i] = (struct bio_vec){ .bv_page = m->pages[i], .bv_len = PAGE_SIZE };
	while (done < len) {
		iov_iter_bvec(&iter, ITER_SOURCE, m->bvecs, m->nr_pages, len);
		iov_iter_advance(&iter, done);
		n = file_iter_write(m->file, &iter, &pos);
		if (n <= 0)
			return n ? n : -EIO;
		done += n;
	}
	return 0;
}

/* One batch: pages that follow one another in the file, or what is left out. */
static int batch_copy(struct memory *m)
{
	int ret;

	m->next = m->done;
	m->nr_pages = m->nr_runs = 0;
	do {
		ret = batch_fill(m);
	} while (ret > 0 && m->left);
	if (ret >= 0)
		ret = m->nr_pages ? batch_write(m) : 0;
	while (m->nr_pages)
		put_page(m->pages[--m->nr_pages]);
	return ret ? ret : batch_commit(m);
}

/* An error after something was copied is told by the next call, which meets it again. */
static int ranges_copy(struct memory *m)
{
	struct crctl_memory *arg = m->arg;
	bool some = false;
	int ret;

	while (m->done.range < arg->nr_ranges && m->left) {
		ret = batch_copy(m);
		if (ret == -EFAULT || ret == -EINVAL || (ret && !some))
			return ret;
		if (ret || signal_pending(current))
			break;
		some = true;
		cond_resched();
	}
	ret = run_tell(m);
	arg->next = m->done.range;
	arg->next_at = m->done.at;
	arg->pos = m->done.pos;
	return ret;
}

/* What may be written at any place, and holds what it got. */
static int file_usable(const struct file *file)
{
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (!S_ISREG(file_inode(file)->i_mode) || file->f_flags & O_APPEND ||
	    !(file->f_mode & FMODE_PWRITE) || !file->f_op->write_iter)
		return -EINVAL;
	return 0;
}

static int memory_start(struct crctl_memory *arg, struct mm_struct *mm, struct file *file)
{
	struct memory *m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!m)
		return -ENOMEM;
	m->arg = arg;
	m->mm = mm;
	m->file = file;
	m->done = (struct place){ .range = arg->next, .at = arg->next_at, .pos = arg->pos };
	m->left = CALL_PAGES;
	ret = ranges_copy(m);
	kfree(m);
	return ret;
}

int memory_copy(struct session *s, void *arg)
{
	struct crctl_memory *a = arg;
	struct file *file;
	struct target t;
	int ret;

	a->nr_runs = 0;
	if (a->pos > LLONG_MAX || !a->max_runs || a->next > a->nr_ranges)
		return -EINVAL;
	file = fget(a->out_fd);
	if (!file)
		return -EBADF;
	ret = file_usable(file);
	if (!ret)
		ret = target_get_mm(a->pid, &t);
	if (!ret) {
		ret = memory_start(a, t.mm, file);
		target_put(&t);
	}
	fput(file);
	return ret;
}
