// SPDX-License-Identifier: GPL-2.0
/* An AIO context takes as many requests as before, no event is overwritten, and it can be empty. */
#include "kind.h"

#include <linux/aio_abi.h>

static aio_context_t full, empty, child_ctx;
static int null_fd, nr_taken;
static pid_t child;

/* 1 while there is room. */
static int submit(aio_context_t ctx, uint64_t data)
{
	struct iocb cb = { .aio_data = data, .aio_lio_opcode = IOCB_CMD_PREAD,
			   .aio_fildes = null_fd };
	struct iocb *cbs[] = { &cb };
	long ret = syscall(SYS_io_submit, ctx, 1L, cbs);

	if (ret < 0 && errno != EAGAIN)
		fail("io_submit: %s", strerror(errno));
	return ret == 1;
}

static uint64_t reap(aio_context_t ctx)
{
	struct io_event event = { 0 };

	same(must(syscall(SYS_io_getevents, ctx, 1L, 1L, &event, NULL)), 1, "events read");
	return event.data;
}

static void body(void)
{
	child_ctx = 0;
	must(syscall(SYS_io_setup, 3L, &child_ctx));
	submit(child_ctx, 77);
	mark("child");
	await_mark("checked");
	same(reap(child_ctx), 77, "the child's event");
}

static void set_up(void)
{
	if (syscall(SYS_io_setup, 4L, &full) || syscall(SYS_io_setup, 4L, &empty))
		skip("no asynchronous I/O here: %s", strerror(errno));
	null_fd = must(open("/dev/null", O_RDONLY));
	while (submit(full, nr_taken))
		nr_taken++;
	for (int i = 0; i < 3; i++)
		same(reap(full), i, "an event's data");
	child = child_start(body);
	await_mark("child");
}

static void check(void)
{
	int nr = nr_taken;

	while (submit(full, nr))
		nr++;
	/* slots are handed to CPUs in batches: a few may be with another one */
	if (nr < nr_taken || nr > nr_taken + 64)
		fail("%d more requests fit in, where 3 had been read", nr - nr_taken);
	for (int i = 3; i < nr; i++)
		same(reap(full), i, "an event's data");
	if (!submit(empty, 5))
		fail("an empty context takes no request");
	same(reap(empty), 5, "an event's data");
	mark("checked");
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
