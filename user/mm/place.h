/* SPDX-License-Identifier: GPL-2.0 */
/* Putting a task's memory in place: areas, pages, protection, advice. */
#ifndef CRCTL_MM_PLACE_H
#define CRCTL_MM_PLACE_H

#include "mm/mm.h"

/*
 * Before the task forks: make the shared objects it owns, and place the areas
 * whose pages children may share with it copy-on-write.
 */
int mm_place_shared(struct restore *r, struct restore_task *task);

/*
 * After the task forked: place and fill the rest, protect and advise. Areas whose
 * address the engine itself uses wait elsewhere (restore_vma.at) for the stub.
 */
int mm_place_rest(struct restore *r, struct restore_task *task);

#endif
