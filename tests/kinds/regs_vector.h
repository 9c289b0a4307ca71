/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The vector registers of one width, held by a spinning thread. Before it is included:
 * FEATURE, of the CPU; NAME of the registers; WIDTH in bytes; COUNT; MOVE, the
 * instruction; ALL(op), op(0) to op(COUNT - 1); END, what follows.
 */
#include "kind.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define LOAD(n) MOVE " " #n "*" TEXT(WIDTH) "(%[in]), %%" NAME #n "\n\t"
#define SAVE(n) MOVE " %%" NAME #n ", " #n "*" TEXT(WIDTH) "(%[out])\n\t"

static volatile int stop, spinning;
static unsigned char in[COUNT * WIDTH] __attribute__((aligned(64)));
static unsigned char out[COUNT * WIDTH] __attribute__((aligned(64)));
static pthread_t thread;

static void *spin(void *arg)
{
	asm volatile(ALL(LOAD)
		     "movl $1, %[spinning]\n"
		     "1:\n\t"
		     "mov %[stop], %%eax\n\t"
		     "test %%eax, %%eax\n\t"
		     "jz 1b\n\t"
		     ALL(SAVE)
		     END
		     : [spinning] "=m"(spinning)
		     : [stop] "m"(stop), [in] "r"(in), [out] "r"(out)
		     : "rax", "memory", "cc");
	return arg;
}

static void set_up(void)
{
	if (!__builtin_cpu_supports(FEATURE))
		skip("this CPU has no %s", FEATURE);
	fill(in, sizeof(in), 7);
	thread = thread_start(spin, NULL);
	while (!spinning)
		sleep_ms(1);
}

static void check(void)
{
	stop = 1;
	thread_join(thread);
	for (int i = 0; i < COUNT; i++)
		if (memcmp(in + i * WIDTH, out + i * WIDTH, WIDTH))
			fail("register %s%d changed", NAME, i);
}

const struct kind kind = { .set_up = set_up, .check = check };
