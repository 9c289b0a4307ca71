// SPDX-License-Identifier: GPL-2.0
/*
 * General registers, FPU and vector state (xsave), signal mask. Read and written
 * through ptrace(2): NT_PRSTATUS, NT_X86_XSTATE, PTRACE_GETSIGMASK. The image has
 * the components one by one; where each lies in the area is the CPU's business
 * (CPUID leaf 0xd).
 */
#include "task/regs.h"

#include <cpuid.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "task/task.h"

#define XSAVE_MAX 16384
#define XSTATE_BV 512 /* offset of xstate_bv in the area */

enum { XF_X87, XF_SSE, XF_YMM, XF_BNDREGS, XF_BNDCSR, XF_OPMASK, XF_ZMM_HI, XF_HI16_ZMM, XF_PKRU = 9 };

static uint64_t xsave_features(void)
{
	unsigned int a, b, c, d;

	if (!__get_cpuid_count(0xd, 0, &a, &b, &c, &d))
		return 3;
	return (uint64_t)d << 32 | a;
}

/* Where component @nr lies in the standard layout; 0 when the CPU does not have it. */
static unsigned int xsave_offset(int nr, unsigned int *ret_len)
{
	unsigned int a, b, c, d;

	if (!(xsave_features() >> nr & 1) || !__get_cpuid_count(0xd, (unsigned int)nr, &a, &b, &c, &d))
		return 0;
	*ret_len = a;
	return b;
}

static const char *xsave_name(int nr)
{
	static const char *const names[] = { "x87", "SSE", "AVX", "MPX", "MPX", "AVX-512",
					     "AVX-512", "AVX-512", "PT", "protection keys" };

	return nr < (int)(sizeof(names) / sizeof(*names)) ? names[nr] : "extended";
}

static int regs_check(struct restore *r, uint32_t tid, const UserX86FpregsEntry *fp)
{
	uint64_t have = xsave_features();

	if (fp->n_st_space != 32 || fp->n_xmm_space != 64)
		return fail(r->ctx.err, -EINVAL, "core-%u.img: its FPU state has a wrong size", tid);
	for (int i = 0; fp->xsave && i < 63; i++) {
		if (fp->xsave->xstate_bv >> i & 1 && !(have >> i & 1))
			return fail(r->ctx.err, -EOPNOTSUPP,
				    "thread %u uses %s registers (xsave component %d), which this CPU does not have; restore on a CPU like the one it was dumped on",
				    tid, xsave_name(i), i);
	}
	return 0;
}

static void xsave_put(char *area, size_t len, int nr, const void *data, size_t data_len)
{
	unsigned int size = 0, offset = xsave_offset(nr, &size);

	if (data_len > size)
		data_len = size;
	if (offset && offset + data_len <= len)
		memcpy(area + offset, data, data_len);
}

static void regs_fill_fpu(const UserX86FpregsEntry *fp, char *area, size_t len)
{
	struct user_fpregs_struct *fx = (struct user_fpregs_struct *)area;
	const UserX86XsaveEntry *x = fp->xsave;
	uint64_t bv = x ? x->xstate_bv : 3;

	memset(area, 0, len);
	fx->cwd = (uint16_t)fp->cwd;
	fx->swd = (uint16_t)fp->swd;
	fx->ftw = (uint16_t)fp->twd;
	fx->fop = (uint16_t)fp->fop;
	fx->rip = fp->rip;
	fx->rdp = fp->rdp;
	fx->mxcsr = fp->mxcsr;
	fx->mxcr_mask = fp->mxcsr_mask;
	memcpy(fx->st_space, fp->st_space, sizeof(fx->st_space));
	memcpy(fx->xmm_space, fp->xmm_space, sizeof(fx->xmm_space));
	if (len <= XSTATE_BV)
		return;
	memcpy(area + XSTATE_BV, &bv, sizeof(bv));
	if (!x)
		return;
	xsave_put(area, len, XF_YMM, x->ymmh_space, x->n_ymmh_space * 4);
	xsave_put(area, len, XF_BNDREGS, x->bndreg_state, x->n_bndreg_state * 8);
	xsave_put(area, len, XF_BNDCSR, x->bndcsr_state, x->n_bndcsr_state * 8);
	xsave_put(area, len, XF_OPMASK, x->opmask_reg, x->n_opmask_reg * 8);
	xsave_put(area, len, XF_ZMM_HI, x->zmm_upper, x->n_zmm_upper * 8);
	xsave_put(area, len, XF_HI16_ZMM, x->hi16_zmm, x->n_hi16_zmm * 8);
	xsave_put(area, len, XF_PKRU, x->pkru, x->n_pkru * 4);
}

static void regs_fill_general(const UserX86RegsEntry *g, struct user_regs_struct *u)
{
	*u = (struct user_regs_struct){
		.r15 = g->r15, .r14 = g->r14, .r13 = g->r13, .r12 = g->r12,
		.rbp = g->bp,  .rbx = g->bx,  .r11 = g->r11, .r10 = g->r10,
		.r9 = g->r9,   .r8 = g->r8,   .rax = g->ax,  .rcx = g->cx,
		.rdx = g->dx,  .rsi = g->si,  .rdi = g->di,
		/* what restarts was rewound at the dump already */
		.orig_rax = (unsigned long long)-1,
		.rip = g->ip,  .cs = g->cs,   .eflags = g->flags, .rsp = g->sp,
		.ss = g->ss,   .fs_base = g->fs_base, .gs_base = g->gs_base,
		.ds = g->ds,   .es = g->es,   .fs = g->fs,   .gs = g->gs,
	};
}

static uint64_t regs_sigmask(const CoreEntry *core)
{
	if (core->thread_core->has_blk_sigset)
		return core->thread_core->blk_sigset;
	return core->tc ? core->tc->blk_sigset : 0;
}

int regs_restore_thread(struct restore *r, pid_t tid, const CoreEntry *core)
{
	char area[XSAVE_MAX] __attribute__((aligned(64)));
	struct user_regs_struct regs;
	struct iovec iov = { .iov_base = area, .iov_len = sizeof(area) };
	uint64_t mask = regs_sigmask(core);

	/* its length is what PTRACE_SETREGSET wants to the byte (xstateregs_set) */
	if (ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &iov))
		return fail_errno(r->ctx.err, -errno, "thread %d: reading its vector registers", tid);
	regs_fill_fpu(core->thread_info->fpregs, area, iov.iov_len);
	if (ptrace(PTRACE_SETREGSET, tid, NT_X86_XSTATE, &iov))
		return fail_errno(r->ctx.err, -errno, "thread %d: setting its vector registers", tid);
	if (ptrace(PTRACE_SETSIGMASK, tid, sizeof(mask), &mask))
		return fail_errno(r->ctx.err, -errno, "thread %d: setting its signal mask", tid);
	regs_fill_general(core->thread_info->gpregs, &regs);
	iov = (struct iovec){ .iov_base = &regs, .iov_len = sizeof(regs) };
	if (ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov))
		return fail_errno(r->ctx.err, -errno, "thread %d: setting its registers", tid);
	return 0;
}

static int regs_restore(struct restore *r, struct restore_task *task, const CoreEntry *core,
			const CrctlThreadEntry *extra, struct stub_thread *thread)
{
	const UserX86RegsEntry *g = core->thread_info->gpregs;

	if (g->has_mode && g->mode != USER_X86_REGS_MODE__NATIVE)
		return fail(r->ctx.err, -EOPNOTSUPP,
			    "thread %u is a 32-bit program; those are not supported yet",
			    thread->tid);
	thread->clear_tid = core->thread_info->clear_tid_addr;
	return regs_check(r, thread->tid, core->thread_info->fpregs);
}

const struct task_kind regs_kind = {
	.name = "registers",
	.restore = regs_restore,
};
