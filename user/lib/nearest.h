/* SPDX-License-Identifier: GPL-2.0 */
/* "Did you mean": how far two words are from each other. */
#ifndef CRCTL_LIB_NEAREST_H
#define CRCTL_LIB_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word;	/* what was typed */
	const char *best;	/* the closest candidate so far, or NULL */
	size_t distance;
};

/* Show one candidate. One that is no closer than half of the word is not taken. */
void nearest_add(struct nearest *n, const char *candidate);

#endif
