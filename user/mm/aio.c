// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts of asynchronous I/O, io_setup(2). A context is known by the address of
 * its ring, a mapping named /[aio] that the kernel puts completed requests into:
 * fs/aio.c, aio_setup_ring(). The ring starts with where the first unread event and
 * the next one stand; the kernel keeps the latter for itself too, so it is brought
 * there by requests that complete at once. How long the ring is follows from the
 * number of requests that were asked for and from the number of CPUs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kapi/dev.h"
#include "kapi/peek.h"
#include "kapi/ptrace.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"
#include "mm/aio.h"

#define AIO_MAGIC     0xa10a10a1
#define NR_BATCH      256
#define SETTLE_MAX_MS 3000ull
#define CHECK_MAX_MS  200ull
#define SETTLE_MS     20
#define SETTLE_QUIET  4	/* looks in that time */

/* The start of the ring; struct io_event follow. */
struct aio_ring {
	uint32_t id;	/* the kernel's number of the context in this process */
	uint32_t nr;	/* of events there is room for */
	uint32_t head, tail;
	uint32_t magic, compat, incompat, header_len;
};

_Static_assert(sizeof(struct aio_ring) == sizeof(struct io_event), "the ring is one array");

/* Whether it is the ring of @len bytes that aio_setup_ring() makes. */
static bool ring_is_sane(const struct aio_ring *ring, uint64_t len)
{
	return ring->magic == AIO_MAGIC && !ring->incompat &&
	       ring->header_len == sizeof(*ring) && len % PAGE_LEN == 0 &&
	       ring->nr == len / sizeof(struct io_event) - 1 && ring->head < ring->nr &&
	       ring->tail < ring->nr;
}

/*
 * The kernel makes room for twice the requests, at least 4 a CPU each, and 2 more
 * behind the header. The fewest requests whose ring has @len bytes.
 */
static uint64_t ring_requests(uint64_t len)
{
	uint64_t room = (len - PAGE_LEN) / sizeof(struct io_event);

	return room > 3 ? (room - 3) / 2 + 1 : 1;
}

/* ---- dump ---- */

static bool aio_match(const struct proc_vma *vma)
{
	return vma->flags & VMF_SHARED && !strncmp(vma->name, "/[aio]", 6);
}

static int aio_add(MmEntry *mm, const struct proc_vma *vma)
{
	AioRingEntry **slot, *e = malloc(sizeof(*e));

	if (!e)
		return -ENOMEM;
	slot = reallocarray(mm->aios, mm->n_aios + 1, sizeof(*slot));
	if (!slot) {
		free(e);
		return -ENOMEM;
	}
	aio_ring_entry__init(e);
	e->id = vma->start;
	e->ring_len = (uint32_t)(vma->end - vma->start);
	e->nr_req = (uint32_t)ring_requests(e->ring_len);
	mm->aios = slot;
	slot[mm->n_aios++] = e;
	return 0;
}

void aio_free(MmEntry *mm)
{
	for (size_t i = 0; i < mm->n_aios; i++)
		free(mm->aios[i]);
	free(mm->aios);
}

static int aio_dump(struct dump *d, struct dump_task *task, const struct proc_vma *vma,
		    VmaEntry *entry)
{
	struct aio_ring ring;
	int ret = sys_mem_read(task->live_tid, vma->start, &ring, sizeof(ring));

	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d AIO context %#llx: its ring cannot be "
				  "read", task->pid, (unsigned long long)vma->start);
	if (!ring_is_sane(&ring, vma->end - vma->start))
		return dump_refuse(d,
				   "pid %d mapping %llx-%llx: a part of an AIO ring, or one that "
				   "was written over; end that context (io_destroy) before the "
				   "dump",
				   task->pid, (unsigned long long)vma->start,
				   (unsigned long long)vma->end);
	entry->status = VMA_AIO_RING;
	return aio_add(task->mm, vma);
}

/* The sum of where the rings end; it changes with every request that completes. */
static int tails_read(struct dump *d, uint64_t *ret_sum, size_t *ret_nr)
{
	*ret_sum = *ret_nr = 0;
	array_for_each(&d->tasks, it) {
		const MmEntry *mm = (*it)->mm;

		for (size_t i = 0; mm && i < mm->n_aios; i++) {
			struct aio_ring ring;
			int ret =
				sys_mem_read((*it)->live_tid, mm->aios[i]->id, &ring, sizeof(ring));

			if (ret)
				return fail_errno(d->ctx.err, ret,
						  "pid %d AIO context %#llx: its ring "
						  "cannot be read",
						  (*it)->pid, (unsigned long long)mm->aios[i]->id);
			*ret_sum += ring.tail;
			++*ret_nr;
		}
	}
	return 0;
}

/* Where nobody can tell how many are in flight: until nothing has ended for a while. */
static int settle_blindly(struct dump *d)
{
	struct timespec nap = { 0, SETTLE_MS * 1000000 / SETTLE_QUIET };
	int quiet = 0, ret = 0;
	uint64_t last, sum;
	size_t nr;

	ret = tails_read(d, &last, &nr);
	for (uint64_t i = 0; quiet < SETTLE_QUIET && !ret; i++) {
		nanosleep(&nap, NULL);
		ret = tails_read(d, &sum, &nr);
		quiet = sum == last ? quiet + 1 : 0;
		last = sum;
		if (i > SETTLE_MAX_MS * SETTLE_QUIET / SETTLE_MS)
			return fail(d->ctx.err, -ETIMEDOUT,
				    "requests of asynchronous I/O keep ending; dump again when "
				    "there are fewer");
	}
	return ret;
}

/* Requests of one context; a ring that came with fork(2) is none. */
static int peek_context(struct dump *d, struct dump_task *task, struct peek *peek, uint64_t id,
			uint32_t *ret_nr)
{
	struct aio_ring ring;
	int ret = sys_mem_read(task->live_tid, id, &ring, sizeof(ring));

	if (!ret)
		ret = peek_aio_in_flight(peek, task->live_tid, ring.id, id, ret_nr);
	if (ret == -ESRCH)
		*ret_nr = 0;
	return ret == -ESRCH ? 0 : ret;
}

/* Requests of a process in flight; *ret_id is a context that has some. */
static int flight_count(struct dump *d, struct dump_task *task, struct peek *peek,
			uint32_t *ret_nr, uint64_t *ret_id)
{
	struct dev_aio_list told = { 0 };
	int ret = dev_read_aio(d->dev, task->live_tid, &told);
	uint32_t sum = 0, nr = 0;

	array_for_each(&told, a) {
		sum += a->nr_in_flight;
		*ret_id = a->nr_in_flight ? a->id : *ret_id;
	}
	array_free(&told);
	if (ret == -EOPNOTSUPP && peek)
		ret = 0;
	else
		peek = NULL;
	for (size_t i = 0; peek && !ret && i < task->mm->n_aios; i++) {
		ret = peek_context(d, task, peek, task->mm->aios[i]->id, &nr);
		sum += ret ? 0 : nr;
		*ret_id = nr ? task->mm->aios[i]->id : *ret_id;
	}
	*ret_nr = sum;
	return ret;
}

/* Until a process has none in flight, or refuse it. */
static int flight_settle(struct dump *d, struct dump_task *task, struct peek *peek)
{
	uint64_t end = ptrace_now_ns() + (d->ctx.check_only ? CHECK_MAX_MS : SETTLE_MAX_MS) *
					 1000000ull;
	struct timespec nap = { 0, 500000 };
	uint64_t id = 0;
	uint32_t nr;
	int ret;

	for (;;) {
		ret = flight_count(d, task, peek, &nr, &id);
		if (ret || !nr || ptrace_now_ns() > end)
			break;
		nanosleep(&nap, NULL);
		nap.tv_nsec = nap.tv_nsec < 20000000 ? nap.tv_nsec * 2 : nap.tv_nsec;
	}
	if (ret || !nr)
		return ret;
	return dump_refuse(d, "pid %d AIO context %#llx: %u requests are in flight and do not end; "
			   "let them, or cancel what waits for an event (IOCB_CMD_POLL)", task->pid,
			   (unsigned long long)id, nr);
}

static bool tree_has_contexts(const struct dump *d)
{
	array_for_each(&d->tasks, it)
		if ((*it)->mm && (*it)->mm->n_aios)
			return true;
	return false;
}

int aio_settle(struct dump *d)
{
	struct peek *peek = NULL;
	int ret = 0;

	if (!tree_has_contexts(d))
		return 0;
	if (!(d->dev && dev_features(d->dev) & CRCTL_HAS_AIO))
		ret = peek_open(&peek);
	for (size_t i = 0; !ret && i < d->tasks.nr; i++) {
		struct dump_task *task = d->tasks.items[i];

		if (task->mm && task->mm->n_aios)
			ret = flight_settle(d, task, peek);
	}
	peek_close(peek);
	if (!ret || d->ctx.check_only)
		return 0;
	log_warn("how many requests of asynchronous I/O are in flight cannot be told: %s, "
		 "continuing once none ends", strerror(-ret));
	return settle_blindly(d);
}

/* ---- restore ---- */

static int aio_check(struct restore *r, const struct restore_task *task,
		     const struct restore_vma *vma)
{
	/* the largest that io_setup(2) makes */
	if (vma->end - vma->start <= 0x10000000)
		return 0;
	return fail(r->ctx.err, -EINVAL, "mm-%u.img: the AIO ring %#lx-%#lx is impossibly long",
		    task->pid, vma->start, vma->end);
}

/* Room for the ring, which takes the content until aio_finish() makes the context. */
static int aio_restore(struct restore *r, struct restore_vma *vma, uint64_t at, int prot,
		       uint64_t *ret_at)
{
	return vma_map(r, vma, at, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       ret_at);
}

static int ring_failed(struct restore *r, const struct restore_vma *vma, int ret, const char *what)
{
	return fail_errno(r->ctx.err, ret, "pid %u AIO context %#lx: %s", r->self->pid, vma->start,
			  what);
}

/* A context whose ring has the length of the area. */
static int ring_make(struct restore *r, const struct restore_vma *vma, aio_context_t *ret_ctx)
{
	uint64_t len = vma->end - vma->start;
	/* one request is enough where the CPUs alone make the ring that long */
	uint64_t tries[] = { 1, ring_requests(len) };

	for (int i = 0; i < 2; i++) {
		aio_context_t ctx = 0;
		const struct aio_ring *ring;

		if (syscall(SYS_io_setup, tries[i], &ctx))
			return ring_failed(r, vma, -errno, "making it (is fs.aio-max-nr reached?)");
		ring = (const struct aio_ring *)ctx;
		if (ring->nr == len / sizeof(struct io_event) - 1) {
			*ret_ctx = ctx;
			return 0;
		}
		syscall(SYS_io_destroy, ctx);
	}
	return fail(r->ctx.err, -EOPNOTSUPP,
		    "pid %u AIO context %#lx: its ring of %lu bytes cannot be made on a machine "
		    "with so many CPUs; restore where there are fewer",
		    r->self->pid, vma->start, len);
}

/* @nr requests that end before io_submit(2) returns. */
static int ring_advance(aio_context_t ctx, int null_fd, uint32_t nr)
{
	struct iocb cb = { .aio_fildes = (uint32_t)null_fd, .aio_lio_opcode = IOCB_CMD_PREAD };
	struct iocb *cbs[NR_BATCH];

	for (int i = 0; i < NR_BATCH; i++)
		cbs[i] = &cb;
	while (nr) {
		long done = syscall(SYS_io_submit, ctx, nr < NR_BATCH ? nr : NR_BATCH, cbs);

		if (done <= 0)
			return done ? -errno : -EIO;
		nr -= (uint32_t)done;
	}
	return 0;
}

/*
 * Bring the kernel to where the ring of before stood: up to its first unread event
 * with nothing unread, then on to its end, so that it knows how many slots are taken.
 */
static int ring_wind(aio_context_t ctx, const struct aio_ring *want)
{
	auto_close int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct aio_ring *ring = (struct aio_ring *)ctx;
	uint32_t nr_unread = (want->tail + want->nr - want->head) % want->nr;
	int ret = null_fd < 0 ? -errno : 0;

	while (!ret && ring->tail != want->head) {
		uint32_t left = (want->head + want->nr - ring->tail) % want->nr;

		/* slots come back when the ring looks read: refill_reqs_available() */
		ret = ring_advance(ctx, null_fd, left < NR_BATCH ? left : NR_BATCH);
		ring->head = ring->tail;
	}
	return ret ? ret : ring_advance(ctx, null_fd, nr_unread);
}

static int aio_finish(struct restore *r, const struct restore_vma *vma)
{
	uint64_t len = vma->end - vma->start;
	struct aio_ring *want = (struct aio_ring *)(uintptr_t)vma->at, *ring;
	aio_context_t ctx = 0;
	int ret;

	if (!ring_is_sane(want, len))
		return fail(r->ctx.err, -EINVAL,
			    "pid %u AIO context %#lx: the images do not have its ring, or a broken "
			    "one", r->self->pid, vma->start);
	ret = ring_make(r, vma, &ctx);
	if (ret)
		return ret;
	ring = (struct aio_ring *)ctx;
	ret = ring_wind(ctx, want);
	if (ret)
		return ring_failed(r, vma, ret, "bringing its ring to where it was");
	memcpy(ring + 1, want + 1, len - sizeof(*ring));
	/* the kernel follows the ring, and knows the context by where it is: aio_ring_mremap() */
	if (mremap(ring, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, want) == MAP_FAILED)
		return ring_failed(r, vma, -errno, "moving its ring to its address");
	if (vma->entry->prot != (PROT_READ | PROT_WRITE) &&
	    mprotect(want, len, (int)vma->entry->prot))
		return ring_failed(r, vma, -errno, "protecting its ring");
	return 0;
}

const struct vma_kind vma_aio_kind = {
	.name = "AIO ring",
	.status = VMA_AIO_RING,
	.match = aio_match,
	.dump = aio_dump,
	.check = aio_check,
	.restore = aio_restore,
	.finish = aio_finish,
	.has_pages = true,
};
