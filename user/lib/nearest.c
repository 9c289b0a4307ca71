// SPDX-License-Identifier: GPL-2.0
/* Edit distance (insert, delete, replace, swap of neighbours); see nearest.h. */
#include "lib/nearest.h"

#include <string.h>

#define WORD_MAX 48

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t d[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= a_len; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= b_len; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		for (size_t j = 1; j <= b_len; j++) {
			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1,
				       d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	}
	return d[a_len][b_len];
}

void nearest_add(struct nearest *n, const char *candidate)
{
	size_t word_len = strlen(n->word), len = strlen(candidate), distance;

	if (word_len > WORD_MAX || len > WORD_MAX)
		return;
	/* A word cut short is a likely slip however much is missing. */
	if (word_len >= 3 && !strncmp(n->word, candidate, word_len))
		distance = 1;
	else
		distance = edit_distance(n->word, word_len, candidate, len);
	if (distance > word_len / 2 || (n->best && distance >= n->distance))
		return;
	n->best = candidate;
	n->distance = distance;
}
