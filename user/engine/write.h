/* SPDX-License-Identifier: GPL-2.0 */
/* The images that belong to no single resource. */
#ifndef CRCTL_ENGINE_WRITE_H
#define CRCTL_ENGINE_WRITE_H

#include "engine/ctx.h"

/* Cores, ids and crctl's own image of one task. */
int write_task(struct dump *d, struct dump_task *task);
int write_pstree(struct dump *d);
int write_clocks(struct dump *d);
/* Makes the directory a checkpoint; the last thing to be written. */
int write_inventory(struct dump *d);
/* stats-dump, and with @display on the standard output too. */
void write_stats(struct dump *d, int work_fd, bool display, uint64_t frozen_ns, uint64_t done_ns);

#endif
