/* SPDX-License-Identifier: GPL-2.0 */
/* <linux/dcache.h>. */
#ifndef CRCTL_COMPAT_DCACHE_H
#define CRCTL_COMPAT_DCACHE_H

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/version.h>

/* Where the data of a regular file is that the next open finds; the type is of 6.8. */
static inline struct dentry *dentry_real_data(struct dentry *dentry)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	return d_real(dentry, D_REAL_DATA);
#else
	return d_real(dentry, NULL);
#endif
}

#endif
