// SPDX-License-Identifier: GPL-2.0
/* CRCTL_URING: sizes, heads and tails, and what is in flight. */
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "uapi.h"

static struct crctl_uring look(int fd, int ring)
{
	struct crctl_uring u = { .size = sizeof(u), .pid = getpid(), .fd = ring };

	check(!ioctl(fd, CRCTL_URING, &u));
	return u;
}

int main(void)
{
	struct io_uring_params params = { 0 };
	int fd = dev_open(), ring, p[2];
	struct crctl_uring u, good;
	struct io_uring_sqe *sqes;
	uint32_t *tail, *array;
	char *rings;

	need(fd, CRCTL_HAS_URING);
	ring = (int)syscall(SYS_io_uring_setup, 8, &params);
	if (ring < 0) {
		printf("no io_uring here\n");
		return 77;
	}
	check(!pipe(p));
	u = look(fd, ring);
	check(u.sq_entries == 8 && u.cq_entries == params.cq_entries && !u.nr_in_flight);
	rings = mmap(NULL, params.sq_off.array + 32, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		     IORING_OFF_SQ_RING);
	sqes = mmap(NULL, 8 * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		    IORING_OFF_SQES);
	check(rings != MAP_FAILED && sqes != MAP_FAILED);
	tail = (uint32_t *)(rings + params.sq_off.tail);
	array = (uint32_t *)(rings + params.sq_off.array);
	for (uint32_t i = 0; i < 3; i++) {
		memset(&sqes[i], 0, sizeof(sqes[i]));
		sqes[i].opcode = IORING_OP_POLL_ADD;
		sqes[i].fd = p[0];
		sqes[i].poll32_events = 1;
		array[i] = i;
	}
	*tail = 3;
	u = look(fd, ring);
	check(u.sq_tail - u.sq_head == 3, "%u %u", u.sq_tail, u.sq_head);
	check(syscall(SYS_io_uring_enter, ring, 3, 0, 0, NULL, 0) == 3);
	u = look(fd, ring);
	check(u.sq_tail == u.sq_head && u.nr_in_flight == 3, "%u", u.nr_in_flight);
	check(write(p[1], "x", 1) == 1);
	check(syscall(SYS_io_uring_enter, ring, 0, 3, IORING_ENTER_GETEVENTS, NULL, 0) == 0);
	u = look(fd, ring);
	check(u.cq_tail - u.cq_head == 3 && !u.nr_in_flight, "%u", u.nr_in_flight);

	good = (struct crctl_uring){ .size = sizeof(good), .pid = getpid(), .fd = ring };
	u = good, u.size = 8;
	check_errno(fd, CRCTL_URING, &u, EINVAL);
	u = good, u.flags = 1;
	check_errno(fd, CRCTL_URING, &u, EOPNOTSUPP);
	u = good, u.pid = 0;
	check_errno(fd, CRCTL_URING, &u, EINVAL);
	u = good, u.fd = 900;
	check_errno(fd, CRCTL_URING, &u, EBADF);
	u = good, u.fd = p[0];
	check_errno(fd, CRCTL_URING, &u, EINVAL);
	return 0;
}
