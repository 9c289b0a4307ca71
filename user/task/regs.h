/* SPDX-License-Identifier: GPL-2.0 */
/* Registers, between the image and ptrace(2). */
#ifndef CRCTL_TASK_REGS_H
#define CRCTL_TASK_REGS_H

#include <sys/types.h>

#include "engine/ctx.h"
#include "image/core.pb-c.h"

/*
 * Set all registers, vector state and the signal mask of a ptrace-stopped thread.
 * @r carries the sentence of a failure.
 */
int regs_restore_thread(struct restore *r, pid_t tid, const CoreEntry *core);

#endif
