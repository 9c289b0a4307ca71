/* SPDX-License-Identifier: GPL-2.0 */
/* System calls without libc, for code that runs inside a task (x86_64). */
#ifndef CRCTL_STUB_SYSCALL_H
#define CRCTL_STUB_SYSCALL_H

#include <asm/unistd.h>

static inline long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#define sys5(nr, a, b, c, d, e)                                                                    \
	sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define sys4(nr, a, b, c, d) sys5(nr, a, b, c, d, 0)
#define sys3(nr, a, b, c)    sys4(nr, a, b, c, 0)
#define sys2(nr, a, b)	     sys3(nr, a, b, 0)
#define sys1(nr, a)	     sys2(nr, a, 0)
#define sys0(nr)	     sys1(nr, 0)

/*
 * clone3(2) onto a stack of its own, where the child calls @fn, which must not return,
 * with the parent's other registers.
 */
static inline long sys_clone3(const void *args, unsigned long len, void (*fn)(void *), void *arg)
{
	register void (*r8)(void *) __asm__("r8") = fn;
	register void *r9 __asm__("r9") = arg;
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r9, %%rdi\n\t"
			 "call *%%r8\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(ret)
			 : "a"(__NR_clone3), "D"(args), "S"(len), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#endif
