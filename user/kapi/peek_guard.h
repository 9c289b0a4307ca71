/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looking into a socket's queue beyond its first message needs SO_PEEK_OFF, which its
 * owner would notice. The guard is a process that puts it back when crctl is killed.
 */
#ifndef CRCTL_KAPI_PEEK_GUARD_H
#define CRCTL_KAPI_PEEK_GUARD_H

struct peek_guard;

int peek_guard_start(struct peek_guard **ret_guard);
/* NULL is fine. */
void peek_guard_stop(struct peek_guard *guard);

/* From here on peeking starts at @offset; @was is put back by peek_end(), or by the guard. */
int peek_begin(struct peek_guard *guard, int fd, int was, int offset);
int peek_move(int fd, int offset);
int peek_end(struct peek_guard *guard);

#endif
