/* SPDX-License-Identifier: GPL-2.0 */
/* <linux/filelock.h>, which 6.3 split from <linux/fs.h>. */
#ifndef CRCTL_COMPAT_FILELOCK_H
#define CRCTL_COMPAT_FILELOCK_H

#include <linux/fs.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#include <linux/filelock.h>
#endif

#endif
