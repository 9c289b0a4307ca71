/* SPDX-License-Identifier: GPL-2.0 */
/* Growing arrays: struct { T *items; size_t nr; size_t cap; }. */
#ifndef CRCTL_LIB_ARRAY_H
#define CRCTL_LIB_ARRAY_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_OF(T)                                                                                \
	struct {                                                                                   \
		T *items;                                                                          \
		size_t nr;                                                                         \
		size_t cap;                                                                        \
	}

int array_grow(void *items, size_t *cap, size_t need, size_t item_len);

/* Room for one more zeroed item; evaluates to its address or NULL without memory. */
#define array_add(a)                                                                               \
	({                                                                                         \
		__typeof__((a)->items) item_ = NULL;                                               \
		if (!array_grow(&(a)->items, &(a)->cap, (a)->nr + 1, sizeof(*(a)->items))) {       \
			item_ = &(a)->items[(a)->nr++];                                            \
			memset(item_, 0, sizeof(*item_));                                          \
		}                                                                                  \
		item_;                                                                             \
	})

#define array_for_each(a, it)                                                                      \
	for (__typeof__((a)->items + 0) it = (a)->items; it < (a)->items + (a)->nr; it++)

#define array_free(a)                                                                              \
	do {                                                                                       \
		free((a)->items);                                                                  \
		(a)->items = NULL;                                                                 \
		(a)->nr = (a)->cap = 0;                                                            \
	} while (0)

#endif
