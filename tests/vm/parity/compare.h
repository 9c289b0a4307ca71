/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CRCTL_TESTS_COMPARE_H
#define CRCTL_TESTS_COMPARE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define MAX_RULES 200
#define MAX_FIELD 512

struct compare {
	const char *dirs[2];
	char *rules[MAX_RULES];
	int nr_rules, nr_fields, nr_allowed;
	const char *file;	/* the one that is compared, as it is named */
	json_t *found;		/* "FILE FIELD" of what differs: words for it */
	json_t *moving;		/* "FILE FIELD" of what changes by itself: from, to */
	bool learning;		/* what does */
};

/* A field of c->file that is not the same. */
void differ(struct compare *c, const char *field, const char *a, const char *b);
/* What `crctl show --json` tells of an image. */
json_t *image_load(const char *dir, const char *name);
/* A file as a read-only mapping; NULL and 0 when it is empty. */
char *file_map(const char *dir, const char *name, size_t *ret_len);

/* The pages that c->file, a pagemap, lists in both dumps. */
void compare_memory(struct compare *c);

#endif
