// SPDX-License-Identifier: GPL-2.0
/*
 * How far an io_uring is: what the task has queued, what the kernel has taken, what is
 * in flight and what was not yet read. In flight are the requests of the task on all its
 * rings (io_uring/tctx.c), less those references that it keeps in stock. The structures
 * are private and described by BTF; without it the command is not there.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/percpu_counter.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "kmod/compat/btf.h"
#include "kmod/kmod.h"

#define RING(type, ring, which) READ_ONCE(*btf_ref(type, ring, which))

bool uring_works(void)
{
	return btf_has(BTF_URING_FLAGS, BTF_URING_INFLIGHT);
}

/* Words that the task can write, in a struct io_rings that can be replaced. */
static u32 shared_word(const void *rings, enum btf_wanted side, enum btf_wanted end)
{
	u32 word = 0;

	if (rings)
		(void)copy_from_kernel_nofault(&word, btf_ref(const char, rings, side) +
					       btf_offset(end), sizeof(word));
	return word;
}

static void heads_fill(const void *ring, struct crctl_uring *r)
{
	const void *rings;

	rcu_read_lock();
	rings = RING(const void * const, ring, BTF_URING_RINGS);
	r->sq_head = RING(const u32, ring, BTF_URING_SQ_HEAD);
	r->sq_tail = shared_word(rings, BTF_URING_SQ, BTF_URING_TAIL);
	r->cq_head = shared_word(rings, BTF_URING_CQ, BTF_URING_HEAD);
	r->cq_tail = RING(const u32, ring, BTF_URING_CQ_TAIL);
	rcu_read_unlock();
}

/*
 * execve(2) frees a thread's counters under no lock that can be had here (up to 7.1 with no
 * grace period either): what is read may be old, but must not fault.
 */
static s64 counter_read(const void *u)
{
	struct percpu_counter c;
	s32 stock, part;
	s64 sum;
	int cpu;

	if (copy_from_kernel_nofault(&c, btf_ref(const char, u, BTF_URING_INFLIGHT), sizeof(c)) ||
	    copy_from_kernel_nofault(&stock, btf_ref(const char, u, BTF_URING_CACHED_REFS),
				     sizeof(stock)))
		return 0;
	sum = c.count - stock;
	for_each_possible_cpu(cpu)
		if (!copy_from_kernel_nofault(&part, per_cpu_ptr(c.counters, cpu), sizeof(part)))
			sum += part;
	return sum;
}

/* All threads submit on their own. */
static u32 in_flight(struct task_struct *task)
{
	struct task_struct *thread;
	s64 sum = 0;

	rcu_read_lock();
	for_each_thread(task, thread) {
		const void *u = READ_ONCE(thread->io_uring);

		if (u)
			sum += counter_read(u);
	}
	rcu_read_unlock();
	return clamp_t(s64, sum, 0, U32_MAX);
}

static void ring_fill(struct task_struct *task, const void *ring, struct crctl_uring *r)
{
	r->setup_flags = RING(const u32, ring, BTF_URING_FLAGS);
	r->sq_entries = RING(const u32, ring, BTF_URING_SQ_ENTRIES);
	r->cq_entries = RING(const u32, ring, BTF_URING_CQ_ENTRIES);
	r->sq_thread = RING(const void * const, ring, BTF_URING_SQ_DATA) != NULL;
	r->has_overflow = !list_empty(btf_ref(const struct list_head, ring, BTF_URING_OVERFLOW));
	heads_fill(ring, r);
	r->nr_in_flight = in_flight(task);
}

int uring_get(struct session *s, void *arg)
{
	struct crctl_uring *r = arg;
	s32 pid = r->pid, fd = r->fd;
	struct file *file;
	struct target t;
	u32 kind;
	int ret = target_get(pid, &t);

	if (ret)
		return ret;
	memset(r, 0, sizeof(*r));
	r->pid = pid;
	r->fd = fd;
	ret = file_get(&t, fd, &file, &kind);
	if (!ret) {
		if (kind == CRCTL_FILE_IS_URING)
			ring_fill(t.task, file->private_data, r);
		else
			ret = -EINVAL;
		fput(file);
	}
	target_put(&t);
	return ret;
}
