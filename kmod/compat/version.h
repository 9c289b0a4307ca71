/* SPDX-License-Identifier: GPL-2.0 */
/* The kernels that the module is built for and tested on; dkms.conf says the same. */
#ifndef CRCTL_COMPAT_VERSION_H
#define CRCTL_COMPAT_VERSION_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0) || LINUX_VERSION_CODE >= KERNEL_VERSION(7, 4, 0)
#error "crctl.ko supports Linux 5.10 to 7.3; crctl works without it on any other kernel"
#endif

#ifndef CONFIG_X86_64
#error "crctl.ko supports x86_64 only"
#endif

#endif
