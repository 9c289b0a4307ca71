// SPDX-License-Identifier: GPL-2.0
/* What is pending in an io_uring is named: queued, in flight, completed and not read. */
#include "kind.h"

#include <linux/io_uring.h>

static int ring, ends[2];
static char byte;

static void request(struct io_uring_sqe *sqe, int op)
{
	sqe->opcode = (unsigned char)op;
	sqe->fd = ends[0];
	sqe->addr = (uintptr_t)&byte;
	sqe->len = 1;
	if (op == IORING_OP_POLL_ADD) {
		sqe->addr = sqe->len = 0;
		sqe->poll_events = 1;
	}
}

/* What fdinfo tells since Linux 5.17, and the names that it has since 6.0. */
static void fdinfo_need(void)
{
	char text[4096] = "", name[64];
	int fd;

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", ring);
	fd = must(open(name, O_RDONLY));
	must((int)read(fd, text, sizeof(text) - 1));
	close(fd);
	if (!strstr(text, "opcode:"))
		skip("this kernel does not tell which requests are queued");
}

static void set_up(void)
{
	struct io_uring_params params = { 0 };
	struct io_uring_sqe *sqes;
	uint32_t *array;
	char *rings;

	ring = (int)syscall(425 /* io_uring_setup */, 4, &params);
	if (ring < 0)
		skip("no io_uring here: %s", strerror(errno));
	must(pipe(ends));
	rings = mmap(NULL, params.sq_off.array + 16, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		     IORING_OFF_SQ_RING);
	sqes = mmap(NULL, 4 * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		    IORING_OFF_SQES);
	if (rings == MAP_FAILED || sqes == MAP_FAILED)
		fail("the rings cannot be mapped");
	array = (uint32_t *)(rings + params.sq_off.array);
	for (uint32_t i = 0; i < 4; i++)
		array[i] = i;
	request(&sqes[0], IORING_OP_NOP);
	request(&sqes[1], IORING_OP_POLL_ADD);
	request(&sqes[2], IORING_OP_READ);
	request(&sqes[3], IORING_OP_TEE);
	*(uint32_t *)(rings + params.sq_off.tail) = 3;
	if (syscall(426 /* io_uring_enter */, ring, 3, 0, 0, NULL, 0) != 3)
		fail("requests were not taken");
	*(uint32_t *)(rings + params.sq_off.tail) = 4;
	fdinfo_need();
}

static void check(void)
{
	must(fcntl(ring, F_GETFD));
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "1 requests queued (TEE), 2 in flight (|POLL_ADD|READ|1 completions unread",
};
