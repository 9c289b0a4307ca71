/* SPDX-License-Identifier: GPL-2.0 */
/* <linux/fs.h> and <linux/filelock.h>. */
#ifndef CRCTL_COMPAT_FS_H
#define CRCTL_COMPAT_FS_H

#include <linux/fs.h>
#include <linux/mm_types.h>
#include <linux/rcupdate.h>
#include <linux/uio.h>
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

/* 6.8 waits for a frozen file system by itself. */
static inline ssize_t file_iter_write(struct file *file, struct iov_iter *iter, loff_t *pos)
{
	ssize_t ret;

	if (LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0))
		file_start_write(file);
	ret = vfs_iter_write(file, iter, pos, 0);
	if (LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0))
		file_end_write(file);
	return ret;
}

/* 6.2 has the name. */
#ifndef ITER_SOURCE
#define ITER_SOURCE WRITE
#endif

/* 6.12 allocates the owner of a file when it is first set. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
static inline struct fown_struct *file_f_owner(const struct file *file)
{
	return (struct fown_struct *)&file->f_owner;
}
#endif

/* Its accessor is not for modules; 6.7 changed how a file is held under RCU. */
static inline struct file *mm_exe_file_get(struct mm_struct *mm)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return get_file_active((struct file **)&mm->exe_file);
#else
	struct file *file;

	rcu_read_lock();
	file = rcu_dereference(mm->exe_file);
	if (file && !get_file_rcu(file))
		file = NULL;
	rcu_read_unlock();
	return file;
#endif
}

#endif
