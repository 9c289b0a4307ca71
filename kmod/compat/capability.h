/* SPDX-License-Identifier: GPL-2.0 */
/* <linux/capability.h>. */
#ifndef CRCTL_COMPAT_CAPABILITY_H
#define CRCTL_COMPAT_CAPABILITY_H

#include <linux/capability.h>
#include <linux/version.h>

/* One word since 6.3. */
static inline u64 cap_word(kernel_cap_t cap)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	return cap.val;
#else
	return (u64)cap.cap[1] << 32 | cap.cap[0];
#endif
}

#endif
