// SPDX-License-Identifier: GPL-2.0
/* Code made at run time, in memory that was writable and then executable. */
#include "kind.h"

static int (*function)(int);

static void set_up(void)
{
	/* lea 5(%rdi), %eax; ret */
	static const unsigned char code[] = { 0x8d, 0x47, 0x05, 0xc3 };
	void *mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(mem, code, sizeof(code));
	must(mprotect(mem, 4096, PROT_READ | PROT_EXEC));
	function = mem;
	same(function(1), 6, "result of the code at the start");
}

static void check(void)
{
	same(function(37), 42, "result of the code");
}

const struct kind kind = { .set_up = set_up, .check = check };
