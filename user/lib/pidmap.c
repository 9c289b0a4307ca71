// SPDX-License-Identifier: GPL-2.0
/* A hash with open addressing; see pidmap.h. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/pidmap.h"

struct pidmap_slot {
	pid_t pid;
	void *item;
};

static struct pidmap_slot *slot_of(const struct pidmap *map, pid_t pid)
{
	uint32_t hash = (uint32_t)pid * 2654435761u;
	size_t at = (hash ^ hash >> 16) & (map->cap - 1);

	while (map->slots[at].item && map->slots[at].pid != pid)
		at = (at + 1) & (map->cap - 1);
	return &map->slots[at];
}

void *pidmap_get(const struct pidmap *map, pid_t pid)
{
	return map->cap ? slot_of(map, pid)->item : NULL;
}

static int pidmap_grow(struct pidmap *map)
{
	struct pidmap bigger = { .cap = map->cap ? map->cap * 4 : 64, .nr = map->nr };

	if (map->nr * 2 < map->cap)
		return 0;
	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < map->cap; i++) {
		if (map->slots[i].item)
			*slot_of(&bigger, map->slots[i].pid) = map->slots[i];
	}
	free(map->slots);
	*map = bigger;
	return 0;
}

int pidmap_put(struct pidmap *map, pid_t pid, void *item)
{
	int ret = pidmap_grow(map);
	struct pidmap_slot *slot;

	if (ret)
		return ret;
	slot = slot_of(map, pid);
	map->nr += !slot->item;
	*slot = (struct pidmap_slot){ pid, item };
	return 0;
}

void pidmap_free(struct pidmap *map)
{
	free(map->slots);
	*map = (struct pidmap){ 0 };
}
