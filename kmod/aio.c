// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts of asynchronous I/O (io_setup(2)): what the ring in the task's memory does
 * not say, above all how many requests are in flight. The structures are private
 * to fs/aio.c and described by BTF; without it the command is not there. A request
 * holds one of the ring's places until its event was counted as read, wherever the
 * place was taken from: the context's own stock or that of a CPU.
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/mm_types.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "kmod/compat/btf.h"
#include "kmod/kmod.h"

#define CONTEXT(type, context, which) READ_ONCE(*btf_ref(type, context, which))

bool aio_works(void)
{
	return btf_has(BTF_AIO_TABLE_NR, BTF_AIO_COMPLETED);
}

/* Under RCU. */
static const void *table_get(const struct mm_struct *mm, u32 *ret_nr)
{
	const void *table = rcu_dereference_raw(mm->ioctx_table);

	*ret_nr = table ? CONTEXT(const u32, table, BTF_AIO_TABLE_NR) : 0;
	return table;
}

static const void *table_context(const void *table, u32 i)
{
	return rcu_dereference_raw(btf_ref(const void *, table, BTF_AIO_TABLE)[i]);
}

u32 aio_count(const struct mm_struct *mm)
{
	const void *table;
	u32 nr, i, count = 0;

	if (!aio_works())
		return 0;
	rcu_read_lock();
	table = table_get(mm, &nr);
	for (i = 0; i < nr; i++)
		if (table_context(table, i))
			count++;
	rcu_read_unlock();
	return count;
}

static u32 places_free(const void *context)
{
	const char __percpu *cpus = CONTEXT(const char __percpu * const, context, BTF_AIO_CPU);
	u32 free = atomic_read(btf_ref(const atomic_t, context, BTF_AIO_REQS));
	int cpu;

	for_each_possible_cpu(cpu)
		free += CONTEXT(const u32, per_cpu_ptr(cpus, cpu), BTF_AIO_CPU_REQS);
	return free;
}

static void context_fill(const void *context, struct crctl_aio *r)
{
	u32 used;

	r->id = CONTEXT(const unsigned long, context, BTF_AIO_USER_ID);
	r->map_len = CONTEXT(const unsigned long, context, BTF_AIO_MAP_LEN);
	r->dead = atomic_read(btf_ref(const atomic_t, context, BTF_AIO_DEAD));
	r->max_reqs = CONTEXT(const u32, context, BTF_AIO_MAX_REQS);
	r->nr_events = CONTEXT(const u32, context, BTF_AIO_NR_EVENTS);
	r->tail = CONTEXT(const u32, context, BTF_AIO_TAIL);
	r->nr_completed = CONTEXT(const u32, context, BTF_AIO_COMPLETED);
	/* one place always stays empty (ioctx_alloc) */
	used = r->nr_events - 1 - places_free(context);
	r->nr_in_flight = max((s32)(used - r->nr_completed), 0);
}

static int aio_fill(struct list *l, void *ctx)
{
	const struct mm_struct *mm = ctx;
	const void *table;
	u32 nr, i;

	rcu_read_lock();
	table = table_get(mm, &nr);
	for (i = l->cursor; i < nr; i++) {
		const void *context = table_context(table, i);
		struct crctl_aio *r;

		if (!context)
			continue;
		r = list_record(l);
		if (!r)
			break;
		context_fill(context, r);
		if (!list_commit(l, i + 1))
			break;
	}
	rcu_read_unlock();
	if (i >= nr)
		l->cursor = CRCTL_CURSOR_END;
	return 0;
}

int aio_list(struct session *s, void *arg)
{
	struct crctl_list *list = arg;
	struct target t;
	int ret;

	if (list->fd || (list->cursor > INT_MAX && list->cursor != CRCTL_CURSOR_END))
		return -EINVAL;
	ret = target_get_mm(list->pid, &t);
	if (ret)
		return ret;
	ret = list_answer(list, sizeof(struct crctl_aio), aio_fill, t.mm);
	target_put(&t);
	return ret;
}
