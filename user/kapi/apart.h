/* SPDX-License-Identifier: GPL-2.0 */
/* A moment as another process. */
#ifndef CRCTL_KAPI_APART_H
#define CRCTL_KAPI_APART_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Run @fn in a process that shares crctl's memory and descriptors, but has working
 * directory, root and credentials of its own, and the PID @pid where that is not 0.
 * Waits for its end. Returns what @fn returns, or -errno; -EEXIST: the PID is in use.
 * @fn must not exit, and takes no locks that another thread could hold.
 */
int apart_run(pid_t pid, int (*fn)(void *arg), void *arg);

/*
 * Effective user and group, with all capabilities kept; the real ones stay, so that
 * apart_user_back() can undo it. @groups NULL: the supplementary ones stay.
 */
int apart_user(uint32_t uid, uint32_t gid, const uint32_t *groups, size_t nr_groups);
int apart_user_back(void);

#endif
