/* SPDX-License-Identifier: GPL-2.0 */
/* Contexts of asynchronous I/O: what lies outside of the kind's own functions. */
#ifndef CRCTL_MM_AIO_H
#define CRCTL_MM_AIO_H

#include "mm/mm.h"

/*
 * Let requests in flight end: the kernel completes them while the tasks stand still.
 * Once all of the tree's memory is described.
 */
int aio_settle(struct dump *d);
/* The contexts listed in @mm. */
void aio_free(MmEntry *mm);

#endif
