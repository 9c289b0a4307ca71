// SPDX-License-Identifier: GPL-2.0
/* Completed requests of an AIO context that nobody read yet, and the context's further use. */
#include "kind.h"

#include <linux/aio_abi.h>

#define NR_ROUNDS 200

static aio_context_t context, large;
static int file;
static char bytes[64];

static void submit(aio_context_t ctx, int opcode, uint64_t data, off_t offset, char *buf,
		   size_t len)
{
	struct iocb cb = { .aio_data = data, .aio_lio_opcode = opcode, .aio_fildes = file,
			   .aio_buf = (uintptr_t)buf, .aio_nbytes = len, .aio_offset = offset };
	struct iocb *cbs[] = { &cb };

	same(must(syscall(SYS_io_submit, ctx, 1L, cbs)), 1, "requests submitted");
}

static void reap(aio_context_t ctx, uint64_t data, int64_t res)
{
	struct io_event event;

	same(must(syscall(SYS_io_getevents, ctx, 1L, 1L, &event, NULL)), 1, "events read");
	same(event.data, data, "the event's data");
	same(event.res, res, "the event's result");
}

static int nr_waiting(aio_context_t ctx)
{
	static struct io_event events[64];
	struct timespec now = { 0, 0 };

	return must(syscall(SYS_io_getevents, ctx, 0L, 64L, events, &now));
}

static void set_up(void)
{
	if (syscall(SYS_io_setup, 8L, &context))
		skip("no asynchronous I/O here: %s", strerror(errno));
	must(syscall(SYS_io_setup, 1000L, &large));
	file = must(open("aio.file", O_RDWR | O_CREAT | O_TRUNC, 0600));
	must(unlink("aio.file"));
	must(pwrite(file, "0123456789", 10, 0));
	/* around the ring: its end lies before its start */
	for (int i = 0; i < NR_ROUNDS; i++) {
		submit(context, IOCB_CMD_PREAD, i, 0, bytes, 1);
		if (i >= 5)
			reap(context, i - 5, 1);
	}
	for (int i = 0; i < 1500; i++) {
		submit(large, IOCB_CMD_PREAD, i, 0, bytes, 2);
		if (i >= 700)
			reap(large, i - 700, 2);
	}
}

static void check(void)
{
	submit(context, IOCB_CMD_PREAD, 1000, 3, bytes + 8, 4);
	if (memcmp(bytes + 8, "3456", 4))
		fail("a new request did not read the file");
	for (int i = NR_ROUNDS - 5; i < NR_ROUNDS; i++)
		reap(context, i, 1);
	reap(context, 1000, 4);
	same(nr_waiting(context), 0, "events that nobody asked for");
	for (int i = 800; i < 1500; i++)
		reap(large, i, 2);
	same(nr_waiting(large), 0, "events that nobody asked for");
	/* as often around again */
	for (int i = 0; i < 3000; i++) {
		submit(large, IOCB_CMD_PREAD, i, 8, bytes, 8);
		reap(large, i, 2);
	}
	must(syscall(SYS_io_destroy, context));
	must(syscall(SYS_io_destroy, large));
	if (!syscall(SYS_io_destroy, large) || errno != EINVAL)
		fail("a context that was ended is still there");
}

const struct kind kind = { .set_up = set_up, .check = check };
