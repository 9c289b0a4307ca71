/* SPDX-License-Identifier: GPL-2.0 */
/* Mounts: what dump, restore and the kinds of file systems share. */
#ifndef CRCTL_NS_MNT_H
#define CRCTL_NS_MNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/mnt.pb-c.h"
#include "lib/array.h"

/* Kinds of file systems that can be made anew, with their content or without any. */
struct mnt_fs {
	const char *name;	/* for mount(2) */
	Fstype type;		/* in the image */
	bool has_content;	/* that goes into the images (tmpfs) */
};

/* NULL: crctl cannot make it. */
const struct mnt_fs *mnt_fs_find(const char *name);
const struct mnt_fs *mnt_fs_of(Fstype type);

/* A line of /proc/PID/mountinfo (Documentation/filesystems/proc.rst, 3.5). */
struct mnt_line {
	uint32_t id, parent, dev;	/* dev: major << 20 | minor */
	uint32_t shared_id, master_id;
	char *root, *mountpoint, *options, *type, *source, *super;
};

struct mnt_lines {
	ARRAY_OF(struct mnt_line) items;
};

/* Of the process; the caller frees it, also after a failure. 0 or -errno. */
int mnt_lines_read(const char *path, struct mnt_lines *ret);
void mnt_lines_free(struct mnt_lines *lines);

/* What a restore knows of a mount. */
struct mnt {
	MntEntry *e;
	const struct mnt_fs *fs;
	const char *source;	/* of an external one, on this machine; NULL: not external */
	int source_fd;		/* its tree, detached; -1 */
	bool root;		/* the tree's root */
	bool first;		/* of its file system: makes it, with its content */
	bool done;
};

struct mnt_tree {
	ARRAY_OF(struct mnt) mounts;	/* parents before children */
	int host_fd;			/* crctl's mount namespace, for programs it runs */
};

struct dump;
struct restore;

/* Content of the file system @dev, which is mounted at @mountpoint here, into its image. */
int mnt_content_save(struct dump *d, const char *mountpoint, uint32_t dev);
/* And back, into the mount behind @tree_fd. */
int mnt_content_load(struct restore *r, const MntEntry *e, int tree_fd);

#endif
