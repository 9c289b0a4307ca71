// SPDX-License-Identifier: GPL-2.0
/* The sixteen AVX registers, upper halves too, held by a spinning thread. */
#include "kind.h"

#define WIDTH 32
#define COUNT 16

static volatile int stop, spinning;
static unsigned char in[COUNT * WIDTH] __attribute__((aligned(64)));
static unsigned char out[COUNT * WIDTH] __attribute__((aligned(64)));
static pthread_t thread;

#define LOAD(n) "vmovdqa " #n "*32(%[in]), %%ymm" #n "\n\t"
#define SAVE(n) "vmovdqa %%ymm" #n ", " #n "*32(%[out])\n\t"
#define ALL(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) \
	op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)

static void *spin(void *arg)
{
	asm volatile(ALL(LOAD)
		     "movl $1, %[spinning]\n"
		     "1:\n\t"
		     "mov %[stop], %%eax\n\t"
		     "test %%eax, %%eax\n\t"
		     "jz 1b\n\t"
		     ALL(SAVE)
		     "vzeroupper\n\t"
		     : [spinning] "=m"(spinning)
		     : [stop] "m"(stop), [in] "r"(in), [out] "r"(out)
		     : "rax", "memory", "cc");
	return NULL;
}

static void set_up(void)
{
	if (!__builtin_cpu_supports("avx"))
		skip("this CPU has no avx");
	fill(in, sizeof(in), 7);
	thread = thread_start(spin, NULL);
	while (!spinning)
		sleep_ms(1);
}

static void check(void)
{
	int i;

	stop = 1;
	thread_join(thread);
	for (i = 0; i < COUNT; i++)
		if (memcmp(in + i * WIDTH, out + i * WIDTH, WIDTH))
			fail("register ymm%d changed", i);
}

const struct kind kind = { .set_up = set_up, .check = check };
