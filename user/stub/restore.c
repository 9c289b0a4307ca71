// SPDX-License-Identifier: GPL-2.0
/*
 * The last steps of a restored task, run from the bootstrap area after the
 * engine's memory is gone: memory is moved into place, threads are made, and
 * every thread applies what only it can apply to itself. Then it parks; the
 * master sets its registers and unmaps the area from outside. No libc.
 */
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/time.h>
#include <linux/wait.h>
#include <asm/errno.h>
#include <stddef.h>

#include "stub/restore_args.h"
#include "stub/syscall.h"

#define ptr(type, value) ((type *)(unsigned long)(value))
#define PR_TIMER_RESTORE_IDS 77 /* PR_TIMER_CREATE_RESTORE_IDS, Linux 6.16 */
#define NSEC		     1000000000L
#define SIGKILL_NR	     9
#define SIGCHLD_NR	     17
#define NR_mseal	     462 /* Linux 6.10 */
#define PR_SET_MDWE_NR	     65	 /* PR_SET_MDWE, Linux 6.3 */
#define SECBIT_NO_FIXUP	     4 /* SECBIT_NO_SETUID_FIXUP */
#define SETLEASE	     1024 /* F_SETLEASE */
#define MREMAP_HERE	     3 /* MREMAP_MAYMOVE | MREMAP_FIXED */

void stub_entry(struct stub_task *task);
static void stub_task_run(struct stub_task *t);

/*
 * The call that the dump interrupted, for the time that was left. The master's stop
 * interrupts it in turn, which leaves the thread with a restart block like the one
 * it had: nothing else can set one.
 */
static void stub_sleep(struct stub_thread *th)
{
	uint64_t *a = th->restart_args;

	th->restart_ret = sys6(th->restart_nr, (long)a[0], (long)a[1], (long)a[2], (long)a[3],
			       (long)a[4], (long)a[5]);
	__atomic_store_n(&th->restart_done, 1, __ATOMIC_SEQ_CST);
}

static void __attribute__((noreturn)) stub_park(struct stub_shared *s, struct stub_thread *th)
{
	if (__atomic_add_fetch(&s->parked, 1, __ATOMIC_SEQ_CST) >= s->expected_threads)
		sys3(__NR_futex, &s->parked, FUTEX_WAKE, 1);
	if (th->restart_nr)
		stub_sleep(th);
	for (;;)
		sys4(__NR_futex, &s->stage, FUTEX_WAIT, STAGE_FINISH, 0);
}

static void __attribute__((noreturn)) stub_fail(struct stub_task *t, unsigned int step, long ret,
						unsigned long arg)
{
	struct stub_shared *s = ptr(struct stub_shared, t->shared);
	unsigned int none = 0;
	long wait[2] = { 1000, 0 };

	if (__atomic_compare_exchange_n(&s->error.claimed, &none, 1, 0, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST)) {
		s->error.ret = (int)ret;
		s->error.pid = t->pid;
		s->error.arg = arg;
		s->error.step = step;
	}
	__atomic_store_n(&s->failed, 1, __ATOMIC_SEQ_CST);
	sys3(__NR_futex, &s->arrived, FUTEX_WAKE, 1);
	sys3(__NR_futex, &s->parked, FUTEX_WAKE, 1);
	for (;;)
		sys2(__NR_nanosleep, wait, 0);
}

static void stub_wait_stage(struct stub_shared *s, unsigned int stage)
{
	unsigned int now;

	while ((now = __atomic_load_n(&s->stage, __ATOMIC_SEQ_CST)) < stage)
		sys4(__NR_futex, &s->stage, FUTEX_WAIT, now, 0);
}

static void stub_arrive(struct stub_shared *s)
{
	if (__atomic_add_fetch(&s->arrived, 1, __ATOMIC_SEQ_CST) >= s->expected)
		sys3(__NR_futex, &s->arrived, FUTEX_WAKE, 1);
}

static void stub_memory(struct stub_task *t)
{
	struct stub_range *unmaps = ptr(struct stub_range, t->unmaps);
	struct stub_move *moves = ptr(struct stub_move, t->moves);
	unsigned long i;
	long ret;

	for (i = 0; i < t->nr_unmaps; i++) {
		ret = sys2(__NR_munmap, unmaps[i].start, unmaps[i].end - unmaps[i].start);
		if (ret)
			stub_fail(t, STEP_UNMAP, ret, unmaps[i].start);
	}
	for (i = 0; i < t->nr_moves; i++) {
		ret = sys5(__NR_mremap, moves[i].from, moves[i].len, moves[i].len, MREMAP_HERE,
			   moves[i].to);
		if (ret != (long)moves[i].to)
			stub_fail(t, STEP_MOVE, ret, moves[i].to);
	}
	ret = sys5(__NR_prctl, PR_SET_MM, PR_SET_MM_MAP, &t->mm, sizeof(t->mm), 0);
	if (ret)
		stub_fail(t, STEP_MM, ret, 0);
}

/* What memory must not do any more; nothing of it is changed after this but the area. */
static void stub_memory_locks(struct stub_task *t)
{
	struct stub_range *seals = ptr(struct stub_range, t->seals);
	unsigned long i;
	long ret;

	for (i = 0; i < t->nr_seals; i++) {
		ret = sys3(NR_mseal, seals[i].start, seals[i].end - seals[i].start, 0);
		if (ret)
			stub_fail(t, STEP_SEAL, ret, seals[i].start);
	}
	if (t->mlock_future) {
		ret = sys1(__NR_mlockall, t->mlock_future);
		if (ret)
			stub_fail(t, STEP_PROTECT, ret, t->mlock_future);
	}
	if (t->mdwe) {
		ret = sys5(__NR_prctl, PR_SET_MDWE_NR, t->mdwe, 0, 0, 0);
		if (ret)
			stub_fail(t, STEP_PROTECT, ret, t->mdwe);
	}
}

static void stub_sched(struct stub_task *t, struct stub_thread *th)
{
	struct {
		unsigned int size, policy;
		unsigned long long flags;
		int nice;
		unsigned int prio;
		unsigned long long runtime, deadline, period;
	} attr = { sizeof(attr), th->sched_policy, th->sched_flags, th->sched_nice,
		   th->sched_prio, th->sched_runtime, th->sched_deadline, th->sched_period };
	long ret;

	if (th->cpu_mask) {
		ret = sys3(__NR_sched_setaffinity, 0, th->cpu_mask_len, th->cpu_mask);
		if (ret)
			stub_fail(t, STEP_AFFINITY, ret, th->tid);
	}
	if (th->has_sched) {
		ret = sys3(__NR_sched_setattr, 0, &attr, 0);
		if (ret)
			stub_fail(t, STEP_SCHED, ret, th->tid);
	}
	if (th->has_ioprio) {
		ret = sys3(__NR_ioprio_set, 1, 0, th->ioprio);
		if (ret)
			stub_fail(t, STEP_IOPRIO, ret, th->tid);
	}
	if (th->timer_slack)
		sys5(__NR_prctl, PR_SET_TIMERSLACK, th->timer_slack, 0, 0, 0);
}

static void stub_seccomp(struct stub_task *t, struct stub_thread *th)
{
	struct stub_filter *f = ptr(struct stub_filter, th->filters);
	struct stub_thread *leader = ptr(struct stub_thread, t->threads);
	unsigned int i, common = th == leader ? t->nr_common_filters : 0;
	long ret;

	while (th != leader && t->nr_common_filters &&
	       !__atomic_load_n(&t->filters_ready, __ATOMIC_SEQ_CST))
		sys4(__NR_futex, &t->filters_ready, FUTEX_WAIT, 0, 0);
	for (i = 0; i < th->nr_filters; i++) {
		struct {
			unsigned short len;
			unsigned long insns;
		} prog = { (unsigned short)f[i].nr_insns, f[i].insns };

		ret = sys3(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
			   f[i].flags | (i < common ? SECCOMP_FILTER_FLAG_TSYNC : 0), &prog);
		if (ret)
			stub_fail(t, STEP_SECCOMP, ret > 0 ? -ESRCH : ret, th->tid);
		if (i + 1 == common) {
			__atomic_store_n(&t->filters_ready, 1, __ATOMIC_SEQ_CST);
			sys3(__NR_futex, &t->filters_ready, FUTEX_WAKE, 0x7fffffff);
		}
	}
	if (th->seccomp_mode == SECCOMP_MODE_STRICT) {
		ret = sys3(__NR_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0);
		if (ret)
			stub_fail(t, STEP_SECCOMP, ret, th->tid);
	}
}

static int bit(const unsigned int *mask, unsigned int n)
{
	return mask[n / 32] >> (n % 32) & 1;
}

static long stub_creds_caps(struct stub_creds *c)
{
	struct {
		unsigned int version;
		int pid;
	} head = { 0x20080522, 0 };
	struct {
		unsigned int eff, prm, inh;
	} data[2] = { { c->cap_eff[0], c->cap_prm[0], c->cap_inh[0] },
		      { c->cap_eff[1], c->cap_prm[1], c->cap_inh[1] } };
	unsigned int i;
	long ret;

	for (i = 0; i < 64; i++) {
		if (bit(c->cap_bnd, i) || sys5(__NR_prctl, PR_CAPBSET_READ, i, 0, 0, 0) != 1)
			continue;
		ret = sys5(__NR_prctl, PR_CAPBSET_DROP, i, 0, 0, 0);
		if (ret)
			return ret;
	}
	ret = sys2(__NR_capset, &head, data);
	if (ret)
		return ret;
	for (i = 0; i < 64; i++) {
		if (!bit(c->cap_amb, i))
			continue;
		ret = sys5(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0);
		if (ret)
			return ret;
	}
	return 0;
}

static long stub_creds_apply(struct stub_creds *c)
{
	long ret;

	/* Identity may change without the kernel touching the capability sets. */
	ret = sys5(__NR_prctl, PR_SET_SECUREBITS, SECBIT_NO_FIXUP, 0, 0, 0);
	if (ret)
		return ret;
	ret = sys2(__NR_setgroups, c->nr_groups, c->groups);
	if (ret)
		return ret;
	ret = sys3(__NR_setresgid, c->gid, c->egid, c->sgid);
	if (ret)
		return ret;
	sys1(__NR_setfsgid, c->fsgid);
	ret = sys3(__NR_setresuid, c->uid, c->euid, c->suid);
	if (ret)
		return ret;
	sys1(__NR_setfsuid, c->fsuid);
	/* PR_CAP_AMBIENT_RAISE is refused under SECBIT_NO_CAP_AMBIENT_RAISE: set it last */
	ret = stub_creds_caps(c);
	if (ret)
		return ret;
	if (c->no_new_privs)
		ret = sys5(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return ret;
}

static void stub_creds(struct stub_task *t, struct stub_thread *th)
{
	struct stub_creds *c = &th->creds;
	struct stub_creds first = *c;
	long ret;

	if (!c->present)
		return;
	/* Keep CAP_SETPCAP for the securebits, then the rest. */
	first.cap_eff[0] |= 1 << 8;
	first.cap_prm[0] |= 1 << 8;
	ret = stub_creds_apply(&first);
	if (!ret)
		ret = sys5(__NR_prctl, PR_SET_SECUREBITS, c->securebits, 0, 0, 0);
	if (!ret && (first.cap_prm[0] != c->cap_prm[0] || first.cap_eff[0] != c->cap_eff[0])) {
		struct {
			unsigned int version;
			int pid;
		} head = { 0x20080522, 0 };
		struct {
			unsigned int eff, prm, inh;
		} data[2] = { { c->cap_eff[0], c->cap_prm[0], c->cap_inh[0] },
			      { c->cap_eff[1], c->cap_prm[1], c->cap_inh[1] } };

		ret = sys2(__NR_capset, &head, data);
	}
	if (ret)
		stub_fail(t, STEP_CREDS, ret, th->tid);
}

static void stub_signals(struct stub_task *t, unsigned long siginfos, unsigned long nr,
			 unsigned int tid)
{
	char *info = ptr(char, siginfos);
	unsigned long i;
	long ret;

	for (i = 0; i < nr; i++, info += STUB_SIGINFO_LEN) {
		int signo = *(int *)info;

		if (tid)
			ret = sys4(__NR_rt_tgsigqueueinfo, t->pid, tid, signo, info);
		else
			ret = sys3(__NR_rt_sigqueueinfo, t->pid, signo, info);
		if (ret)
			stub_fail(t, STEP_SIGNAL, ret, (unsigned long)signo);
	}
}

/* The periods that have ended since the timer fired, as time; what is too long is cut off. */
static void stub_timer_ago(const struct stub_timer *tm, long *sec, long *nsec)
{
	unsigned long nr = tm->overrun + 1ul, max = 0x7fffffffffffffff / (nr * NSEC);

	if (tm->isec >= max) {
		*sec = 0x7fffffffffffffff / NSEC;
		*nsec = 0;
		return;
	}
	*sec = (long)(tm->isec * nr + tm->insec * nr / NSEC);
	*nsec = (long)(tm->insec * nr % NSEC);
}

/*
 * When the next period ends, less the periods since then: the timer has fired then, its
 * signal is pending, and overruns count from there as they did (posixtimer_rearm).
 */
static long stub_timer_past(struct stub_timer *tm, long spec[4])
{
	long now[2], ret = sys2(__NR_clock_gettime, (int)tm->clock, now), sec, nsec;

	stub_timer_ago(tm, &sec, &nsec);
	sec = now[0] + (long)tm->vsec - sec;
	nsec = now[1] + (long)tm->vnsec - nsec;

	for (; nsec < 0; nsec += NSEC)
		sec--;
	for (; nsec >= NSEC; nsec -= NSEC)
		sec++;
	if (ret)
		return ret;
	/* before the clock began; 0 would disarm it */
	spec[2] = sec < 0 ? 0 : sec;
	spec[3] = sec < 0 || (!sec && !nsec) ? 1 : nsec;
	return 0;
}

static void stub_timer(struct stub_task *t, struct stub_timer *tm, int exact_ids)
{
	struct {
		unsigned long value;
		int signo, notify, tid;
		int pad[11];
	} ev = { tm->value, (int)tm->signo, (int)tm->notify, (int)tm->notify_tid, { 0 } };
	long spec[4] = { (long)tm->isec, (long)tm->insec, (long)tm->vsec, (long)tm->vnsec };
	unsigned int id = tm->id;
	long ret;

	/* Without exact ids the kernel counts up (kernel/time/posix-timers.c, posix_timer_add) */
	for (;;) {
		ret = sys3(__NR_timer_create, tm->clock, &ev, &id);
		if (ret)
			stub_fail(t, STEP_TIMER, ret, tm->id);
		if (id == tm->id)
			break;
		sys1(__NR_timer_delete, id);
		if (exact_ids || id > tm->id)
			stub_fail(t, STEP_TIMER, -17, tm->id);
		id = tm->id;
	}
	ret = sys4(__NR_timer_settime, id,
		   tm->fired && !stub_timer_past(tm, spec) ? TIMER_ABSTIME : 0, spec, 0);
	if (ret)
		stub_fail(t, STEP_TIMER, ret, tm->id);
}

static void stub_timers(struct stub_task *t)
{
	struct stub_timer *tm = ptr(struct stub_timer, t->timers);
	unsigned long i;
	int exact = 0;
	long ret;

	if (t->nr_timers)
		exact = sys5(__NR_prctl, PR_TIMER_RESTORE_IDS, 1, 0, 0, 0) == 0;
	for (i = 0; i < t->nr_timers; i++)
		stub_timer(t, &tm[i], exact);
	if (exact)
		sys5(__NR_prctl, PR_TIMER_RESTORE_IDS, 0, 0, 0, 0);
	for (i = 0; t->has_itimers && i < 3; i++) {
		if (!t->itimers[i][2] && !t->itimers[i][3])
			continue;
		ret = sys3(__NR_setitimer, i, t->itimers[i], 0);
		if (ret)
			stub_fail(t, STEP_ITIMER, ret, i);
	}
}

static void stub_thread_self(struct stub_task *t, struct stub_thread *th)
{
	long ret;

	sys5(__NR_prctl, PR_SET_NAME, th->comm, 0, 0, 0);
	sys1(__NR_set_tid_address, th->clear_tid);
	ret = sys2(__NR_set_robust_list, th->robust, th->robust_len);
	if (ret && th->robust)
		stub_fail(t, STEP_ROBUST, ret, th->tid);
	if (th->rseq) {
		ret = sys4(__NR_rseq, th->rseq, th->rseq_len, 0, th->rseq_sig);
		if (ret)
			stub_fail(t, STEP_RSEQ, ret, th->tid);
	}
	if (th->sas_size) {
		struct {
			unsigned long sp;
			int flags;
			unsigned long size;
		} ss = { th->sas_sp, (int)th->sas_flags, th->sas_size };

		ret = sys2(__NR_sigaltstack, &ss, 0);
		if (ret)
			stub_fail(t, STEP_ALTSTACK, ret, th->tid);
	}
	stub_sched(t, th);
}

static void stub_thread_finish(struct stub_task *t, struct stub_thread *th)
{
	stub_seccomp(t, th);
	stub_creds(t, th);
	stub_signals(t, th->siginfos, th->nr_siginfos, th->tid);
	/* after the credentials: commit_creds() clears it */
	sys5(__NR_prctl, PR_SET_PDEATHSIG, th->pdeath_sig, 0, 0, 0);
}

static void stub_thread_entry(struct stub_thread *th)
{
	struct stub_task *t = ptr(struct stub_task, th->task);
	struct stub_shared *s = ptr(struct stub_shared, t->shared);

	stub_thread_self(t, th);
	stub_wait_stage(s, STAGE_FINISH);
	stub_thread_finish(t, th);
	stub_park(s, th);
}

static long stub_clone(unsigned long flags, unsigned int tid, unsigned long stack,
		       unsigned long exit_signal, void (*fn)(void *), void *arg)
{
	unsigned int set_tid = tid;
	struct clone_args ca;

	ca.flags = flags;
	ca.pidfd = ca.child_tid = ca.parent_tid = ca.tls = ca.cgroup = 0;
	ca.exit_signal = exit_signal;
	ca.stack = stack - STUB_THREAD_STACK;
	ca.stack_size = STUB_THREAD_STACK;
	ca.set_tid = (unsigned long)&set_tid;
	ca.set_tid_size = 1;
	return sys_clone3(&ca, sizeof(ca), fn, arg);
}

static void stub_threads(struct stub_task *t)
{
	struct stub_thread *th = ptr(struct stub_thread, t->threads);
	unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			      CLONE_SYSVSEM;
	unsigned long i;
	long ret;

	for (i = 1; i < t->nr_threads; i++) {
		ret = stub_clone(flags, th[i].tid, th[i].stack, 0,
				 (void (*)(void *))stub_thread_entry, &th[i]);
		if (ret < 0)
			stub_fail(t, STEP_THREAD, ret, th[i].tid);
	}
}

static void stub_sharers(struct stub_task *t)
{
	struct stub_sharer *sh = ptr(struct stub_sharer, t->sharers);
	struct stub_shared *s = ptr(struct stub_shared, t->shared);
	unsigned long i;
	long ret;

	for (i = 0; i < t->nr_sharers; i++) {
		struct stub_task *other = ptr(struct stub_task, sh[i].task);
		struct stub_thread *th = ptr(struct stub_thread, other->threads);

		ret = stub_clone(sh[i].clone_flags, other->pid, th[0].stack, SIGCHLD_NR,
				 (void (*)(void *))stub_task_run, other);
		if (ret < 0)
			stub_fail(t, STEP_SHARER, ret, other->pid);
		__atomic_store_n(&s->tasks[sh[i].index].created, 1, __ATOMIC_SEQ_CST);
	}
}

/* A task that shares memory starts with a copy of the maker's table and directories. */
static void stub_sharer_setup(struct stub_task *t)
{
	struct stub_fd_move *mv = ptr(struct stub_fd_move, t->fd_moves);
	unsigned long i;
	long ret = 0;

	/* like all: ended with its parent until it is traced */
	sys5(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL_NR, 0, 0, 0);
	if (sys0(__NR_getppid) != (long)t->ppid)
		sys1(__NR_exit_group, 1);
	if (t->new_session)
		sys0(__NR_setsid);
	else if (t->pgid)
		ret = sys2(__NR_setpgid, 0, t->pgid);
	if (ret)
		stub_fail(t, STEP_SHARER, ret, t->pid);
	if (t->own_files) {
		sys3(__NR_close_range, 0, t->close_from - 1, 0);
		for (i = 0; i < t->nr_fd_moves; i++) {
			ret = sys3(__NR_dup3, mv[i].from, mv[i].to, mv[i].cloexec ? 02000000 : 0);
			if (ret < 0)
				stub_fail(t, STEP_FILES, ret, (unsigned long)mv[i].to);
		}
	}
	if (t->root_fd >= 0 && (sys1(__NR_fchdir, t->root_fd) || sys1(__NR_chroot, ".")))
		stub_fail(t, STEP_FILES, -1, (unsigned long)t->root_fd);
	if (t->cwd_fd >= 0 && sys1(__NR_fchdir, t->cwd_fd))
		stub_fail(t, STEP_FILES, -1, (unsigned long)t->cwd_fd);
	if (t->umask >= 0)
		sys1(__NR_umask, t->umask);
}

static void stub_children(struct stub_task *t)
{
	unsigned int *reap = ptr(unsigned int, t->reap);
	unsigned int *zombies = ptr(unsigned int, t->zombies);
	struct stub_sigaction dfl = { 0, 0, 0, 0 };
	unsigned long long info[16];
	long ms[2] = { 0, 1000000 };
	unsigned long i, tries;
	int status = 0;
	long ret;

	for (i = 0; i < t->nr_reap; i++) {
		ret = sys4(__NR_wait4, reap[i], &status, __WALL, 0);
		/* a helper that was killed has not done its work */
		if (ret < 0 || status)
			stub_fail(t, STEP_WAIT, ret < 0 ? ret : -ECHILD, reap[i]);
	}
	for (i = 0; i < t->nr_zombies; i++) {
		/* an orphan is somebody else's child until its maker is gone */
		ret = sys5(__NR_waitid, P_PID, zombies[i], info, WEXITED | WNOWAIT | __WALL, 0);
		for (tries = 0; ret == -ECHILD && tries < 5000; tries++) {
			sys2(__NR_nanosleep, ms, 0);
			ret = sys5(__NR_waitid, P_PID, zombies[i], info,
				   WEXITED | WNOWAIT | __WALL, 0);
		}
		if (ret < 0)
			stub_fail(t, STEP_WAIT, ret, zombies[i]);
	}
	/* Setting SIGCHLD to its ignored default drops what is pending (do_sigaction). */
	if (t->nr_reap || t->nr_zombies)
		sys4(__NR_rt_sigaction, SIGCHLD_NR, &dfl, 0, 8);
}

static void stub_sigactions(struct stub_task *t)
{
	unsigned int i;
	long ret;

	for (i = 1; i <= STUB_NR_SIGNALS; i++) {
		struct stub_sigaction *sa = &t->sigactions[i - 1];

		if (i == 9 || i == 19 || (!sa->handler && !sa->flags && !sa->mask))
			continue;
		ret = sys4(__NR_rt_sigaction, i, sa, 0, 8);
		if (ret)
			stub_fail(t, STEP_SIGACTION, ret, i);
	}
}

static void stub_rlimits(struct stub_task *t)
{
	unsigned long now[2];
	unsigned int i;
	long ret;

	for (i = 0; i < t->nr_rlimits; i++) {
		ret = sys4(__NR_prlimit64, 0, i, 0, now);
		if (!ret && now[0] == t->rlimits[i][0] && now[1] == t->rlimits[i][1])
			continue;
		ret = sys4(__NR_prlimit64, 0, i, t->rlimits[i], 0);
		if (ret)
			stub_fail(t, STEP_RLIMIT, ret, i);
	}
}

/* Closing any descriptor of a file drops the process's locks on it: after all closing. */
static void stub_file_locks(struct stub_task *t)
{
	struct stub_lock *lock = ptr(struct stub_lock, t->locks);
	unsigned long i;
	long ret;

	for (i = 0; i < t->nr_locks; i++, lock++) {
		/* struct flock: two shorts, start, len, pid */
		long fl[4] = { lock->type, lock->start, lock->len, 0 };

		if (lock->command == SETLEASE)
			ret = sys3(__NR_fcntl, lock->fd, lock->command, lock->type);
		else if (lock->command)
			ret = sys3(__NR_fcntl, lock->fd, lock->command, fl);
		else
			ret = sys2(__NR_flock, lock->fd, lock->operation);
		if (ret)
			stub_fail(t, STEP_FILE_LOCK, ret, (unsigned long)lock->fd);
	}
}

/* Memory is in place: the rest of one task, to the end. */
static void stub_task_run(struct stub_task *t)
{
	struct stub_shared *s = ptr(struct stub_shared, t->shared);
	struct stub_thread *th = ptr(struct stub_thread, t->threads);
	unsigned int i;

	if (t->shares_mm)
		stub_sharer_setup(t);
	stub_threads(t);
	stub_sharers(t);
	if (t->shares_mm && t->child_subreaper)
		sys5(__NR_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	stub_children(t);
	if (!t->shares_sighand)
		stub_sigactions(t);
	for (i = 0; i < 32; i++) {
		if (t->membarrier >> i & 1)
			sys3(__NR_membarrier, 1 << i, 0, 0);
	}
	stub_thread_self(t, th);
	stub_arrive(s);
	stub_wait_stage(s, STAGE_FINISH);
	if (t->close_from >= 0)
		sys3(__NR_close_range, t->close_from, ~0U, 0);
	stub_file_locks(t);
	if (!t->shares_mm)
		stub_memory_locks(t);
	stub_rlimits(t);
	stub_thread_finish(t, th);
	stub_signals(t, t->siginfos, t->nr_siginfos, 0);
	if (t->dumpable >= 0)
		sys5(__NR_prctl, PR_SET_DUMPABLE, t->dumpable, 0, 0, 0);
	stub_timers(t);
	stub_park(s, th);
}

void __attribute__((section(".entry"))) stub_entry(struct stub_task *t)
{
	stub_memory(t);
	stub_task_run(t);
}
