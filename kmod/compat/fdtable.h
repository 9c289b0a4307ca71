/* SPDX-License-Identifier: GPL-2.0 */
/* <linux/fdtable.h>. */
#ifndef CRCTL_COMPAT_FDTABLE_H
#define CRCTL_COMPAT_FDTABLE_H

#include <linux/fdtable.h>
#include <linux/version.h>

/* Since 6.12 it takes the whole table; call it with files->file_lock held. */
static inline bool fd_close_on_exec(unsigned int fd, struct files_struct *files)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	return close_on_exec(fd, files);
#else
	return close_on_exec(fd, files_fdtable(files));
#endif
}

#endif
