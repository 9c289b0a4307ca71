/* SPDX-License-Identifier: GPL-2.0 */
/* <linux/fs.h> and <linux/filelock.h>. */
#ifndef CRCTL_COMPAT_FS_H
#define CRCTL_COMPAT_FS_H

#include <linux/fs.h>
#include <linux/version.h>

/*
 * Mappings of overlayfs: up to 6.4 the file has the overlay's path and the real inode,
 * since then it is a backing file that knows the path the user opened.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
static inline const struct path *file_user_path(const struct file *file)
{
	return &file->f_path;
}
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
static inline const struct inode *file_user_inode(const struct file *file)
{
	return file_inode(file);
}
#endif

#endif
