// SPDX-License-Identifier: GPL-2.0
/* Securebits, some locked, and no_new_privs. */
#include "kind.h"

#include <linux/securebits.h>

#define BITS (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE)

static void set_up(void)
{
	must(prctl(PR_SET_SECUREBITS, BITS));
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static void check(void)
{
	same(prctl(PR_GET_SECUREBITS), BITS, "securebits");
	same(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1, "no_new_privs");
}

const struct kind kind = { .set_up = set_up, .check = check };
