// SPDX-License-Identifier: GPL-2.0
/*
 * A process as a whole: relations, namespaces, what it shares with others, its
 * memory's bounds and marks, signal actions, interval timers, limits. Much of it
 * is told to nobody but the process itself otherwise (rt_sigaction, getitimer,
 * prctl), so that a dump would have to run code in it.
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/fs_struct.h>
#include <linux/ipc_namespace.h>
#include <linux/kernel.h>
#include <linux/mman.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/resource.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/time_namespace.h>
#include <linux/user_namespace.h>
#include <linux/utsname.h>
#include <net/net_namespace.h>
#include <uapi/linux/membarrier.h>

#include "kmod/compat/btf.h"
#include "kmod/compat/mm.h"
#include "kmod/compat/posix-timers.h"
#include "kmod/compat/sched.h"
#include "kmod/kmod.h"

/* Those of a task that has been reaped are no more: its leader may be gone. */
static int relations_fill(struct task_struct *task, struct crctl_task *r)
{
	struct pid_namespace *ns = task_active_pid_ns(current), *own;
	struct task_struct *leader;

	rcu_read_lock();
	if (!pid_alive(task)) {
		rcu_read_unlock();
		return -ESRCH;
	}
	leader = task->group_leader;
	own = task_active_pid_ns(task);
	r->pid = task_tgid_nr_ns(task, ns);
	r->ppid = task_tgid_nr_ns(rcu_dereference(task->real_parent), ns);
	r->pgid = task_pgrp_nr_ns(task, ns);
	r->sid = task_session_nr_ns(task, ns);
	if (own) {
		r->ns_pid = task_tgid_nr_ns(task, own);
		r->ns_pgid = task_pgrp_nr_ns(task, own);
		r->ns_sid = task_session_nr_ns(task, own);
		r->ns_pid_own = own->ns.inum;
	}
	r->exit_signal = leader->exit_signal;
	r->exit_code = leader->exit_code;
	r->state = task_state_to_char(leader);
	r->start_ns = leader->start_boottime;
	r->ns_user = __task_cred(task)->user_ns->ns.inum;
	rcu_read_unlock();
	return 0;
}

static u64 mnt_ns_inum(const struct mnt_namespace *ns)
{
	if (!ns || !btf_has(BTF_MNT_NS_COMMON, BTF_MNT_NS_COMMON))
		return 0;
	return btf_ref(const struct ns_common, ns, BTF_MNT_NS_COMMON)->inum;
}

static void namespaces_fill(const struct nsproxy *ns, struct crctl_task *r)
{
	r->ns_mnt = mnt_ns_inum(ns->mnt_ns);
#ifdef CONFIG_UTS_NS
	r->ns_uts = ns->uts_ns->ns.inum;
#endif
#ifdef CONFIG_IPC_NS
	r->ns_ipc = ns->ipc_ns->ns.inum;
#endif
#ifdef CONFIG_NET_NS
	r->ns_net = ns->net_ns->ns.inum;
#endif
#ifdef CONFIG_CGROUPS
	r->ns_cgroup = ns->cgroup_ns->ns.inum;
#endif
	r->ns_pid_children = ns->pid_ns_for_children->ns.inum;
#ifdef CONFIG_TIME_NS
	r->ns_time = ns->time_ns->ns.inum;
	r->ns_time_children = ns->time_ns_for_children->ns.inum;
#endif
}

/* What exit(2) takes away with the lock of the task held. */
static void shared_fill(const struct session *s, struct task_struct *task, struct crctl_task *r)
{
	task_lock(task);
	r->mm_id = session_identity(s, task->mm);
	r->files_id = session_identity(s, task->files);
	r->fs_id = session_identity(s, task->fs);
	r->io_id = session_identity(s, task->io_context);
#ifdef CONFIG_SYSVIPC
	r->sem_undo_id = session_identity(s, task->sysvsem.undo_list);
#endif
	if (task->files)
		r->has |= CRCTL_TASK_HAS_FILES;
	if (task->fs) {
		r->has |= CRCTL_TASK_HAS_FS;
		r->umask = task->fs->umask;
	}
	if (task->nsproxy)
		namespaces_fill(task->nsproxy, r);
	task_unlock(task);
}

/* ---- memory ---- */

static u32 membarrier_registrations(struct mm_struct *mm)
{
	u32 state = atomic_read(&mm->membarrier_state), told = 0;

	if (state & MEMBARRIER_STATE_GLOBAL_EXPEDITED)
		told |= MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED;
	if (state & MEMBARRIER_STATE_PRIVATE_EXPEDITED)
		told |= MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
	if (state & MEMBARRIER_STATE_PRIVATE_EXPEDITED_SYNC_CORE)
		told |= MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
	if (state & MEMBARRIER_STATE_PRIVATE_EXPEDITED_RSEQ)
		told |= MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
	return told;
}

static void bounds_fill(struct mm_struct *mm, struct crctl_task *r)
{
	spin_lock(&mm->arg_lock);
	r->start_code = mm->start_code;
	r->end_code = mm->end_code;
	r->start_data = mm->start_data;
	r->end_data = mm->end_data;
	r->start_brk = mm->start_brk;
	r->brk = mm->brk;
	r->start_stack = mm->start_stack;
	r->arg_start = mm->arg_start;
	r->arg_end = mm->arg_end;
	r->env_start = mm->env_start;
	r->env_end = mm->env_end;
	spin_unlock(&mm->arg_lock);
	r->total_pages = mm->total_vm;
	r->locked_pages = mm->locked_vm;
	r->nr_vmas = mm->map_count;
}

static void auxv_fill(const struct mm_struct *mm, struct crctl_task *r)
{
	u32 i;

	BUILD_BUG_ON(ARRAY_SIZE(mm->saved_auxv) > CRCTL_NR_AUXV);
	for (i = 0; i + 1 < ARRAY_SIZE(mm->saved_auxv); i += 2) {
		r->auxv[i] = mm->saved_auxv[i];
		r->auxv[i + 1] = mm->saved_auxv[i + 1];
		r->nr_auxv = i + 2;
		if (!r->auxv[i])
			break;
	}
}

static void mm_fill(struct task_struct *task, struct mm_struct *mm, struct crctl_task *r)
{
	r->has |= CRCTL_TASK_HAS_MM;
	r->dumpable = task_dumpable(task, mm);
	r->thp_disabled = mm_thp_disabled(mm);
	r->mdwe = mm_mdwe(mm);
	r->membarrier = membarrier_registrations(mm);
	r->coredump_filter = mm_coredump_filter(mm);
	if (mm->def_flags & VM_LOCKED)
		r->mlock_future = MCL_FUTURE;
	if (mm->def_flags & VM_LOCKONFAULT)
		r->mlock_future |= MCL_ONFAULT;
	r->nr_mm_users = atomic_read(&mm->mm_users) - 1;
	r->nr_aio = aio_count(mm);
	bounds_fill(mm, r);
	auxv_fill(mm, r);
}

/* ---- signals, timers, limits ---- */

static void actions_fill(const struct sighand_struct *sighand, struct crctl_task *r)
{
	u32 i;

	for (i = 0; i < CRCTL_NR_SIGNALS; i++) {
		const struct sigaction *from = &sighand->action[i].sa;

		r->actions[i] = (struct crctl_sigaction){
			.handler = (uintptr_t)from->sa_handler,
			.flags = from->sa_flags & ~(unsigned long)(SA_IA32_ABI | SA_X32_ABI),
			.restorer = (uintptr_t)from->sa_restorer,
			.mask = from->sa_mask.sig[0],
		};
	}
}

static void rlimits_fill(const struct signal_struct *signal, struct crctl_task *r)
{
	u32 i;

	BUILD_BUG_ON(RLIM_NLIMITS > CRCTL_NR_RLIMITS);
	for (i = 0; i < RLIM_NLIMITS; i++) {
		r->rlimits[i][0] = READ_ONCE(signal->rlim[i].rlim_cur);
		r->rlimits[i][1] = READ_ONCE(signal->rlim[i].rlim_max);
	}
}

static void signal_fill(const struct session *s, struct task_struct *task, struct crctl_task *r)
{
	struct signal_struct *signal = task->signal;
	struct sighand_struct *sighand;
	unsigned long irq;

	r->child_subreaper = signal->is_child_subreaper;
	r->oom_score_adj = signal->oom_score_adj;
	r->nr_threads = get_nr_threads(task);
	rlimits_fill(signal, r);
	sighand = target_lock_signals(task, &irq);
	if (!sighand)
		return;
	r->has |= CRCTL_TASK_HAS_SIGNAL;
	r->sighand_id = session_identity(s, sighand);
	r->tty_id = session_identity(s, signal->tty);
	r->group_stop = !!(signal->flags & SIGNAL_STOP_STOPPED);
	r->shared_pending = signal->shared_pending.signal.sig[0];
	r->timer_next_id = signal_next_timer_id(signal);
	r->nr_timers = timer_count(signal);
	actions_fill(sighand, r);
	timer_itimers(signal, r->itimers);
	target_unlock_signals(sighand, irq);
}

int task_get(struct session *s, void *arg)
{
	struct crctl_task *r = arg;
	struct target t;
	int ret = target_get(r->pid, &t);

	if (ret)
		return ret;
	ret = target_lock(&t);
	if (!ret) {
		memset(r, 0, sizeof(*r));
		ret = relations_fill(t.task, r);
		shared_fill(s, t.task, r);
		signal_fill(s, t.task, r);
		t.mm = get_task_mm(t.task);
		if (t.mm)
			mm_fill(t.task, t.mm, r);
		target_unlock(&t);
	}
	target_put(&t);
	return ret;
}
