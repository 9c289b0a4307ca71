/* SPDX-License-Identifier: GPL-2.0 */
/* <linux/fsnotify_backend.h> and <linux/exportfs.h>. */
#ifndef CRCTL_COMPAT_FSNOTIFY_H
#define CRCTL_COMPAT_FSNOTIFY_H

#include <linux/exportfs.h>
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/version.h>

/*
 * What a mark is on, with conn->lock held. Up to 6.9 the connector points at the pointer
 * to itself in the object, whose place is public for inodes and super blocks only.
 */
static inline struct inode *conn_inode(const struct fsnotify_mark_connector *conn)
{
	if (!conn->obj || conn->type != FSNOTIFY_OBJ_TYPE_INODE)
		return NULL;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	return conn->obj;
#else
	return container_of(conn->obj, struct inode, i_fsnotify_marks);
#endif
}

static inline struct super_block *conn_sb(const struct fsnotify_mark_connector *conn)
{
	if (!conn->obj || conn->type != FSNOTIFY_OBJ_TYPE_SB)
		return NULL;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	return conn->obj;
#else
	return container_of(conn->obj, struct super_block, s_fsnotify_marks);
#endif
}

/* 6.5 has flags. Only handles that can be opened again are wanted. */
static inline int inode_handle(struct inode *inode, struct fid *fid, int *words)
{
	if (!inode->i_sb->s_export_op || !inode->i_sb->s_export_op->fh_to_dentry)
		return FILEID_INVALID;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	return exportfs_encode_inode_fh(inode, fid, words, NULL, 0);
#else
	return exportfs_encode_inode_fh(inode, fid, words, NULL);
#endif
}

#endif
