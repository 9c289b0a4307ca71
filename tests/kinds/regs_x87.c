// SPDX-License-Identifier: GPL-2.0
/* The x87 stack, its control word and its tag word, held by a spinning thread. */
#include "kind.h"

static volatile int stop, spinning;
static long double out[4];
static unsigned short control_in = 0x0c7f, control_out;
static pthread_t thread;

static void *spin(void *arg)
{
	asm volatile("fninit\n\t"
		     "fldcw %[cw]\n\t"
		     "fldpi\n\t"
		     "fldl2e\n\t"
		     "fldln2\n\t"
		     "fld1\n\t"
		     "movl $1, %[spinning]\n"
		     "1:\n\t"
		     "mov %[stop], %%eax\n\t"
		     "test %%eax, %%eax\n\t"
		     "jz 1b\n\t"
		     "fnstcw %[cwout]\n\t"
		     "fstpt 0(%[out])\n\t"
		     "fstpt 16(%[out])\n\t"
		     "fstpt 32(%[out])\n\t"
		     "fstpt 48(%[out])\n\t"
		     "fninit\n\t"
		     : [spinning] "=m"(spinning), [cwout] "=m"(control_out)
		     : [stop] "m"(stop), [out] "r"(out), [cw] "m"(control_in)
		     : "rax", "memory", "cc");
	return NULL;
}

static void set_up(void)
{
	thread = thread_start(spin, NULL);
	while (!spinning)
		sleep_ms(1);
}

static void check(void)
{
	stop = 1;
	thread_join(thread);
	same(control_out, control_in, "x87 control word");
	if (out[0] != 1.0L)
		fail("x87 st(0) was %Lf, not 1", out[0]);
	if (out[1] < 0.6931471L || out[1] > 0.6931472L)
		fail("x87 st(1) was %Lf, not ln 2", out[1]);
	if (out[2] < 1.4426950L || out[2] > 1.4426951L)
		fail("x87 st(2) was %Lf, not log2 e", out[2]);
	if (out[3] < 3.1415926L || out[3] > 3.1415927L)
		fail("x87 st(3) was %Lf, not pi", out[3]);
}

const struct kind kind = { .set_up = set_up, .check = check };
