// SPDX-License-Identifier: GPL-2.0
/* See external.h. */
#include "lib/external.h"

#include <stdlib.h>
#include <string.h>

/* The bracket that closes the ID: the last one before ":", since IDs may have their own. */
static const char *id_end(const char *text, const char **ret_name)
{
	const char *end = strstr(text, "]:");

	if (end) {
		*ret_name = end + 2;
		return end;
	}
	end = strrchr(text, ']');
	*ret_name = "";
	return end && !end[1] ? end : NULL;
}

bool external_valid(const char *text)
{
	const char *open = strchr(text, '['), *name, *end = id_end(text, &name);

	return open && open > text && end && end > open;
}

/* The ID of an item of @kind; NULL: it is of another. */
static const char *item_id(const char *item, const char *kind, size_t *ret_len,
			   const char **ret_name)
{
	size_t len = strlen(kind);
	const char *end;

	if (strncmp(item, kind, len) || item[len] != '[')
		return NULL;
	end = id_end(item, ret_name);
	if (!end)
		return NULL;
	*ret_len = (size_t)(end - (item + len + 1));
	return item + len + 1;
}

const char *external_name(const struct external_list *list, const char *kind, const char *id)
{
	for (size_t i = 0; list && i < list->items.nr; i++) {
		const char *name, *found;
		size_t len;

		found = item_id(list->items.items[i], kind, &len, &name);
		if (found && strlen(id) == len && !memcmp(found, id, len))
			return name;
	}
	return NULL;
}

bool external_id(const struct external_list *list, const char *kind, const char *name, char *buf,
		 size_t size)
{
	for (size_t i = 0; list && i < list->items.nr; i++) {
		const char *found_name, *found;
		size_t len;

		found = item_id(list->items.items[i], kind, &len, &found_name);
		if (found && !strcmp(found_name, name) && len < size) {
			memcpy(buf, found, len);
			buf[len] = 0;
			return true;
		}
	}
	return false;
}

int external_fd(const struct external_list *list, const char *name)
{
	char number[16];

	return external_id(list, "fd", name, number, sizeof(number)) ? atoi(number) : -1;
}
