// SPDX-License-Identifier: GPL-2.0
/*
 * Objects of the kernel that are known by name only: operations and functions that
 * are static, or that modules may not link to. The name is asked of an address,
 * never an address of a name, so nothing is reached that is not exported.
 */
#include <linux/kallsyms.h>
#include <linux/string.h>

#include "kmod/compat/sym.h"

bool sym_name(const void *object, char *name)
{
	char text[KSYM_SYMBOL_LEN], *plus;

	BUILD_BUG_ON(SYM_NAME_LEN < KSYM_NAME_LEN);
	sprint_symbol(text, (unsigned long)object);
	plus = strchr(text, '+');
	/* "name+0x0/0x100 [module]"; anything else is in the middle of something, or a number */
	if (!plus || strncmp(plus, "+0x0/", 5) || !strncmp(text, "0x", 2))
		return false;
	*plus = 0;
	return strscpy(name, text, SYM_NAME_LEN) > 0;
}
