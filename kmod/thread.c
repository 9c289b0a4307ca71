// SPDX-License-Identifier: GPL-2.0
/*
 * The threads of a process: what /proc/PID/task/TID tells in several files, what
 * sched_getattr(2) and its like tell, and what only the thread itself would be
 * told: alternate stack, clear_child_tid, parent-death signal, timer slack, and
 * the rest of a system call that was interrupted while time ran.
 */
#include <linux/audit.h>
#include <linux/cpumask.h>
#include <linux/cred.h>
#include <linux/futex.h>
#include <linux/iocontext.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/pid_namespace.h>
#include <linux/prctl.h>
#include <linux/sched/deadline.h>
#include <linux/sched/rt.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seccomp.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "kmod/compat/capability.h"
#include "kmod/compat/sched.h"
#include "kmod/compat/sym.h"
#include "kmod/kmod.h"

#define NR_RESTARTS 4

struct restart_fn {
	const void *fn;
	u32 kind;
};

struct threads {
	struct session *session;
	struct target *target;
	bool one;
	struct restart_fn restarts[NR_RESTARTS];	/* those whose names were asked */
	u32 next_restart;
	char name[SYM_NAME_LEN];
	cpumask_t cpus;
};

static const struct {
	const char *name;
	u32 kind;
} restart_kinds[] = {
	{ "do_no_restart_syscall", CRCTL_RESTART_NONE },
	{ "hrtimer_nanosleep_restart", CRCTL_RESTART_SLEEP },
	{ "alarm_timer_nsleep_restart", CRCTL_RESTART_SLEEP },
	{ "posix_cpu_nsleep_restart", CRCTL_RESTART_SLEEP },
	{ "do_restart_poll", CRCTL_RESTART_POLL },
	{ "futex_wait_restart", CRCTL_RESTART_FUTEX },
};

static u32 restart_kind(struct threads *ts, const void *fn)
{
	struct restart_fn *f;
	size_t i;

	for (i = 0; i < NR_RESTARTS; i++)
		if (ts->restarts[i].fn == fn)
			return ts->restarts[i].kind;
	f = &ts->restarts[ts->next_restart++ % NR_RESTARTS];
	f->fn = fn;
	f->kind = CRCTL_RESTART_OTHER;
	if (!sym_name(fn, ts->name))
		return f->kind;
	for (i = 0; i < ARRAY_SIZE(restart_kinds); i++)
		if (!strcmp(ts->name, restart_kinds[i].name))
			f->kind = restart_kinds[i].kind;
	return f->kind;
}

static void restart_end(struct crctl_thread *r, s32 clock, ktime_t end)
{
	ktime_t now;

	r->restart_clock = clock;
	switch (clock) {
	case CLOCK_REALTIME:
		now = ktime_get_real();
		break;
	case CLOCK_MONOTONIC:
		now = ktime_get();
		break;
	case CLOCK_BOOTTIME:
		now = ktime_get_boottime();
		break;
	case CLOCK_TAI:
		now = ktime_get_clocktai();
		break;
	default:
		return;		/* CPU time */
	}
	r->restart_has_timeout = 1;
	r->restart_end_ns = end;
	r->restart_left_ns = end > now ? end - now : 0;
}

static void restart_fill(struct threads *ts, struct task_struct *task, struct crctl_thread *r)
{
	const struct restart_block *b = &task->restart_block;

	r->restart = b->fn ? restart_kind(ts, b->fn) : CRCTL_RESTART_NONE;
	switch (r->restart) {
	case CRCTL_RESTART_SLEEP:
		restart_end(r, b->nanosleep.clockid, b->nanosleep.expires);
		r->restart_flags = b->nanosleep.type != TT_NONE;
		r->restart_addr = r->restart_flags ? (uintptr_t)b->nanosleep.rmtp : 0;
		break;
	case CRCTL_RESTART_POLL:
		r->restart_addr = (uintptr_t)b->poll.ufds;
		r->restart_value = (u32)b->poll.nfds;
		if (b->poll.has_timeout)
			restart_end(r, CLOCK_MONOTONIC, restart_poll_end(b));
		break;
	case CRCTL_RESTART_FUTEX:
		r->restart_addr = (uintptr_t)b->futex.uaddr;
		r->restart_value = b->futex.val;
		r->restart_mask = b->futex.bitset;
		r->restart_flags = b->futex.flags;
		restart_end(r, CLOCK_MONOTONIC, b->futex.time);
		break;
	}
}

static void creds_fill(struct list *l, const struct cred *c, struct crctl_thread *r)
{
	struct user_namespace *ns = current_user_ns();
	const kuid_t uids[] = { c->uid, c->euid, c->suid, c->fsuid };
	const kgid_t gids[] = { c->gid, c->egid, c->sgid, c->fsgid };
	const struct group_info *groups = c->group_info;
	u32 at, len;
	int i;

	for (i = 0; i < 4; i++) {
		r->uid[i] = from_kuid_munged(ns, uids[i]);
		r->gid[i] = from_kgid_munged(ns, gids[i]);
	}
	r->cap_inh = cap_word(c->cap_inheritable);
	r->cap_prm = cap_word(c->cap_permitted);
	r->cap_eff = cap_word(c->cap_effective);
	r->cap_bnd = cap_word(c->cap_bset);
	r->cap_amb = cap_word(c->cap_ambient);
	r->securebits = c->securebits;
	r->nr_groups = groups->ngroups;
	for (i = 0; i < groups->ngroups; i++) {
		u32 gid = from_kgid_munged(ns, groups->gid[i]);

		list_bytes(l, &gid, sizeof(gid), i ? &at : &r->groups_at, &len);
	}
}

static void sched_fill(struct list *l, struct threads *ts, struct task_struct *task,
		       struct crctl_thread *r)
{
	r->policy = task->policy;
	r->sched_flags = task->sched_reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
	if (task->policy == SCHED_DEADLINE) {
		r->rt_priority = task->rt_priority;
		r->dl_runtime = task->dl.dl_runtime;
		r->dl_deadline = task->dl.dl_deadline;
		r->dl_period = task->dl.dl_period;
		r->sched_flags |= task->dl.flags & (SCHED_FLAG_RECLAIM | SCHED_FLAG_DL_OVERRUN);
	} else if (task->policy == SCHED_FIFO || task->policy == SCHED_RR) {
		r->rt_priority = task->rt_priority;
	} else {
		r->nice = task_nice(task);
	}
	r->last_cpu = task_cpu(task);
	cpumask_and(&ts->cpus, &task->cpus_mask, cpu_active_mask);
	list_bytes(l, &ts->cpus, cpumask_size(), &r->cpus_at, &r->cpus_len);
}

static void marks_fill(struct task_struct *task, struct crctl_thread *r)
{
	u32 flusher = PF_MEMALLOC_NOIO | PF_LOCAL_THROTTLE;

	r->pf_flags = task->flags;
	r->io_flusher = (task->flags & flusher) == flusher;
	r->personality = task->personality;
	r->no_new_privs = task_no_new_privs(task);
	r->dispatch = task_dispatches(task);
	r->pdeath_signal = task->pdeath_signal;
	r->timer_slack_ns = task->timer_slack_ns;
	r->default_slack_ns = task->default_timer_slack_ns;
	r->nr_voluntary = task->nvcsw;
	r->nr_involuntary = task->nivcsw;
#ifdef CONFIG_SECCOMP
	r->seccomp_mode = task->seccomp.mode;
#ifdef CONFIG_SECCOMP_FILTER
	r->has |= CRCTL_THREAD_HAS_SECCOMP_COUNT;
	r->nr_seccomp_filters = atomic_read(&task->seccomp.filter_count);
#endif
#endif
#ifdef CONFIG_AUDIT
	r->has |= CRCTL_THREAD_HAS_LOGINUID;
	r->loginuid = from_kuid(current_user_ns(), audit_get_loginuid(task));
#endif
}

static void user_memory_fill(struct task_struct *task, struct crctl_thread *r)
{
	r->clear_child_tid = (uintptr_t)task->clear_child_tid;
	r->robust_list = task_robust_list(task);
	r->robust_len = sizeof(struct robust_list_head);
	r->sas_sp = task->sas_ss_sp;
	r->sas_size = task->sas_ss_size;
	r->sas_flags = (task->sas_ss_size ? 0 : SS_DISABLE) | (task->sas_ss_flags & SS_FLAG_BITS);
#ifdef CONFIG_RSEQ
	r->has |= CRCTL_THREAD_HAS_RSEQ;
	r->rseq = task_rseq(task, &r->rseq_len, &r->rseq_signature);
	if (!r->rseq)
		r->rseq_len = r->rseq_signature = 0;
#endif
}

static void shared_fill(const struct session *s, struct task_struct *task, struct crctl_thread *r)
{
	task_lock(task);
	r->files_id = session_identity(s, task->files);
	r->fs_id = session_identity(s, task->fs);
	r->ioprio = task->io_context ? task->io_context->ioprio : IOPRIO_DEFAULT;
	memcpy(r->comm, task->comm, min(sizeof(r->comm), sizeof(task->comm)));
	task_unlock(task);
}

static void signals_fill(struct task_struct *task, struct crctl_thread *r)
{
	struct sighand_struct *sighand;
	unsigned long irq;

	sighand = target_lock_signals(task, &irq);
	if (!sighand)
		return;
	r->has |= CRCTL_THREAD_HAS_SIGNAL;
	/* as ptrace(2) tells it: sigsuspend(2) and the like are made again with the mask before */
	r->blocked = test_tsk_restore_sigmask(task) ? task->saved_sigmask.sig[0] :
						      task->blocked.sig[0];
	r->pending = task->pending.signal.sig[0];
	target_unlock_signals(sighand, irq);
}

static bool thread_record(struct list *l, struct threads *ts, struct task_struct *task, u64 next)
{
	struct pid_namespace *own = task_active_pid_ns(task);
	struct crctl_thread *r = list_record(l);

	if (!r)
		return false;
	r->tid = task_pid_nr_ns(task, task_active_pid_ns(current));
	r->ns_tid = own ? task_pid_nr_ns(task, own) : 0;
	r->state = task_state_to_char(task);
	r->start_ns = task->start_boottime;
	shared_fill(ts->session, task, r);
	signals_fill(task, r);
	marks_fill(task, r);
	user_memory_fill(task, r);
	restart_fill(ts, task, r);
	creds_fill(l, __task_cred(task), r);
	sched_fill(l, ts, task, r);
	return list_commit(l, next);
}

/* Under RCU, which keeps the list of threads, and them. */
static void threads_record(struct list *l, struct threads *ts)
{
	struct task_struct *task = ts->target->task, *thread;
	u64 at = 0;

	if (ts->one) {
		if (thread_record(l, ts, task, 1))
			l->cursor = CRCTL_CURSOR_END;
		return;
	}
	for_each_thread(task, thread) {
		if (at++ < l->cursor)
			continue;
		if (!thread_record(l, ts, thread, at))
			return;
	}
	l->cursor = CRCTL_CURSOR_END;
}

static int threads_fill(struct list *l, void *ctx)
{
	struct threads *ts = ctx;
	int ret = target_lock(ts->target);

	if (ret)
		return ret;
	rcu_read_lock();
	if (pid_alive(ts->target->task))
		threads_record(l, ts);
	else
		ret = -ESRCH;
	rcu_read_unlock();
	target_unlock(ts->target);
	return ret;
}

int thread_list(struct session *s, void *arg)
{
	struct crctl_list *list = arg;
	struct threads *ts;
	struct target t;
	int ret;

	if (list->fd)
		return -EINVAL;
	ret = target_get(list->pid, &t);
	if (ret)
		return ret;
	ts = kzalloc(sizeof(*ts), GFP_KERNEL_ACCOUNT);
	ret = -ENOMEM;
	if (ts) {
		ts->session = s;
		ts->target = &t;
		ts->one = list->flags & CRCTL_THREADS_ONE;
		ret = list_answer(list, sizeof(struct crctl_thread), threads_fill, ts);
	}
	kfree(ts);
	target_put(&t);
	return ret;
}
