/* SPDX-License-Identifier: GPL-2.0 */
/* Paths as text. */
#ifndef CRCTL_LIB_PATH_H
#define CRCTL_LIB_PATH_H

/* Is @path below @root, or the same? What is left of it, or NULL. */
const char *path_below(const char *path, const char *root);

#endif
