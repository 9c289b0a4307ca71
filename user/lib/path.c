// SPDX-License-Identifier: GPL-2.0
#include "lib/path.h"

#include <string.h>

const char *path_below(const char *path, const char *root)
{
	size_t len = strlen(root);

	if (!strcmp(root, "/"))
		return path;
	if (strncmp(path, root, len) || (path[len] && path[len] != '/'))
		return NULL;
	return path + len;
}
