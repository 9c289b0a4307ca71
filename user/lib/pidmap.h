/* SPDX-License-Identifier: GPL-2.0 */
/* What belongs to a PID, found in constant time. Zeroed, a map is empty. */
#ifndef CRCTL_LIB_PIDMAP_H
#define CRCTL_LIB_PIDMAP_H

#include <stddef.h>
#include <sys/types.h>

struct pidmap {
	struct pidmap_slot *slots;
	size_t cap;		/* a power of two, at most half in use */
	size_t nr;
};

/* NULL: nothing was put there. */
void *pidmap_get(const struct pidmap *map, pid_t pid);

/* @item (not NULL) stays the caller's, and takes the place of one that was there. -ENOMEM. */
int pidmap_put(struct pidmap *map, pid_t pid, void *item);

/* The map is empty afterwards. */
void pidmap_free(struct pidmap *map);

#endif
