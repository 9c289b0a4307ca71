/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kinds of open files: one file each, dump and restore side by side.
 */
#ifndef CRCTL_FILES_FILES_H
#define CRCTL_FILES_FILES_H

#include "engine/ctx.h"
#include "image/fdinfo.pb-c.h"

struct file_kind {
	const char *name;	/* in logs and in `crctl show` */
	FdTypes type;		/* value in the image */
	/* Check the record before anything is made: fields present, references good. */
	int (*check)(struct restore *r, const struct restore_file *file);
	/* Descriptions of one kind with the same number, not 0, are made together. */
	uint32_t (*group)(const struct restore_file *file);
	/*
	 * Make the description. *ret_fd is any descriptor; the caller owns it.
	 * Of a group, the first makes all and sets restore_file.fd of the others.
	 */
	int (*restore)(struct restore *r, struct restore_file *file, int *ret_fd);
};

/* NULL-terminated. */
extern const struct file_kind *const file_kinds[];

const struct file_kind *file_kind_find(FdTypes type);

/* The owner and signal that F_SETOWN and F_SETSIG set; needs every task to exist. */
int fown_restore(struct restore *r, const struct restore_file *file, int fd);

/* Whether the owner must exist first. */
bool fown_needs_task(const struct restore_file *file);

/* Open the regular file, directory or device of an entry of type REG. */
int reg_open(struct restore *r, const RegFileEntry *reg, int flags, int *ret_fd);

/* Make every deleted file that the images carry; before the tree is forked. */
int ghost_restore_all(struct restore *r);

/* Put the task's descriptors at their numbers; @self owns its table. */
int fdtable_restore(struct restore *r, struct restore_task *task);
/* Descriptors of the two; *ret_root is -1 for "/". The caller closes them. */
int fs_open_dirs(struct restore *r, const struct restore_task *task, int *ret_cwd, int *ret_root);
/* cwd, root, umask */
int fs_restore(struct restore *r, struct restore_task *task);

#endif
