/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own counters of a tracee, read by small BPF programs that change
 * nothing: for the one question that neither /proc nor a system call answers, where
 * crctl's module is not loaded.
 */
#ifndef CRCTL_KAPI_PEEK_H
#define CRCTL_KAPI_PEEK_H

#include <stdint.h>
#include <sys/types.h>

struct peek;

/* -EOPNOTSUPP, -EPERM or another -errno where the kernel does not let it. */
int peek_open(struct peek **ret_peek);
void peek_close(struct peek *peek);

/*
 * Requests in flight of the AIO context @id, whose ring says that it is number
 * @index of its process; @tid is stopped and traced by this thread. -ESRCH: no such one.
 */
int peek_aio_in_flight(struct peek *peek, pid_t tid, uint32_t index, uint64_t id,
		       uint32_t *ret_nr);

#endif
