// SPDX-License-Identifier: GPL-2.0
/* A request of asynchronous I/O that does not end, a poll, is refused by name and not lost. */
#include "kind.h"

#include <linux/aio_abi.h>

static aio_context_t context;
static int ends[2];

static void set_up(void)
{
	struct iocb cb = { .aio_data = 5, .aio_lio_opcode = IOCB_CMD_POLL, .aio_buf = POLLIN };
	struct iocb *cbs[] = { &cb };

	if (syscall(SYS_io_setup, 8L, &context))
		skip("no asynchronous I/O here: %s", strerror(errno));
	if (access("/sys/kernel/btf/vmlinux", F_OK) && access("/dev/crctl", F_OK))
		skip("this kernel tells nobody of requests in flight");
	must(pipe(ends));
	cb.aio_fildes = ends[0];
	same(must(syscall(SYS_io_submit, context, 1L, cbs)), 1, "requests submitted");
}

static void check(void)
{
	struct timespec soon = { 5, 0 };
	struct io_event event;

	must(write(ends[1], "x", 1));
	same(must(syscall(SYS_io_getevents, context, 1L, 1L, &event, &soon)), 1, "events");
	same(event.data, 5, "data of the event");
}

const struct kind kind = { .set_up = set_up, .check = check, .refuse = "1 requests are in flight" };
