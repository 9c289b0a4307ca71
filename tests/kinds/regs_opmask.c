// SPDX-License-Identifier: GPL-2.0
/* The AVX-512 mask registers and MXCSR, held by a spinning thread. */
#include "kind.h"

static volatile int stop, spinning;
static uint32_t out[7], control_in = 0x7fa0, control_out, control_default = 0x1f80;
static pthread_t thread;

static void *spin(void *arg)
{
	asm volatile("ldmxcsr %[cin]\n\t"
		     "mov $0x1111, %%eax\n\t" "kmovw %%eax, %%k1\n\t"
		     "mov $0x2222, %%eax\n\t" "kmovw %%eax, %%k2\n\t"
		     "mov $0x3333, %%eax\n\t" "kmovw %%eax, %%k3\n\t"
		     "mov $0x4444, %%eax\n\t" "kmovw %%eax, %%k4\n\t"
		     "mov $0x5555, %%eax\n\t" "kmovw %%eax, %%k5\n\t"
		     "mov $0x6666, %%eax\n\t" "kmovw %%eax, %%k6\n\t"
		     "mov $0x7777, %%eax\n\t" "kmovw %%eax, %%k7\n\t"
		     "movl $1, %[spinning]\n"
		     "1:\n\t"
		     "mov %[stop], %%eax\n\t"
		     "test %%eax, %%eax\n\t"
		     "jz 1b\n\t"
		     "kmovw %%k1, %%eax\n\t" "mov %%eax, 0(%[out])\n\t"
		     "kmovw %%k2, %%eax\n\t" "mov %%eax, 4(%[out])\n\t"
		     "kmovw %%k3, %%eax\n\t" "mov %%eax, 8(%[out])\n\t"
		     "kmovw %%k4, %%eax\n\t" "mov %%eax, 12(%[out])\n\t"
		     "kmovw %%k5, %%eax\n\t" "mov %%eax, 16(%[out])\n\t"
		     "kmovw %%k6, %%eax\n\t" "mov %%eax, 20(%[out])\n\t"
		     "kmovw %%k7, %%eax\n\t" "mov %%eax, 24(%[out])\n\t"
		     "stmxcsr %[cout]\n\t"
		     "ldmxcsr %[cdef]\n\t"
		     : [spinning] "=m"(spinning), [cout] "=m"(control_out)
		     : [stop] "m"(stop), [out] "r"(out), [cin] "m"(control_in),
		       [cdef] "m"(control_default)
		     : "rax", "memory", "cc");
	return NULL;
}

static void set_up(void)
{
	if (!__builtin_cpu_supports("avx512f"))
		skip("this CPU has no avx512f");
	thread = thread_start(spin, NULL);
	while (!spinning)
		sleep_ms(1);
}

static void check(void)
{
	int i;

	stop = 1;
	thread_join(thread);
	for (i = 0; i < 7; i++)
		same(out[i], 0x1111 * (i + 1), "mask register k%d", i + 1);
	same(control_out, control_in, "MXCSR");
}

const struct kind kind = { .set_up = set_up, .check = check };
