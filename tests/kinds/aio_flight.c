// SPDX-License-Identifier: GPL-2.0
/* Requests of asynchronous I/O that are under way when the dump begins: their events come. */
#include "kind.h"

#include <linux/aio_abi.h>

#define NR  32
#define LEN (64 << 10)

static aio_context_t context;
static char *buf;

static void set_up(void)
{
	struct iocb cbs[NR], *list[NR];
	int fd;

	if (syscall(SYS_io_setup, (long)NR, &context))
		skip("no asynchronous I/O here: %s", strerror(errno));
	buf = mmap(NULL, NR * LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fill(buf, NR * LEN, 9);
	fd = open("direct", O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, 0600);
	if (fd < 0)
		fd = must(open("direct", O_RDWR | O_CREAT | O_TRUNC, 0600));
	for (int i = 0; i < NR; i++) {
		cbs[i] = (struct iocb){ .aio_data = i + 1, .aio_fildes = fd };
		cbs[i].aio_lio_opcode = i % 4 == 3 ? IOCB_CMD_FDSYNC : IOCB_CMD_PWRITE;
		if (i % 4 != 3) {
			cbs[i].aio_buf = (uintptr_t)(buf + i * LEN);
			cbs[i].aio_nbytes = LEN;
			cbs[i].aio_offset = i * LEN;
		}
		list[i] = &cbs[i];
	}
	same(must(syscall(SYS_io_submit, context, (long)NR, list)), NR, "requests submitted");
}

static void check(void)
{
	struct timespec soon = { 20, 0 };
	struct io_event events[NR];
	uint64_t seen = 0;

	same(must(syscall(SYS_io_getevents, context, (long)NR, (long)NR, events, &soon)), NR,
	     "events");
	for (int i = 0; i < NR; i++) {
		int nr = events[i].data - 1;

		same(events[i].res, nr % 4 == 3 ? 0 : LEN, "result of request %d", nr);
		seen |= 1ull << nr;
	}
	same(seen, (1ull << NR) - 1, "requests that ended");
}

const struct kind kind = { .set_up = set_up, .check = check };
