/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Resources outside of the tree, as --external, --ext-mount-map and --inherit-fd name
 * them: KIND[ID]:NAME, as mnt[/etc/hosts]:hosts, unix[4711] or fd[5]:pipe:[812].
 */
#ifndef CRCTL_LIB_EXTERNAL_H
#define CRCTL_LIB_EXTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/array.h"

struct external_list {
	ARRAY_OF(const char *) items;	/* as written; borrowed */
};

/* Is @text of the form KIND[ID], with or without :NAME? */
bool external_valid(const char *text);

/* What is written for (@kind, @id): the name, "" where none is; NULL: it is not listed. */
const char *external_name(const struct external_list *list, const char *kind, const char *id);

/* The ID of which @name is the name, into @buf; false: there is none. */
bool external_id(const struct external_list *list, const char *kind, const char *name, char *buf,
		 size_t size);

/* --inherit-fd: the descriptor that is to take the place of @name, -1 for none. */
int external_fd(const struct external_list *list, const char *name);

#endif
