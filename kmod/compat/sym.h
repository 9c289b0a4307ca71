/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CRCTL_COMPAT_SYM_H
#define CRCTL_COMPAT_SYM_H

#include <linux/types.h>

#define SYM_NAME_LEN 512	/* KSYM_NAME_LEN of any kernel */

/* The kernel's name of what lies at @object, which has room for SYM_NAME_LEN. */
bool sym_name(const void *object, char *name);

#endif
