// SPDX-License-Identifier: GPL-2.0
/* CRCTL_AIO: contexts, what was asked for, events not read, and requests in flight. */
#include <linux/aio_abi.h>
#include <sys/syscall.h>

#include "uapi.h"

static struct crctl_aio seen[8];

static void aio_seen(const void *record, uint32_t size, void *arg)
{
	uint32_t *nr = arg;

	check(*nr < 8);
	seen[(*nr)++] = *(const struct crctl_aio *)record;
}

static const struct crctl_aio *aio_look(int fd, aio_context_t id)
{
	struct crctl_list l = { .pid = getpid() };
	uint32_t nr = 0;

	list_all(fd, CRCTL_AIO, l, 4096, aio_seen, &nr);
	for (uint32_t i = 0; i < nr; i++)
		if (seen[i].id == id)
			return &seen[i];
	check(0, "no context %lx", id);
	return NULL;
}

int main(void)
{
	aio_context_t one = 0, two = 0;
	char buf[4];
	struct iocb requests[5], *list[5];
	struct io_event events[8];
	const struct crctl_aio *a;
	int fd = dev_open(), p[2];
	struct crctl_list good = { .pid = getpid() };

	need(fd, CRCTL_HAS_AIO);
	check(!syscall(SYS_io_setup, 7, &one) && !syscall(SYS_io_setup, 300, &two));
	check(!pipe(p));
	a = aio_look(fd, one);
	check(a->max_reqs == 7 && !a->nr_in_flight && !a->nr_completed && !a->dead && a->map_len);
	check(aio_look(fd, two)->max_reqs == 300);
	/* requests that wait: to poll a pipe that stays empty */
	for (int i = 0; i < 5; i++) {
		requests[i] = (struct iocb){ .aio_fildes = (uint32_t)p[0],
					     .aio_lio_opcode = IOCB_CMD_POLL,
					     .aio_buf = 1 /* POLLIN */ };
		list[i] = &requests[i];
	}
	check(syscall(SYS_io_submit, one, 5, list) == 5);
	a = aio_look(fd, one);
	check(a->nr_in_flight == 5 && !a->nr_completed, "%u %u", a->nr_in_flight, a->nr_completed);
	check(write(p[1], "abc", 3) == 3);
	usleep(300000);
	a = aio_look(fd, one);
	check(!a->nr_in_flight && a->nr_completed == 5, "%u %u", a->nr_in_flight, a->nr_completed);
	check(syscall(SYS_io_getevents, one, 5, 8, events, NULL) == 5);
	check(read(p[0], buf, 3) == 3);
	a = aio_look(fd, one);
	check(!a->nr_in_flight, "%u", a->nr_in_flight);
	list_wrong(fd, CRCTL_AIO, good, false);
	check(!syscall(SYS_io_destroy, one) && !syscall(SYS_io_destroy, two));
	return 0;
}
