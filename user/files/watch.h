/* SPDX-License-Identifier: GPL-2.0 */
/* What inotify and fanotify share: the file that a watch is on, by handle and by path. */
#ifndef CRCTL_FILES_WATCH_H
#define CRCTL_FILES_WATCH_H

#include "files/files.h"
#include "image/fh.pb-c.h"

struct watch_target {
	uint32_t dev;		/* of the file system, as the kernel writes it into fdinfo */
	uint64_t ino;
	FhEntry *handle;	/* its path is filled in where one is found */
	const char *told;	/* by the module: from the root of the file system; NULL */
};

/* The handle that a line of fdinfo tells, empty where the file system has none. */
int watch_parse_handle(struct dump_file *file, const char *line, FhEntry **ret_handle);

/*
 * Where the file is now. -ENOENT: it has no name any more, or none that crctl can find;
 * then *ret_file_id is the record of a deleted file that the tree has open, or 0.
 */
int watch_find(struct dump *d, struct dump_file *file, struct watch_target *target,
	       uint32_t *ret_file_id);

/* Where the mount with that id is; or, id 0, some mount of the file system @dev. */
int watch_mount_path(uint32_t mnt_id, uint32_t dev, char *path, size_t size);

/* The value after @key in one line; 0 when it has none. */
uint64_t watch_field(const char *line, const char *key, int base);

/* Open (O_PATH) what a watch is on. @file_id: a deleted file of the tree, or 0. */
int watch_open(struct restore *r, const FhEntry *handle, uint32_t dev, uint32_t file_id,
	       int *ret_fd);

#endif
