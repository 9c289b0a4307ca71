// SPDX-License-Identifier: GPL-2.0
/* Memory with a protection key: nothing tells which keys a process has allocated. */
#include "kind.h"

static int key;
static char *mem;

static void set_up(void)
{
	key = pkey_alloc(0, 0);
	if (key < 0)
		skip("no protection keys here: %s", strerror(errno));
	mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(pkey_mprotect(mem, 4096, PROT_READ | PROT_WRITE, key));
}

static void check(void)
{
	same(atoi(smaps_line(mem, "ProtectionKey")), key, "key of the mapping");
}

const struct kind kind = { .set_up = set_up, .check = check, .refuse = "a protection key" };
