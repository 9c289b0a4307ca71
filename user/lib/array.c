// SPDX-License-Identifier: GPL-2.0
/* Growing arrays; see array.h. */
#include "lib/array.h"

int array_grow(void *items, size_t *cap, size_t need, size_t item_len)
{
	void **p = items;
	size_t new_cap = *cap ? *cap : 16;
	void *bigger;

	if (need <= *cap)
		return 0;
	while (new_cap < need)
		new_cap *= 2;
	bigger = reallocarray(*p, new_cap, item_len);
	if (!bigger)
		return -ENOMEM;
	*p = bigger;
	*cap = new_cap;
	return 0;
}
