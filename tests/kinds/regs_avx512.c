// SPDX-License-Identifier: GPL-2.0
/* The thirty-two AVX-512 registers, held by a spinning thread. */
#include "kind.h"

#define WIDTH 64
#define COUNT 32

static volatile int stop, spinning;
static unsigned char in[COUNT * WIDTH] __attribute__((aligned(64)));
static unsigned char out[COUNT * WIDTH] __attribute__((aligned(64)));
static pthread_t thread;

#define LOAD(n) "vmovdqa64 " #n "*64(%[in]), %%zmm" #n "\n\t"
#define SAVE(n) "vmovdqa64 %%zmm" #n ", " #n "*64(%[out])\n\t"
#define ALL(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) \
	op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15) \
	op(16) op(17) op(18) op(19) op(20) op(21) op(22) op(23) \
	op(24) op(25) op(26) op(27) op(28) op(29) op(30) op(31)

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
	if (!__builtin_cpu_supports("avx512f"))
		skip("this CPU has no avx512f");
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
			fail("register zmm%d changed", i);
}

const struct kind kind = { .set_up = set_up, .check = check };
