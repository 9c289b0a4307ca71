// SPDX-License-Identifier: GPL-2.0
/*
 * Running the dump stub in a task so that the task is safe at every instant.
 *
 * A chain of signal frames is laid below the red zone of the runner's stack:
 * [rt_sigreturn][frame A: munmap(scratch) at a "syscall; ret"][rt_sigreturn]
 * [frame B: where the thread was]. One register change sends the runner to
 * "syscall; ret" with mmap(scratch): whatever happens to crctl from then on, the
 * thread maps, unmaps and is back. Then the scratch is filled and the threads are
 * sent to the stub, each with a frame of its own. A live crctl never lets a
 * frame be used: it sets mask and registers back, so that the restart block of
 * an interrupted system call, which rt_sigreturn(2) would drop, survives.
 *
 * Without the two instruction sequences, or on a stack that is not the
 * process's own, the chain is left out: then a crctl killed between the two
 * stops around mmap (some microseconds) would lose the task.
 */
#include "kapi/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kapi/ptrace.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define BATCH 64
#define RED_ZONE 128
#define SLOT_STACK 16384		/* a handler may run on it when crctl is killed */
#define STACK_ROOM 16384
#define RUNNER_TRIES 64	/* threads looked at for one with room on its stack */
#define RECOVER_NS 1000000000ull
#define SCRATCH_FLOOR 0x1000000000ull	/* where the search for a free range begins */
#define TASK_TOP 0x7ffffffff000ull
#define FRAME_LEN 304			/* the kernel's struct ucontext */
#define FP_MAGIC1 0x46505853u
#define FP_MAGIC2 0x46505845u

extern const char stub_dump[], stub_dump_end[];

struct fpx_sw_bytes {			/* asm/sigcontext.h */
	uint32_t magic1, extended_size;
	uint64_t xfeatures;
	uint32_t xstate_size, padding[7];
};

struct run {
	struct inject *in;
	uint64_t sigreturn, syscall;	/* addresses */
	uint64_t scratch, scratch_len;
	uint64_t chain, chain_len;	/* 0: none */
	char *saved;			/* what lay at the chain */
	uint64_t count_addr, task_addr, slots_addr;
	size_t slot_len, task_len;
	unsigned int marker;		/* 0: stop at the system call instead */
	bool mapped;
};

static const unsigned char code_sigreturn_long[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 5 };
static const unsigned char code_sigreturn_short[] = { 0xb8, 0x0f, 0, 0, 0, 0x0f, 5 };
static const unsigned char code_syscall_ret[] = { 0x0f, 5, 0xc3 };
static const unsigned char code_syscall[] = { 0x0f, 5 };

static uint64_t code_find(const char *buf, size_t len, const unsigned char *code, size_t code_len)
{
	const char *p = memmem(buf, len, code, code_len);

	return p ? (uint64_t)(p - buf) + 1 : 0;
}

/* Search one executable mapping; offsets + 1 relative to its start, 0: absent. */
static int vma_search(pid_t pid, const struct proc_vma *vma, uint64_t *sigreturn,
		      uint64_t *syscall)
{
	enum { CHUNK = 65536, OVERLAP = 16 };
	auto_free char *buf = malloc(CHUNK);

	if (!buf)
		return -ENOMEM;
	for (uint64_t at = vma->start; at < vma->end && (!*sigreturn || !*syscall);
	     at += CHUNK - OVERLAP) {
		size_t len = vma->end - at < CHUNK ? vma->end - at : CHUNK;
		uint64_t off = at - vma->start, found;

		if (sys_mem_read(pid, at, buf, len))
			return 0;	/* unreadable, such as past the file's end */
		if (!*sigreturn) {
			found = code_find(buf, len, code_sigreturn_long, 9);
			if (!found)
				found = code_find(buf, len, code_sigreturn_short, 7);
			*sigreturn = found ? off + found : 0;
		}
		if (!*syscall) {
			found = code_find(buf, len, code_syscall_ret, 3);
			*syscall = found ? off + found : 0;
		}
	}
	return 0;
}

static struct inject_gadget *cache_find(struct inject_cache *cache, const struct proc_vma *vma)
{
	array_for_each(cache, g)
		if (g->ino == vma->ino && g->dev == vma->dev)
			return g;
	return NULL;
}

static bool code_is_at(pid_t pid, uint64_t addr, bool sigreturn)
{
	unsigned char b[9];

	if (sys_mem_read(pid, addr, b, sizeof(b)))
		return false;
	if (!sigreturn)
		return !memcmp(b, code_syscall_ret, 3);
	return !memcmp(b, code_sigreturn_long, 9) || !memcmp(b, code_sigreturn_short, 7);
}

/* What @vma offers, from the cache where its file was searched before. */
static int vma_gadgets(struct run *r, const struct proc_vma *vma)
{
	struct inject_gadget *known = vma->ino ? cache_find(r->in->cache, vma) : NULL;
	uint64_t sigreturn = 0, syscall = 0;
	int ret;

	if (known) {
		sigreturn = known->sigreturn > vma->pgoff ? known->sigreturn - vma->pgoff : 0;
		syscall = known->syscall > vma->pgoff ? known->syscall - vma->pgoff : 0;
	} else {
		ret = vma_search(r->in->live_tid, vma, &sigreturn, &syscall);
		if (ret)
			return ret;
		if (vma->ino) {
			known = array_add(r->in->cache);
			if (!known)
				return -ENOMEM;
			known->dev = vma->dev;
			known->ino = vma->ino;
			known->sigreturn = sigreturn ? sigreturn + vma->pgoff : 0;
			known->syscall = syscall ? syscall + vma->pgoff : 0;
		}
	}
	if (!r->sigreturn && sigreturn &&
	    code_is_at(r->in->live_tid, vma->start + sigreturn - 1, true))
		r->sigreturn = vma->start + sigreturn - 1;
	if (!r->syscall && syscall && code_is_at(r->in->live_tid, vma->start + syscall - 1, false))
		r->syscall = vma->start + syscall - 1;
	return 0;
}

/* A bare "syscall" when "syscall; ret" is nowhere. */
static void find_bare_syscall(struct run *r)
{
	char buf[4096];

	array_for_each(r->in->vmas, vma) {
		if (!(vma->flags & VMF_EXEC))
			continue;
		for (uint64_t at = vma->start; at < vma->end; at += sizeof(buf)) {
			uint64_t found;

			if (sys_mem_read(r->in->live_tid, at, buf, sizeof(buf)))
				break;
			found = code_find(buf, sizeof(buf), code_syscall, 2);
			if (found) {
				r->syscall = at + found - 1;
				return;
			}
		}
	}
}

static bool name_is_likely(const char *name)
{
	return strstr(name, "/libc.") || strstr(name, "/libc-") || strstr(name, "/ld-musl");
}

/* Search the C library (@likely), or everything else that is mapped from a file. */
static int find_gadgets_in(struct run *r, bool likely)
{
	array_for_each(r->in->vmas, vma) {
		int ret;

		if (!(vma->flags & VMF_EXEC) || vma->start >= TASK_TOP)
			continue;
		if (!vma->ino && strcmp(vma->name, "[vdso]"))
			continue;
		if (name_is_likely(vma->name) != likely)
			continue;
		ret = vma_gadgets(r, vma);
		if (ret || (r->sigreturn && r->syscall))
			return ret;
	}
	return 0;
}

static int find_gadgets(struct run *r)
{
	int ret = find_gadgets_in(r, true);

	if (!ret && !(r->sigreturn && r->syscall))
		ret = find_gadgets_in(r, false);
	if (ret || (r->sigreturn && r->syscall))
		return ret;
	r->sigreturn = 0;
	if (!r->syscall)
		find_bare_syscall(r);
	return r->syscall ? 0 : -ENOEXEC;
}

static uint64_t page_up(uint64_t n)
{
	return (n + 4095) & ~4095ull;
}

static size_t frame_len(const struct inject_thread *t)
{
	return FRAME_LEN + 64 + t->xstate_len + 8;
}

static size_t batch_size(const struct run *r)
{
	return r->in->nr_threads < BATCH ? r->in->nr_threads : BATCH;
}

/* [code][counters][process facts][slots: args, stack, frame] */
static void scratch_lay_out(struct run *r)
{
	size_t frame = 0;

	for (size_t i = 0; i < r->in->nr_threads; i++)
		if (frame_len(&r->in->threads[i]) > frame)
			frame = frame_len(&r->in->threads[i]);
	r->task_len =
		sizeof(struct stub_task_facts) + r->in->nr_timers * sizeof(struct stub_fact_timer);
	r->slot_len = (SLOT_STACK + sizeof(struct stub_dump_args) + frame + 127) & ~63ul;
	r->count_addr = page_up((uint64_t)(stub_dump_end - stub_dump));
	r->task_addr = r->count_addr + 64;
	r->slots_addr = (r->task_addr + r->task_len + 63) & ~63ul;
	r->scratch_len = page_up(r->slots_addr + batch_size(r) * r->slot_len);
}

/* A free range, away from where mmap(2) and the stack grow. */
static int scratch_place(struct run *r)
{
	uint64_t at = SCRATCH_FLOOR, len = r->scratch_len + 8192;

	array_for_each(r->in->vmas, vma) {
		if (vma->end <= at)
			continue;
		if (vma->start > at && vma->start - at >= len)
			break;
		at = vma->end;
	}
	if (at + len > TASK_TOP)
		return -ENOMEM;
	r->scratch = at + 4096;
	r->count_addr += r->scratch;
	r->task_addr += r->scratch;
	r->slots_addr += r->scratch;
	return 0;
}

/* The extended state at @fp as the kernel's copy_fpstate_to_sigframe() lays it out. */
static void frame_xstate(char *fp, const struct inject_thread *t)
{
	struct fpx_sw_bytes sw = { 0 };
	uint32_t magic2 = FP_MAGIC2;

	memcpy(fp, t->xstate, t->xstate_len);
	memcpy(&sw.xfeatures, (const char *)t->xstate + 464, 8);
	if (t->xstate_len > 576) {
		sw.magic1 = FP_MAGIC1;
		sw.xstate_size = (uint32_t)t->xstate_len;
		sw.extended_size = (uint32_t)t->xstate_len + 4;
		memcpy(fp + t->xstate_len, &magic2, 4);
	}
	memcpy(fp + 464, &sw, sizeof(sw));
}

static void frame_regs(ucontext_t *uc, const struct user_regs_struct *r)
{
	greg_t *g = uc->uc_mcontext.gregs;

	g[REG_R8] = (greg_t)r->r8;
	g[REG_R9] = (greg_t)r->r9;
	g[REG_R10] = (greg_t)r->r10;
	g[REG_R11] = (greg_t)r->r11;
	g[REG_R12] = (greg_t)r->r12;
	g[REG_R13] = (greg_t)r->r13;
	g[REG_R14] = (greg_t)r->r14;
	g[REG_R15] = (greg_t)r->r15;
	g[REG_RDI] = (greg_t)r->rdi;
	g[REG_RSI] = (greg_t)r->rsi;
	g[REG_RBP] = (greg_t)r->rbp;
	g[REG_RBX] = (greg_t)r->rbx;
	g[REG_RDX] = (greg_t)r->rdx;
	g[REG_RAX] = (greg_t)r->rax;
	g[REG_RCX] = (greg_t)r->rcx;
	g[REG_RSP] = (greg_t)r->rsp;
	g[REG_RIP] = (greg_t)r->rip;
	g[REG_EFL] = (greg_t)r->eflags;
	g[REG_CSGSFS] = (greg_t)(r->cs | r->gs << 16 | r->fs << 32 | r->ss << 48);
	uc->uc_stack.ss_flags = 0x7f;	/* invalid on purpose: leaves sigaltstack(2) alone */
	uc->uc_flags = 7;		/* UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS */
}

/*
 * rt_sigreturn(2) does not look at an interrupted system call any more, so the
 * frame goes back to its instruction with its number.
 */
static void frame_restart(ucontext_t *uc, const struct user_regs_struct *r)
{
	greg_t *g = uc->uc_mcontext.gregs;
	long error = (long)r->rax;

	if ((long)r->orig_rax < 0 || error > -512 || error < -516 || error == -515)
		return;
	g[REG_RIP] = (greg_t)r->rip - 2;
	g[REG_RAX] = (greg_t)r->orig_rax;
}

/* A frame that leads to where @t was; @buf holds frame_len(), to lie at @addr. */
static void frame_build(char *buf, uint64_t addr, const struct inject_thread *t)
{
	ucontext_t uc = { 0 };
	uint64_t fp = (addr + FRAME_LEN + 63) & ~63ull;

	frame_regs(&uc, t->regs);
	frame_restart(&uc, t->regs);
	memcpy(&uc.uc_sigmask, &t->sigmask, 8);
	uc.uc_mcontext.fpregs = (fpregset_t)fp;
	memcpy(buf, &uc, FRAME_LEN);
	frame_xstate(buf + (fp - addr), t);
}

/* A frame that makes the kernel call munmap(scratch) and return to @next. */
static void frame_build_munmap(char *buf, const struct run *r, uint64_t next)
{
	struct user_regs_struct regs = *r->in->threads[0].regs;
	uint64_t all = ~0ull;
	ucontext_t uc = { 0 };

	regs.rip = r->syscall;
	regs.rax = SYS_munmap;
	regs.rdi = r->scratch;
	regs.rsi = r->scratch_len;
	regs.rsp = next;
	frame_regs(&uc, &regs);
	memcpy(&uc.uc_sigmask, &all, 8);
	memcpy(buf, &uc, FRAME_LEN);
}

enum { CHAIN_A = 8, CHAIN_G2 = CHAIN_A + FRAME_LEN, CHAIN_B = CHAIN_G2 + 8 };

/*
 * Is there room below the stack pointer, on the process's own stack or on one with a
 * guard below it, as threads have? Elsewhere what lies below may be in use.
 */
static bool chain_has_room(const struct run *r, uint64_t sp, uint64_t len)
{
	const struct proc_vma *below = NULL;

	array_for_each(r->in->vmas, vma) {
		if (sp > vma->start && sp <= vma->end) {
			bool guarded = below && below->end == vma->start && !vma->ino &&
				       !(below->flags & (VMF_READ | VMF_WRITE | VMF_EXEC)) &&
				       !(vma->flags & VMF_SHARED);

			return (guarded || !strcmp(vma->name, "[stack]")) &&
			       (vma->flags & VMF_WRITE) && sp - vma->start >= len + STACK_ROOM;
		}
		below = vma;
	}
	return false;
}

/* The thread that is to run the system calls goes first: one that the chain fits below. */
static void runner_choose(struct run *r)
{
	struct inject_thread *threads = r->in->threads, first = threads[0];

	for (size_t i = 0; i < r->in->nr_threads && i < RUNNER_TRIES; i++) {
		if (!chain_has_room(r, threads[i].regs->rsp, CHAIN_B + frame_len(&threads[i]) + 64))
			continue;
		threads[0] = threads[i];
		threads[i] = first;
		return;
	}
}

static int chain_write(struct run *r)
{
	const struct inject_thread *t = r->in->threads;
	uint64_t len = CHAIN_B + frame_len(t) + 64, sp = t->regs->rsp;
	auto_free char *buf = NULL;

	if (!r->sigreturn || !chain_has_room(r, sp, len))
		return 0;
	buf = calloc(1, len);
	r->saved = malloc(len);
	if (!buf || !r->saved)
		return -ENOMEM;
	r->chain = (sp - RED_ZONE - len) & ~63ull;
	r->chain_len = len;
	memcpy(buf, &r->sigreturn, 8);
	frame_build_munmap(buf + CHAIN_A, r, r->chain + CHAIN_G2);
	memcpy(buf + CHAIN_G2, &r->sigreturn, 8);
	frame_build(buf + CHAIN_B, r->chain + CHAIN_B, t);
	if (sys_mem_read(r->in->live_tid, r->chain, r->saved, len) ||
	    sys_mem_write(r->in->live_tid, r->chain, buf, len))
		r->chain = 0;
	return 0;
}

/* Continue to the next stop that is ours. *ret_event: 1 system call stop, 0 the marker. */
static int thread_next_stop(struct run *r, pid_t tid, bool to_syscall, int *ret_event)
{
	for (;;) {
		int status, signo, ret;

		ret = to_syscall ? ptrace_cont_to_syscall(tid) : ptrace_cont(tid, 0);
		if (!ret)
			ret = ptrace_wait_stop(tid, r->in->deadline_ns, &status);
		if (ret)
			return ret;
		signo = WSTOPSIG(status);
		if (signo == (SIGTRAP | 0x80)) {
			*ret_event = 1;
			return 0;
		}
		if (status >> 16)
			continue;	/* a group stop or its end, told to tracers */
		if (r->marker && signo == (int)r->marker) {
			*ret_event = 0;
			return 0;
		}
		if (signo == SIGSTOP)
			r->in->resend_stop = true;
		else if (signo == SIGSEGV || signo == SIGBUS || signo == SIGILL || signo == SIGTRAP)
			return -EFAULT;
	}
}

/* Run one system call at r->syscall; the registers stay behind it. */
static int runner_syscall(struct run *r, const struct user_regs_struct *regs, uint64_t *ret_value)
{
	pid_t tid = r->in->threads[0].tid;
	struct user_regs_struct after;
	size_t len;
	int event, ret = ptrace_set_regs(tid, regs);

	if (!ret)
		ret = ptrace_set_sigmask(tid, ~0ull);
	if (!ret)
		ret = thread_next_stop(r, tid, true, &event);
	if (!ret)
		ret = thread_next_stop(r, tid, true, &event);
	if (!ret)
		ret = ptrace_get_regs(tid, &after, &len);
	if (!ret)
		*ret_value = after.rax;
	return ret;
}

static struct user_regs_struct regs_at(const struct run *r, uint64_t rip, uint64_t rsp)
{
	struct user_regs_struct regs = *r->in->threads[0].regs;

	regs.rip = rip;
	regs.rsp = rsp;
	regs.orig_rax = (unsigned long long)-1;
	regs.eflags &= ~0x500ull;	/* no single step, forward direction */
	return regs;
}

static int runner_mmap(struct run *r, uint64_t len, int prot, int flags)
{
	uint64_t sp = r->chain ? r->chain : r->in->threads[0].regs->rsp;
	struct user_regs_struct regs = regs_at(r, r->syscall, sp);
	uint64_t value;
	int ret;

	regs.rax = SYS_mmap;
	regs.rdi = r->scratch;
	regs.rsi = len;
	regs.rdx = (unsigned long long)prot;
	regs.r10 = (unsigned long long)(MAP_PRIVATE | MAP_ANONYMOUS | flags);
	regs.r8 = (unsigned long long)-1;
	regs.r9 = 0;
	ret = runner_syscall(r, &regs, &value);
	if (ret)
		return ret;
	return (int64_t)value < 0 && (int64_t)value > -4096 ? (int)(int64_t)value : 0;
}

/* Where nothing may be both writable and executable (PR_SET_MDWE), the code gets its own. */
static int scratch_map(struct run *r)
{
	int ret = runner_mmap(r, r->scratch_len, PROT_READ | PROT_WRITE | PROT_EXEC,
			      MAP_FIXED_NOREPLACE);

	if (ret != -EACCES && ret != -EPERM)
		return ret;
	ret = runner_mmap(r, r->scratch_len, PROT_READ | PROT_WRITE, MAP_FIXED_NOREPLACE);
	if (!ret)
		ret = runner_mmap(r, r->count_addr - r->scratch, PROT_READ | PROT_EXEC, MAP_FIXED);
	return ret;
}

/* Writes where the task itself may not. */
static int mem_write_forced(pid_t pid, uint64_t addr, const void *buf, size_t len)
{
	auto_close int fd = -1;
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = pwrite(fd, buf, len, (off_t)addr);
	return n == (ssize_t)len ? 0 : n < 0 ? -errno : -EFAULT;
}

static int scratch_unmap(struct run *r)
{
	uint64_t sp = r->chain ? r->chain + CHAIN_G2 : r->in->threads[0].regs->rsp;
	struct user_regs_struct regs = regs_at(r, r->syscall, sp);
	uint64_t value;
	int ret;

	regs.rax = SYS_munmap;
	regs.rdi = r->scratch;
	regs.rsi = r->scratch_len;
	ret = runner_syscall(r, &regs, &value);
	return ret ? ret : (int)(int64_t)value;
}

static int scratch_fill(struct run *r)
{
	size_t head = r->slots_addr - r->scratch;
	auto_free char *buf = calloc(1, head);
	struct stub_task_facts *task;
	int ret;

	if (!buf)
		return -ENOMEM;
	memcpy(buf, stub_dump, (size_t)(stub_dump_end - stub_dump));
	task = (void *)(buf + (r->task_addr - r->scratch));
	task->nr_timers = (uint32_t)r->in->nr_timers;
	for (size_t i = 0; i < r->in->nr_timers; i++)
		task->timers[i].id = r->in->timer_ids[i];
	ret = sys_mem_write(r->in->live_tid, r->scratch, buf, head);
	return ret == -EFAULT ? mem_write_forced(r->in->live_tid, r->scratch, buf, head) : ret;
}

static uint64_t slot_args(const struct run *r, size_t slot)
{
	return r->slots_addr + slot * r->slot_len + SLOT_STACK;
}

/* What lies at slot_args(): the arguments, and the frame that leads back. */
static void slot_fill(const struct run *r, const struct inject_thread *t, uint64_t addr, char *buf)
{
	bool runner = t == r->in->threads;
	uint64_t frame = (addr + sizeof(struct stub_dump_args) + 63) & ~63ull;

	*(struct stub_dump_args *)(void *)buf = (struct stub_dump_args){
		.frame = runner && r->chain ? r->chain + CHAIN_B : frame,
		.chain = runner ? r->chain : 0,
		.count = (void *)r->count_addr,
		.task = runner ? (void *)r->task_addr : NULL,
		.pid = r->in->pid, .tid = t->tid, .marker = r->marker,
	};
	frame_build(buf + (frame - addr), frame, t);
}

static int slots_write(const struct run *r, const struct inject_thread *t, size_t nr, size_t slot)
{
	size_t len = r->slot_len - SLOT_STACK;
	auto_free char *buf = calloc(nr, len);
	struct iovec local = { buf, nr * len }, remote[BATCH];
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		remote[i] = (struct iovec){ (void *)slot_args(r, slot + i), len };
		slot_fill(r, &t[i], slot_args(r, slot + i), buf + i * len);
	}
	n = process_vm_writev(r->in->live_tid, &local, 1, remote, nr, 0);
	if (n < 0)
		return -errno;
	return (size_t)n == nr * len ? 0 : -EFAULT;
}

/* Told before the threads are sent and after they are back: see stub/dump.c, others_left(). */
static int count_write(const struct run *r, size_t nr_sent)
{
	struct stub_count count = { .nr_sent = (uint32_t)nr_sent };

	return sys_mem_write(r->in->live_tid, r->count_addr, &count, sizeof(count));
}

/* Send the thread to the stub; it does not run yet. */
static int thread_send(const struct run *r, const struct inject_thread *t, size_t slot)
{
	struct user_regs_struct regs = *t->regs;
	int ret;

	regs.rip = r->scratch;
	regs.rsp = slot_args(r, slot) - 8;	/* as after a call */
	regs.rdi = slot_args(r, slot);
	regs.orig_rax = (unsigned long long)-1;
	regs.eflags &= ~0x500ull;
	ret = ptrace_set_regs(t->tid, &regs);
	if (!ret)
		ret = ptrace_set_sigmask(t->tid, r->marker ? ~(1ull << (r->marker - 1)) : ~0ull);
	return ret;
}

/* Without a marker signal: stop at system calls until tgkill(2) has returned. */
static int thread_finish_by_syscalls(struct run *r, pid_t tid)
{
	struct user_regs_struct regs;
	size_t len;
	int event, ret;

	do {
		ret = thread_next_stop(r, tid, true, &event);
		if (!ret)
			ret = thread_next_stop(r, tid, true, &event);
		if (!ret)
			ret = ptrace_get_regs(tid, &regs, &len);
	} while (!ret && regs.orig_rax != SYS_tgkill);
	return ret;
}

/* Wait for the marker; a stop that is not it is passed over. */
static int thread_finish(struct run *r, pid_t tid)
{
	int status, event, ret;

	if (!r->marker)
		return thread_finish_by_syscalls(r, tid);
	ret = ptrace_wait_stop(tid, r->in->deadline_ns, &status);
	if (ret)
		return ret;
	if (!(status >> 16) && WSTOPSIG(status) == (int)r->marker)
		return 0;
	if (!(status >> 16) && WSTOPSIG(status) == SIGSTOP)
		r->in->resend_stop = true;
	else if (!(status >> 16))
		return -EFAULT;
	return thread_next_stop(r, tid, false, &event);
}

/* Mask first: a thread with its registers back must not have a wrong mask. */
static int thread_put_back(const struct inject_thread *t)
{
	int ret = ptrace_set_sigmask(t->tid, t->sigmask);

	return ret ? ret : ptrace_set_regs(t->tid, t->regs);
}

static int facts_read(const struct run *r, const struct inject_thread *t, size_t nr, size_t slot)
{
	struct iovec local[BATCH], remote[BATCH];
	ssize_t n;

	for (size_t i = 0; i < nr; i++) {
		uint64_t at = slot_args(r, slot + i) + offsetof(struct stub_dump_args, facts);

		local[i] = (struct iovec){ t[i].facts, sizeof(*t[i].facts) };
		remote[i] = (struct iovec){ (void *)at, sizeof(*t[i].facts) };
	}
	n = process_vm_readv(r->in->live_tid, local, nr, remote, nr, 0);
	if (n < 0)
		return -errno;
	return (size_t)n == nr * sizeof(*t->facts) ? 0 : -EFAULT;
}

/*
 * Threads [first, first + nr) through the stub, at slots from @slot on. All are put
 * back, but for the runner, which stays until the others are through.
 */
static int batch_run(struct run *r, size_t first, size_t nr, size_t slot)
{
	struct inject_thread *t = r->in->threads + first;
	size_t nr_sent = 0;
	int ret = slots_write(r, t, nr, slot);

	for (size_t i = 0; i < nr && !ret; i++) {
		if (first + i)
			ret = count_write(r, ++nr_sent);
		if (!ret)
			ret = thread_send(r, &t[i], slot + i);
		if (!ret && r->marker)
			ret = ptrace_cont(t[i].tid, 0);
	}
	for (size_t i = 0; i < nr && !ret; i++)
		ret = thread_finish(r, t[i].tid);
	if (!ret)
		ret = facts_read(r, t, nr, slot);
	for (size_t i = first ? 0 : 1; i < nr && !ret; i++) {
		ret = thread_put_back(&t[i]);
		if (!ret)
			ret = count_write(r, --nr_sent);
	}
	return ret;
}

static int stub_run(struct run *r, struct stub_task_facts *task)
{
	size_t done = batch_size(r), slots = batch_size(r);
	int ret = batch_run(r, 0, done, 0);

	while (!ret && done < r->in->nr_threads) {
		size_t nr = r->in->nr_threads - done;

		if (nr > slots - 1)
			nr = slots - 1;
		ret = batch_run(r, done, nr, 1);
		done += nr;
	}
	return ret ? ret : sys_mem_read(r->in->live_tid, r->task_addr, task, r->task_len);
}

/* A signal that is ignored or ignored by default, not caught, and pending nowhere. */
static unsigned int marker_choose(const struct inject *in)
{
	static const unsigned int by_default[] = { SIGWINCH, SIGURG, SIGCHLD };
	uint64_t taken = in->sig_caught;

	for (size_t i = 0; i < in->nr_threads; i++)
		taken |= in->threads[i].sig_pending;
	for (size_t i = 0; i < 3; i++)
		if (!(taken & 1ull << (by_default[i] - 1)))
			return by_default[i];
	for (unsigned int signo = 1; signo < 32; signo++)
		if (in->sig_ignored & ~taken & 1ull << (signo - 1))
			return signo;
	return 0;
}

/*
 * Whether mlockall(2) asked for future mappings shows only in a new one, which the
 * scratch is.
 */
static int scratch_look(struct run *r)
{
	struct proc_status st = { 0 };
	uint64_t word = 0;
	auto_close int fd = -1;
	int ret = proc_read_status(r->in->proc_fd, "", r->in->buf, &st);

	if (ret)
		return ret;
	proc_status_free(&st);
	if (st.locked_kb <= r->in->locked_kb)
		return 0;
	r->in->mlock_future = MCL_FUTURE;
	fd = openat(r->in->proc_fd, "pagemap", O_RDONLY | O_CLOEXEC);
	if (fd < 0 ||
	    pread(fd, &word, 8, (off_t)((r->scratch + r->scratch_len) / 4096 - 1) * 8) != 8)
		return -EIO;
	if (!(word >> 63))
		r->in->mlock_future |= MCL_ONFAULT;
	return 0;
}

/* After a failure threads may still run; bring each to where it was. */
static void thread_recover(const struct inject_thread *t)
{
	int status;

	if (!thread_put_back(t))
		return;
	if (ptrace_interrupt(t->tid) ||
	    ptrace_wait_stop(t->tid, ptrace_now_ns() + RECOVER_NS, &status))
		return;	/* it is gone */
	(void)thread_put_back(t);	/* likewise */
}

static void recover(struct run *r)
{
	for (size_t i = r->in->nr_threads; i > 0; i--)
		thread_recover(&r->in->threads[i - 1]);
	r->in->deadline_ns = ptrace_now_ns() + RECOVER_NS;
	if (r->mapped)
		(void)scratch_unmap(r);
	thread_recover(&r->in->threads[0]);
}

static int run_all(struct run *r, struct stub_task_facts *task)
{
	int ret;

	r->in->what = "map memory for crctl's questions in";
	ret = scratch_map(r);
	if (ret)
		return ret;
	r->mapped = true;
	ret = scratch_look(r);
	if (ret)
		return ret;
	r->in->what = "run crctl's questions in";
	ret = scratch_fill(r);
	if (!ret)
		ret = stub_run(r, task);
	if (!ret)
		ret = scratch_unmap(r);
	return ret;
}

/*
 * Whether the runner is still on its way out of a dump that was killed: then its
 * stack is no place for a chain.
 */
static bool runner_is_in_stub(const struct inject *in)
{
	const struct inject_thread *t = in->threads;
	unsigned char code[64];

	array_for_each(in->vmas, vma)
		if (t->regs->rip >= vma->start && t->regs->rip < vma->end)
			return vma->flags & VMF_EXEC && !vma->ino &&
			       !sys_mem_read(in->live_tid, vma->start, code, sizeof(code)) &&
			       !memcmp(code, stub_dump, sizeof(code));
	return false;
}

int inject_find_syscall(struct inject *in)
{
	struct run r = { .in = in };
	int ret = find_gadgets(&r);

	in->what = "find a system call instruction in";
	in->syscall = r.syscall;
	return ret;
}

int inject_run(struct inject *in, struct stub_task_facts **ret_task)
{
	struct run r = { .in = in, .marker = marker_choose(in) };
	auto_free struct stub_task_facts *task = NULL;
	auto_free char *saved = NULL;
	int ret;

	in->what = "find a system call instruction in";
	scratch_lay_out(&r);
	task = calloc(1, r.task_len);
	if (!task)
		return -ENOMEM;
	ret = find_gadgets(&r);
	if (r.sigreturn)
		runner_choose(&r);
	if (!ret && runner_is_in_stub(in)) {
		in->what = "begin while an earlier dump that was killed still leaves";
		ret = -EAGAIN;
	}
	if (!ret)
		ret = scratch_place(&r);
	if (!ret)
		ret = chain_write(&r);
	saved = r.saved;
	if (ret)
		return ret;
	in->syscall = r.syscall;
	ret = run_all(&r, task);
	if (!ret)
		ret = thread_put_back(&in->threads[0]);
	if (ret)
		recover(&r);
	if (r.chain && !ret)
		ret = sys_mem_write(in->live_tid, r.chain, r.saved, r.chain_len);
	if (!ret)
		*ret_task = steal_ptr(task);
	return ret;
}
