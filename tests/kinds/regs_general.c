// SPDX-License-Identifier: GPL-2.0
/* General registers and flags, held across the dump by a thread that only spins. */
#include "kind.h"

static volatile int stop, spinning;
static unsigned long out[14], flags;

static void *spin(void *arg)
{
	asm volatile("push %%rbp\n\t"
		     "push %%rbx\n\t"
		     "lea %[out], %%rax\n\t"
		     "push %%rax\n\t"
		     "mov $0x1111111111111111, %%rbx\n\t"
		     "mov $0x2222222222222222, %%rcx\n\t"
		     "mov $0x3333333333333333, %%rdx\n\t"
		     "mov $0x4444444444444444, %%rsi\n\t"
		     "mov $0x5555555555555555, %%rdi\n\t"
		     "mov $0x6666666666666666, %%rbp\n\t"
		     "mov $0x7777777777777777, %%r8\n\t"
		     "mov $0x8888888888888888, %%r9\n\t"
		     "mov $0x9999999999999999, %%r10\n\t"
		     "mov $0xaaaaaaaaaaaaaaaa, %%r11\n\t"
		     "mov $0xbbbbbbbbbbbbbbbb, %%r12\n\t"
		     "mov $0xcccccccccccccccc, %%r13\n\t"
		     "mov $0xdddddddddddddddd, %%r14\n\t"
		     "mov $0xeeeeeeeeeeeeeeee, %%r15\n\t"
		     "movl $1, %[spinning]\n\t"
		     "std\n"
		     "1:\n\t"
		     "mov %[stop], %%eax\n\t"
		     "test %%eax, %%eax\n\t"
		     "jz 1b\n\t"
		     "pop %%rax\n\t"
		     "mov %%rbx, 0(%%rax)\n\t"
		     "mov %%rcx, 8(%%rax)\n\t"
		     "mov %%rdx, 16(%%rax)\n\t"
		     "mov %%rsi, 24(%%rax)\n\t"
		     "mov %%rdi, 32(%%rax)\n\t"
		     "mov %%rbp, 40(%%rax)\n\t"
		     "mov %%r8, 48(%%rax)\n\t"
		     "mov %%r9, 56(%%rax)\n\t"
		     "mov %%r10, 64(%%rax)\n\t"
		     "mov %%r11, 72(%%rax)\n\t"
		     "mov %%r12, 80(%%rax)\n\t"
		     "mov %%r13, 88(%%rax)\n\t"
		     "mov %%r14, 96(%%rax)\n\t"
		     "mov %%r15, 104(%%rax)\n\t"
		     "pushf\n\t"
		     "pop %%rcx\n\t"
		     "cld\n\t"
		     "pop %%rbx\n\t"
		     "pop %%rbp\n\t"
		     "mov %%rcx, %[flags]\n\t"
		     : [out] "=m"(out), [spinning] "=m"(spinning), [flags] "=m"(flags)
		     : [stop] "m"(stop)
		     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
		       "r14", "r15", "memory", "cc");
	return NULL;
}

static pthread_t thread;

static void set_up(void)
{
	thread = thread_start(spin, NULL);
	while (!spinning)
		sleep_ms(1);
}

static void check(void)
{
	unsigned long i;

	stop = 1;
	thread_join(thread);
	for (i = 0; i < 14; i++)
		same(out[i], (i + 1) * 0x1111111111111111UL, "register %lu", i);
	if (!(flags & 0x400))
		fail("the direction flag was lost");
}

const struct kind kind = { .set_up = set_up, .check = check };
