// SPDX-License-Identifier: GPL-2.0
/*
 * Registers of a thread: general, x87, SSE, AVX, AVX-512, protection keys, and
 * the TLS entries of the GDT. Seen with PTRACE_GETREGSET. A system call that the
 * stop interrupted is set to run again; one that would go on with the rest of
 * its time is given that rest, as far as the module tells it or it can be found out.
 */
#include "task/regs.h"

#include <asm/ldt.h>
#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <time.h>

#include "kapi/ask.h"
#include "kapi/ptrace.h"
#include "kapi/sys.h"
#include "stub/dump.h"
#include "task/task.h"

/* ---- dump ---- */

#define GDT_TLS_MIN 12
#define GDT_TLS_NR 3
#define XSAVE_HEADER 512
#define XSAVE_AVX 576
#define XFEATURES_AT 464	/* in the software-reserved bytes: the features present */

enum { RESTARTSYS = 512, RESTARTNOINTR = 513, RESTARTNOHAND = 514, RESTARTBLOCK = 516 };

struct xfeature {
	int bit;
	uint32_t len;
};

static const struct xfeature xf_opmask = { 5, 64 }, xf_zmm_upper = { 6, 512 },
	xf_hi16_zmm = { 7, 1024 }, xf_pkru = { 9, 8 }, xf_bndreg = { 3, 64 }, xf_bndcsr = { 4, 16 };

/* Offset in the standard format (CPUID leaf 13) of component @nr, 0: the CPU lacks it. */
static uint32_t xsave_offset(struct xsave_layout *x, unsigned int nr, uint32_t *ret_len)
{
	unsigned int len, offset, c, d;

	if (!(x->known & 1u << nr)) {
		__cpuid_count(13, nr, len, offset, c, d);
		x->offset[nr] = len ? offset : 0;
		x->len[nr] = len;
		x->known |= 1u << nr;
	}
	*ret_len = x->len[nr];
	return x->offset[nr];
}

/* Calls whose rest of time the kernel keeps to itself (restart_syscall(2)). */
static bool call_restarts(uint32_t nr)
{
	return nr == SYS_nanosleep || nr == SYS_clock_nanosleep || nr == SYS_poll ||
	       nr == SYS_futex;
}

/*
 * orig_ax is restart_syscall itself when the call was interrupted before: the
 * number is then looked for where the program loaded it, in front of the call.
 */
static uint32_t call_number(const struct dump_task *task, const struct user_regs_struct *regs)
{
	unsigned char code[32];
	uint32_t nr;

	if (regs->orig_rax != SYS_restart_syscall)
		return (uint32_t)regs->orig_rax;
	if (sys_mem_read(task->live_tid, regs->rip - 2 - sizeof(code), code, sizeof(code)))
		return 0;
	for (size_t at = sizeof(code) - 5; at > 1; at--) {
		if (code[at] != 0xb8 && !(code[at - 1] == 0xc7 && code[at] == 0xc0))
			continue;
		memcpy(&nr, code + at + 1, 4);
		if (call_restarts(nr))
			return nr;
	}
	return 0;
}

/* Where the call has its time-out: an address, or milliseconds for poll(2); 0: none. */
static uint64_t call_timeout(uint32_t nr, const struct user_regs_struct *regs)
{
	switch (nr) {
	case SYS_nanosleep:
		return regs->rdi;
	case SYS_clock_nanosleep:
		return regs->rsi & 1 ? 0 : regs->rdx; /* TIMER_ABSTIME */
	case SYS_poll:
		return (int)regs->rdx > 0 ? regs->rdx : 0;
	default:
		return regs->rsi & 127 ? 0 : regs->r10; /* FUTEX_WAIT only counts down */
	}
}

static bool timespec_read(const struct dump_task *task, uint64_t at, uint64_t *ret_ns)
{
	struct timespec ts;

	if (sys_mem_read(task->live_tid, at, &ts, sizeof(ts)) || ts.tv_sec < 0 ||
	    ts.tv_sec > INT32_MAX || ts.tv_nsec < 0 || ts.tv_nsec > 999999999)
		return false;
	*ret_ns = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	return true;
}

/*
 * How much time is left of a call. A sleep that was to tell its caller was told by
 * the stop (kernel/time/hrtimer.c, nanosleep_copyout); else the time-out less what
 * was slept, which is too much after a call was interrupted more than once.
 */
static void regs_restart_left(const struct dump_task *task, const struct dump_thread *thread,
			      uint32_t nr, const struct user_regs_struct *regs,
			      CrctlThreadEntry *extra)
{
	uint64_t at = call_timeout(nr, regs), total, rest = 0;

	if (!at)
		return;
	if (nr == SYS_nanosleep)
		rest = regs->rsi;
	else if (nr == SYS_clock_nanosleep)
		rest = regs->r10;
	if (rest && timespec_read(task, rest, &total)) {
		extra->restart_left_ns = total ? total : 1;
	} else {
		if (nr == SYS_poll)
			total = at * 1000000;
		else if (!timespec_read(task, at, &total))
			return;
		if (!thread->slept_ns)
			return;
		extra->restart_left_ns = total > thread->slept_ns ? total - thread->slept_ns : 1;
	}
	extra->has_restart_left_ns = true;
}

/* Clock ids are small or negative, addresses are not. */
static uint32_t sleep_number(const struct user_regs_struct *regs)
{
	return regs->rdi < 16 || (int64_t)regs->rdi < 0 ? SYS_clock_nanosleep : SYS_nanosleep;
}

/* What the module tells of it: the call, and the time that is left however often it restarted. */
static bool regs_restart_told(const struct dump_thread *thread,
			      const struct user_regs_struct *regs, CrctlThreadEntry *extra)
{
	const struct crctl_thread *f = thread->told ? &thread->told->facts : NULL;

	if (!f || (f->restart != CRCTL_RESTART_SLEEP && f->restart != CRCTL_RESTART_POLL &&
		   f->restart != CRCTL_RESTART_FUTEX))
		return false;
	extra->restart_nr = f->restart == CRCTL_RESTART_SLEEP ? sleep_number(regs) :
			    f->restart == CRCTL_RESTART_POLL ? SYS_poll : SYS_futex;
	extra->has_restart_left_ns = f->restart_has_timeout != 0;
	extra->restart_left_ns = f->restart_left_ns ? f->restart_left_ns : 1;
	return true;
}

static void regs_restart(const struct dump_task *task, const struct dump_thread *thread,
			 struct user_regs_struct *regs, CrctlThreadEntry *extra)
{
	uint32_t nr;

	if ((long)regs->orig_rax < 0)
		return;
	switch (-(long)regs->rax) {
	case RESTARTSYS:
	case RESTARTNOINTR:
	case RESTARTNOHAND:
		regs->rax = regs->orig_rax;
		regs->rip -= 2;
		break;
	case RESTARTBLOCK:
		if (!regs_restart_told(thread, regs, extra)) {
			nr = call_number(task, regs);
			if (!call_restarts(nr)) {
				regs->rax = (unsigned long long)-EINTR;
				break;
			}
			regs_restart_left(task, thread, nr, regs, extra);
			extra->restart_nr = nr;
		}
		regs->rax = extra->restart_nr;
		regs->rip -= 2;
		extra->has_restart_nr = true;
		break;
	}
}

static int gpregs_dump(const struct user_regs_struct *r, ThreadInfoX86 *info)
{
	UserX86RegsEntry *g = message_new(UserX86RegsEntry, user_x86_regs_entry__init);

	if (!g)
		return -ENOMEM;
	info->gpregs = g;
	g->r15 = r->r15;
	g->r14 = r->r14;
	g->r13 = r->r13;
	g->r12 = r->r12;
	g->bp = r->rbp;
	g->bx = r->rbx;
	g->r11 = r->r11;
	g->r10 = r->r10;
	g->r9 = r->r9;
	g->r8 = r->r8;
	g->ax = r->rax;
	g->cx = r->rcx;
	g->dx = r->rdx;
	g->si = r->rsi;
	g->di = r->rdi;
	g->orig_ax = r->orig_rax;
	g->ip = r->rip;
	g->cs = r->cs;
	g->flags = r->eflags;
	g->sp = r->rsp;
	g->ss = r->ss;
	g->fs_base = r->fs_base;
	g->gs_base = r->gs_base;
	g->ds = r->ds;
	g->es = r->es;
	g->fs = r->fs;
	g->gs = r->gs;
	g->has_mode = true;
	g->mode = USER_X86_REGS_MODE__NATIVE;
	return 0;
}

/* Copy of @len bytes as an array of a message; *ret_nr counts items of @item_len. */
static int bytes_dump(const char *from, size_t len, size_t item_len, void *ret_items,
		      size_t *ret_nr)
{
	void *items = malloc(len);

	if (!items)
		return -ENOMEM;
	memcpy(items, from, len);
	*(void **)ret_items = items;
	*ret_nr = len / item_len;
	return 0;
}

static size_t xfeature_offset(struct dump *d, const struct dump_thread *t,
			      const struct xfeature *f)
{
	uint64_t present;
	uint32_t len;
	size_t at;

	memcpy(&present, (const char *)t->xstate + XFEATURES_AT, 8);
	if (!(present & 1ull << f->bit))
		return 0;
	at = xsave_offset(&d->ctx.xsave, (unsigned int)f->bit, &len);
	return at && at + f->len <= t->xstate_len ? at : 0;
}

static int xfeature_dump(struct dump *d, const struct dump_thread *t, const struct xfeature *f,
			 size_t item_len, void *ret_items, size_t *ret_nr)
{
	size_t at = xfeature_offset(d, t, f);

	if (!at)
		return 0;
	return bytes_dump((const char *)t->xstate + at, f->len, item_len, ret_items, ret_nr);
}

static int xsave_dump(struct dump *d, const struct dump_thread *t, UserX86FpregsEntry *fp)
{
	const char *x = t->xstate;
	UserX86XsaveEntry *s;
	int ret;

	if (t->xstate_len <= XSAVE_AVX)
		return 0;
	s = message_new(UserX86XsaveEntry, user_x86_xsave_entry__init);
	if (!s)
		return -ENOMEM;
	fp->xsave = s;
	memcpy(&s->xstate_bv, x + XSAVE_HEADER, 8);
	ret = bytes_dump(x + XSAVE_AVX, 256, 4, &s->ymmh_space, &s->n_ymmh_space);
	if (!ret)
		ret = xfeature_dump(d, t, &xf_bndreg, 8, &s->bndreg_state, &s->n_bndreg_state);
	if (!ret)
		ret = xfeature_dump(d, t, &xf_bndcsr, 8, &s->bndcsr_state, &s->n_bndcsr_state);
	if (!ret)
		ret = xfeature_dump(d, t, &xf_opmask, 8, &s->opmask_reg, &s->n_opmask_reg);
	if (!ret)
		ret = xfeature_dump(d, t, &xf_zmm_upper, 8, &s->zmm_upper, &s->n_zmm_upper);
	if (!ret)
		ret = xfeature_dump(d, t, &xf_hi16_zmm, 8, &s->hi16_zmm, &s->n_hi16_zmm);
	if (!ret)
		ret = xfeature_dump(d, t, &xf_pkru, 4, &s->pkru, &s->n_pkru);
	return ret;
}

static int fpregs_dump(struct dump *d, const struct dump_thread *t, ThreadInfoX86 *info)
{
	UserX86FpregsEntry *fp = message_new(UserX86FpregsEntry, user_x86_fpregs_entry__init);
	const char *x = t->xstate;
	uint16_t word;
	int ret;

	if (!fp)
		return -ENOMEM;
	info->fpregs = fp;
	memcpy(&word, x, 2);
	fp->cwd = word;
	memcpy(&word, x + 2, 2);
	fp->swd = word;
	memcpy(&word, x + 4, 2);
	fp->twd = word;
	memcpy(&word, x + 6, 2);
	fp->fop = word;
	memcpy(&fp->rip, x + 8, 8);
	memcpy(&fp->rdp, x + 16, 8);
	memcpy(&fp->mxcsr, x + 24, 4);
	memcpy(&fp->mxcsr_mask, x + 28, 4);
	ret = bytes_dump(x + 32, 128, 4, &fp->st_space, &fp->n_st_space);
	if (!ret)
		ret = bytes_dump(x + 160, 256, 4, &fp->xmm_space, &fp->n_xmm_space);
	return ret ? ret : xsave_dump(d, t, fp);
}

static void tls_desc_dump(const struct user_desc *desc, UserDescT *e)
{
	e->entry_number = desc->entry_number;
	e->base_addr = desc->base_addr;
	e->limit = desc->limit;
	e->seg_32bit = desc->seg_32bit;
	e->contents_h = desc->contents >> 1 & 1;
	e->contents_l = desc->contents & 1;
	e->read_exec_only = desc->read_exec_only;
	e->limit_in_pages = desc->limit_in_pages;
	e->seg_not_present = desc->seg_not_present;
	e->usable = desc->useable;
}

static int tls_dump(struct dump *d, const struct dump_thread *t, ThreadInfoX86 *info)
{
	info->tls = calloc(GDT_TLS_NR, sizeof(*info->tls));
	if (!info->tls)
		return -ENOMEM;
	for (int i = 0; i < GDT_TLS_NR; i++) {
		struct user_desc desc = { 0 };
		UserDescT *e = message_new(UserDescT, user_desc_t__init);

		if (!e)
			return -ENOMEM;
		info->tls[info->n_tls++] = e;
		/* 64-bit code can only have asked for one to load its selector. */
		if (!(t->regs.fs | t->regs.gs | t->regs.ds | t->regs.es) ||
		    ptrace_get_thread_area(t->tid, GDT_TLS_MIN + i, &desc)) {
			desc = (struct user_desc){ .read_exec_only = 1, .seg_not_present = 1 };
			desc.entry_number = (unsigned int)(GDT_TLS_MIN + i);
		}
		tls_desc_dump(&desc, e);
	}
	return 0;
}

static int regs_dump(struct dump *d, struct dump_task *task, struct dump_thread *thread,
		     CoreEntry *core, CrctlThreadEntry *extra)
{
	struct user_regs_struct regs = thread->regs;
	ThreadInfoX86 *info = message_new(ThreadInfoX86, thread_info_x86__init);
	int ret;

	if (!info)
		return -ENOMEM;
	core->thread_info = info;
	info->clear_tid_addr = thread->facts->tid_address;
	regs_restart(task, thread, &regs, extra);
	ret = gpregs_dump(&regs, info);
	if (!ret)
		ret = fpregs_dump(d, thread, info);
	return ret ? ret : tls_dump(d, thread, info);
}

/* ---- restore ---- */

#define XSAVE_MAX 16384
#define XSTATE_BV 512 /* offset of xstate_bv in the area */

enum {
	XF_X87,
	XF_SSE,
	XF_YMM,
	XF_BNDREGS,
	XF_BNDCSR,
	XF_OPMASK,
	XF_ZMM_HI,
	XF_HI16_ZMM,
	XF_PKRU = 9
};

/* What the kernel lets programs use; XGETBV does not trap. */
static uint64_t xsave_features(void)
{
	uint32_t low, high;

	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
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
		return fail(r->ctx.err, -EINVAL, "core-%u.img: its FPU state has a wrong size",
			    tid);
	for (int i = 0; fp->xsave && i < 63; i++) {
		if (fp->xsave->xstate_bv >> i & 1 && !(have >> i & 1))
			return fail(
				r->ctx.err, -EOPNOTSUPP,
				"thread %u uses %s registers (xsave component %d), which this CPU "
				"does not have; restore on a CPU like the one it was dumped on",
				tid, xsave_name(i), i);
	}
	return 0;
}

static void xsave_put(struct xsave_layout *l, char *area, size_t len, int nr, const void *data,
		      size_t data_len)
{
	uint32_t size, offset;

	if (!data_len)
		return;
	offset = xsave_offset(l, (unsigned int)nr, &size);
	if (data_len > size)
		data_len = size;
	if (offset && offset + data_len <= len)
		memcpy(area + offset, data, data_len);
}

static void regs_fill_fpu(struct xsave_layout *l, const UserX86FpregsEntry *fp, char *area,
			  size_t len)
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
	xsave_put(l, area, len, XF_YMM, x->ymmh_space, x->n_ymmh_space * 4);
	xsave_put(l, area, len, XF_BNDREGS, x->bndreg_state, x->n_bndreg_state * 8);
	xsave_put(l, area, len, XF_BNDCSR, x->bndcsr_state, x->n_bndcsr_state * 8);
	xsave_put(l, area, len, XF_OPMASK, x->opmask_reg, x->n_opmask_reg * 8);
	xsave_put(l, area, len, XF_ZMM_HI, x->zmm_upper, x->n_zmm_upper * 8);
	xsave_put(l, area, len, XF_HI16_ZMM, x->hi16_zmm, x->n_hi16_zmm * 8);
	xsave_put(l, area, len, XF_PKRU, x->pkru, x->n_pkru * 4);
}

static void regs_fill_general(const UserX86RegsEntry *g, struct user_regs_struct *u)
{
	*u = (struct user_regs_struct){
		.r15 = g->r15, .r14 = g->r14, .r13 = g->r13, .r12 = g->r12,
		.rbp = g->bp,  .rbx = g->bx,  .r11 = g->r11, .r10 = g->r10,
		.r9 = g->r9,   .r8 = g->r8,   .rax = g->ax,  .rcx = g->cx,
		.rdx = g->dx,  .rsi = g->si,  .rdi = g->di,
		/* what restarts was rewound at the dump, but for a call that goes on (resume.c) */
		.orig_rax = g->ax == (uint64_t)-RESTARTBLOCK ? g->orig_ax :
							       (unsigned long long)-1,
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
		return fail_errno(r->ctx.err, -errno, "thread %d: reading its vector registers",
				  tid);
	regs_fill_fpu(&r->ctx.xsave, core->thread_info->fpregs, area, iov.iov_len);
	if (ptrace(PTRACE_SETREGSET, tid, NT_X86_XSTATE, &iov))
		return fail_errno(r->ctx.err, -errno, "thread %d: setting its vector registers",
				  tid);
	if (ptrace(PTRACE_SETSIGMASK, tid, sizeof(mask), &mask))
		return fail_errno(r->ctx.err, -errno, "thread %d: setting its signal mask", tid);
	regs_fill_general(core->thread_info->gpregs, &regs);
	iov = (struct iovec){ .iov_base = &regs, .iov_len = sizeof(regs) };
	if (ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov))
		return fail_errno(r->ctx.err, -errno, "thread %d: setting its registers", tid);
	return 0;
}

/* The stub starts the call again for the time that is left (stub/restore.c, stub_sleep). */
static void regs_restore_restart(const UserX86RegsEntry *g, const CrctlThreadEntry *extra,
				 struct stub_thread *th)
{
	uint64_t left = extra->restart_left_ns, time = (uintptr_t)th->restart_time;

	th->restart_args[0] = g->di;
	th->restart_args[1] = g->si;
	th->restart_args[2] = g->dx;
	th->restart_args[3] = g->r10;
	th->restart_args[4] = g->r8;
	th->restart_args[5] = g->r9;
	th->restart_time[0] = (int64_t)(left / 1000000000);
	th->restart_time[1] = (int64_t)(left % 1000000000);
	if (extra->restart_nr == SYS_nanosleep)
		th->restart_args[0] = time;
	else if (extra->restart_nr == SYS_clock_nanosleep)
		th->restart_args[2] = time;
	else if (extra->restart_nr == SYS_futex)
		th->restart_args[3] = time;
	else if (extra->restart_nr == SYS_poll)
		th->restart_args[2] = (left + 999999) / 1000000;
	else
		return;
	th->restart_nr = extra->restart_nr;
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
	if (extra && extra->has_restart_nr && extra->has_restart_left_ns)
		regs_restore_restart(g, extra, thread);
	return regs_check(r, thread->tid, core->thread_info->fpregs);
}

const struct task_kind regs_kind = {
	.name = "registers",
	.dump = regs_dump,
	.restore = regs_restore,
};
