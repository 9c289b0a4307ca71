// SPDX-License-Identifier: GPL-2.0
/*
 * The code that a dump runs in a task: it asks the kernel what cannot be asked
 * from outside, and changes nothing. Each thread ends with a signal to itself
 * that is ignored, so that a tracer sees it stop and nobody else notices. With
 * the tracer gone the thread goes on behind that signal and returns through its
 * sigframe to where it was; the runner (the thread that mapped the scratch)
 * first waits for the others and leaves through a chain on its own stack that
 * unmaps the scratch.
 */
#include "stub/dump.h"

#include <linux/prctl.h>
#include <linux/time_types.h>
#include <asm/unistd.h>

#ifndef PR_GET_MDWE
#define PR_GET_MDWE 66
#endif
#ifndef PR_GET_IO_FLUSHER
#define PR_GET_IO_FLUSHER 58
#endif
#define MEMBARRIER_CMD_GET_REGISTRATIONS (1 << 9)
#define MEMBARRIER_FIRST_PRIVATE 3	/* ..._CMD_PRIVATE_EXPEDITED */
#define MEMBARRIER_LAST_PRIVATE	 7	/* ..._CMD_PRIVATE_EXPEDITED_RSEQ */

static long sys(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return ret;
}

static void thread_ask(struct stub_thread_facts *f)
{
	sys(__NR_prctl, PR_GET_TID_ADDRESS, (long)&f->tid_address, 0, 0, 0);
	sys(__NR_prctl, PR_GET_PDEATHSIG, (long)&f->pdeath_signal, 0, 0, 0);
	f->securebits = (__s32)sys(__NR_prctl, PR_GET_SECUREBITS, 0, 0, 0, 0);
	f->timer_slack_ns = (__u64)sys(__NR_prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0);
	/* stack_t: sp, flags, size, in the order of the struct. */
	sys(__NR_sigaltstack, 0, (long)&f->sas_sp, 0, 0, 0);
}

/*
 * Before Linux 6.3 a command that is not registered for fails: commands are every other
 * bit, and their registrations the bit after each.
 */
static __s32 membarrier_registrations(void)
{
	__s32 mask = (__s32)sys(__NR_membarrier, MEMBARRIER_CMD_GET_REGISTRATIONS, 0, 0, 0, 0);

	if (mask >= 0)
		return mask;
	mask = 0;
	for (int i = MEMBARRIER_FIRST_PRIVATE; i <= MEMBARRIER_LAST_PRIVATE; i += 2)
		if (!sys(__NR_membarrier, 1 << i, 0, 0, 0, 0))
			mask |= 1 << (i + 1);
	return mask;
}

static void task_ask(struct stub_task_facts *f)
{
	for (int i = 0; i < 64; i++)
		sys(__NR_rt_sigaction, i + 1, 0, (long)&f->actions[i], 8, 0);
	for (int i = 0; i < 3; i++)
		sys(__NR_getitimer, i, (long)f->itimers[i], 0, 0, 0);
	for (__u32 i = 0; i < f->nr_timers; i++) {
		struct stub_fact_timer *t = &f->timers[i];

		sys(__NR_timer_gettime, t->id, (long)&t->isec, 0, 0, 0);
		t->overrun = (__s32)sys(__NR_timer_getoverrun, t->id, 0, 0, 0, 0);
	}
	f->brk = (__u64)sys(__NR_brk, 0, 0, 0, 0, 0);
	f->dumpable = (__s32)sys(__NR_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
	sys(__NR_prctl, PR_GET_CHILD_SUBREAPER, (long)&f->child_subreaper, 0, 0, 0);
	f->thp_disabled = (__s32)sys(__NR_prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0);
	f->membarrier = membarrier_registrations();
	f->io_flusher = (__s32)sys(__NR_prctl, PR_GET_IO_FLUSHER, 0, 0, 0, 0);
	f->mdwe = (__s32)sys(__NR_prctl, PR_GET_MDWE, 0, 0, 0, 0);
}

/* Returns through the sigframe whose ucontext is at @sp. */
static void __attribute__((noreturn)) leave_by_frame(__u64 sp)
{
	__asm__ volatile("mov %0, %%rsp\n\tmov %1, %%eax\n\tsyscall\n\thlt"
			 : : "r"(sp), "i"(__NR_rt_sigreturn) : "memory");
	__builtin_unreachable();
}

static void __attribute__((noreturn)) leave_by_chain(__u64 sp)
{
	__asm__ volatile("mov %0, %%rsp\n\tret" : : "r"(sp) : "memory");
	__builtin_unreachable();
}

/*
 * Have all threads gone that the vanished tracer had sent here? Whoever counted itself
 * out has one system call left to make, which is what the last nap is for. When one
 * never comes the scratch stays, which harms nobody.
 */
static int others_left(const struct stub_count *count)
{
	struct __kernel_timespec nap = { 0, 20000000 };

	if (!__atomic_load_n(&count->nr_sent, __ATOMIC_SEQ_CST))
		return 1;
	for (int i = 0; i < 250; i++) {
		if (__atomic_load_n(&count->nr_left, __ATOMIC_SEQ_CST) == count->nr_sent) {
			nap.tv_nsec *= 10;
			sys(__NR_nanosleep, (long)&nap, 0, 0, 0, 0);
			return 1;
		}
		sys(__NR_nanosleep, (long)&nap, 0, 0, 0, 0);
	}
	return 0;
}

void __attribute__((section(".text.start"), noreturn)) stub_main(struct stub_dump_args *args);
void __attribute__((section(".text.start"), noreturn)) stub_main(struct stub_dump_args *args)
{
	thread_ask(&args->facts);
	if (args->task)
		task_ask(args->task);
	sys(__NR_tgkill, args->pid, args->tid, args->marker, 0, 0);
	/* Only a thread whose tracer vanished comes here. */
	if (!args->task)
		__atomic_fetch_add(&args->count->nr_left, 1, __ATOMIC_SEQ_CST);
	else if (args->chain && others_left(args->count))
		leave_by_chain(args->chain);
	leave_by_frame(args->frame);
}
