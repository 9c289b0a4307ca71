// SPDX-License-Identifier: GPL-2.0
/*
 * Much fresh anonymous memory, filled from a file: each thread reads into a small
 * buffer of its own and has the kernel place copies of it with UFFDIO_COPY (Linux
 * 4.11): no fault, no zeroing, no new page table entry is touched. The second
 * thread takes a thread id that the tree does not need, uses no libc, and is gone
 * before the task is itself.
 */
#include "mm/bulk.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "stub/restore_args.h"
#include "stub/syscall.h"

#define CHUNK_LEN    BULK_BUFFER
#define TWO_LEN	     (16UL << 20) /* from here on a second thread pays */
#define HELPER_STACK 16384
#define HELPER_LEN   (HELPER_STACK + BULK_BUFFER)

struct bulk_work {
	const struct bulk *bulk;
	int fd;
	int uffd;
	uint64_t next;		/* chunk that is to be done next */
	uint64_t nr_chunks;
	int32_t ret;		/* first -errno */
	uint64_t *pages;	/* counts what is filled */
	char *helper_buf;
	uint32_t helper_tid;	/* cleared and woken by the kernel at its end */
};

int bulk_add(struct bulk *b, uint64_t at, uint64_t offset, uint64_t len)
{
	struct bulk_run *run = array_add(&b->runs);

	if (!run)
		return -ENOMEM;
	*run = (struct bulk_run){ at, offset, len };
	return 0;
}

void bulk_free(struct bulk *b)
{
	array_free(&b->runs);
}

/* The piece that chunk @nr is; runs are cut into chunks one after the other. */
static bool bulk_chunk(const struct bulk *b, uint64_t nr, size_t *run, uint64_t *first,
		       struct bulk_run *ret_piece)
{
	while (*run < b->runs.nr) {
		const struct bulk_run *r = &b->runs.items[*run];
		uint64_t chunks = (r->len + CHUNK_LEN - 1) / CHUNK_LEN, skip;

		if (nr >= *first + chunks) {
			*first += chunks;
			++*run;
			continue;
		}
		skip = (nr - *first) * CHUNK_LEN;
		ret_piece->at = r->at + skip;
		ret_piece->offset = r->offset + skip;
		ret_piece->len = r->len - skip < CHUNK_LEN ? r->len - skip : CHUNK_LEN;
		return true;
	}
	return false;
}

static long bulk_read(int fd, char *buf, const struct bulk_run *piece)
{
	uint64_t done = 0;

	while (done < piece->len) {
		long n =
			sys4(__NR_pread64, fd, buf + done, piece->len - done, piece->offset + done);

		if (n <= 0)
			return n ? n : -EIO;
		done += (uint64_t)n;
	}
	return 0;
}

/* Without libc: also runs in the helper, which has no thread control block. */
static void bulk_work(struct bulk_work *w, char *buf)
{
	struct bulk_run piece;
	uint64_t first = 0;
	size_t run = 0;

	for (;;) {
		uint64_t nr = __atomic_fetch_add(&w->next, 1, __ATOMIC_RELAXED);
		struct uffdio_copy copy;
		long ret;

		if (nr >= w->nr_chunks || __atomic_load_n(&w->ret, __ATOMIC_RELAXED))
			return;
		if (!bulk_chunk(w->bulk, nr, &run, &first, &piece))
			return;
		copy.dst = piece.at;
		copy.src = (uintptr_t)buf;
		copy.len = piece.len;
		copy.mode = UFFDIO_COPY_MODE_DONTWAKE;
		copy.copy = 0;
		ret = bulk_read(w->fd, buf, &piece);
		if (ret) {
			__atomic_store_n(&w->ret, (int32_t)ret, __ATOMIC_RELAXED);
			return;
		}
		do {
			ret = sys3(__NR_ioctl, w->uffd, UFFDIO_COPY, &copy);
			if (ret == -EAGAIN && copy.copy > 0) {
				copy.dst += (uint64_t)copy.copy;
				copy.src += (uint64_t)copy.copy;
				copy.len -= (uint64_t)copy.copy;
				copy.copy = 0;
			}
		} while (ret == -EAGAIN);
		if (ret)
			__atomic_store_n(&w->ret, (int32_t)ret, __ATOMIC_RELAXED);
		else
			__atomic_add_fetch(w->pages, piece.len / PAGE_LEN, __ATOMIC_RELAXED);
	}
}

static void bulk_helper(void *arg)
{
	struct bulk_work *w = arg;

	bulk_work(w, w->helper_buf);
	sys1(__NR_exit, 0);
	__builtin_unreachable();
}

static void *bulk_helper_start(struct restore *r, struct bulk_work *w)
{
	char *stack = mmap(NULL, HELPER_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	pid_t tid = (pid_t)(r->spare_pid + r->self->index);
	struct clone_args ca = {
		.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			 CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
		.parent_tid = (uintptr_t)&w->helper_tid,
		.child_tid = (uintptr_t)&w->helper_tid,
		.stack = (uintptr_t)stack,
		.stack_size = HELPER_STACK,
		.set_tid = (uintptr_t)&tid,
		.set_tid_size = 1,
	};

	if (stack == MAP_FAILED)
		return NULL;
	w->helper_buf = stack + HELPER_STACK;
	if (sys_clone3(&ca, sizeof(ca), bulk_helper, w) > 0)
		return stack;
	munmap(stack, HELPER_LEN);
	return NULL; /* one thread does it too */
}

static void bulk_helper_wait(struct bulk_work *w, void *stack)
{
	uint32_t tid;

	while ((tid = __atomic_load_n(&w->helper_tid, __ATOMIC_SEQ_CST)))
		syscall(SYS_futex, &w->helper_tid, FUTEX_WAIT, tid, NULL);
	munmap(stack, HELPER_LEN);
}

static int bulk_register(const struct bulk *b, int *ret_uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		return -EOPNOTSUPP;
	if (ioctl(fd, UFFDIO_API, &api)) {
		close(fd);
		return -EOPNOTSUPP;
	}
	array_for_each(&b->runs, run) {
		struct uffdio_register reg = {
			.range = { run->at, run->len },
			.mode = UFFDIO_REGISTER_MODE_MISSING,
		};

		if (ioctl(fd, UFFDIO_REGISTER, &reg)) {
			close(fd);
			return -EOPNOTSUPP;
		}
	}
	*ret_uffd = fd;
	return 0;
}

int bulk_fill(struct restore *r, struct bulk *b, int fd)
{
	struct bulk_work w = { .bulk = b, .fd = fd, .uffd = -1, .pages = &r->shared->pages };
	uint64_t len = 0;
	auto_free char *buf = NULL;
	void *stack = NULL;
	int ret;

	if (!b->runs.nr)
		return 0;
	array_for_each(&b->runs, run) {
		len += run->len;
		w.nr_chunks += (run->len + CHUNK_LEN - 1) / CHUNK_LEN;
	}
	ret = bulk_register(b, &w.uffd);
	if (ret)
		return ret;
	buf = malloc(BULK_BUFFER);
	if (!buf) {
		close(w.uffd);
		return -EOPNOTSUPP;
	}
	if (len >= TWO_LEN && sysconf(_SC_NPROCESSORS_ONLN) > 1)
		stack = bulk_helper_start(r, &w);
	bulk_work(&w, buf);
	if (stack)
		bulk_helper_wait(&w, stack);
	close(w.uffd);
	if (w.ret)
		return fail_errno(r->ctx.err, w.ret, "pid %u: filling %lu bytes of memory",
				  r->self->pid, len);
	return 0;
}
