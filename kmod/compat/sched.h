/* SPDX-License-Identifier: GPL-2.0 */
/* <linux/sched.h> and what lies below it. */
#ifndef CRCTL_COMPAT_SCHED_H
#define CRCTL_COMPAT_SCHED_H

#include <linux/ioprio.h>
#include <linux/rseq.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/version.h>

/* 7.2 moved what execve(2) decides from mm to the task; shims go with 7.1. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
#include <linux/sched/exec_state.h>

static inline int task_dumpable(const struct task_struct *task, const struct mm_struct *mm)
{
	int dumpable;

	rcu_read_lock();
	dumpable = READ_ONCE(rcu_dereference(task->exec_state)->dumpable);
	rcu_read_unlock();
	return dumpable;
}

/* The namespace whose capabilities reach the memory of a task that is not dumpable. */
static inline bool task_exec_capable(const struct task_struct *task, const struct mm_struct *mm,
				     int cap)
{
	bool ok;

	rcu_read_lock();
	ok = ns_capable(rcu_dereference(task->exec_state)->user_ns, cap);
	rcu_read_unlock();
	return ok;
}
#else
#define TASK_DUMPABLE_OWNER SUID_DUMP_USER

static inline int task_dumpable(const struct task_struct *task, struct mm_struct *mm)
{
	return get_dumpable(mm);
}

static inline bool task_exec_capable(const struct task_struct *task, const struct mm_struct *mm,
				     int cap)
{
	return ns_capable(mm->user_ns, cap);
}
#endif

/* 7.2 gathered the futex state of a task, 6.18 that of rseq(2); 6.3 told its length. */
static inline u64 task_robust_list(const struct task_struct *task)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
	return (uintptr_t)READ_ONCE(task->futex.robust_list);
#else
	return (uintptr_t)READ_ONCE(task->robust_list);
#endif
}

static inline u64 task_rseq(const struct task_struct *task, u32 *ret_len, u32 *ret_signature)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
	*ret_len = task->rseq.len;
	*ret_signature = task->rseq.sig;
	return (uintptr_t)READ_ONCE(task->rseq.usrptr);
#else
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	*ret_len = task->rseq_len;
#else
	*ret_len = sizeof(*task->rseq);
#endif
	*ret_signature = task->rseq_sig;
	return (uintptr_t)READ_ONCE(task->rseq);
#endif
}

/* System call dispatch came with 5.11. */
static inline bool task_dispatches(struct task_struct *task)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
	return test_task_syscall_work(task, SYSCALL_USER_DISPATCH);
#else
	return false;
#endif
}

/* 7.0 has the time-out of poll(2) as a struct timespec64. */
static inline ktime_t restart_poll_end(const struct restart_block *b)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	return timespec64_to_ktime(b->poll.end_time);
#else
	return ktime_set(b->poll.tv_sec, b->poll.tv_nsec);
#endif
}

/* What a thread without an I/O context is told to have, which 5.18 changed. */
#ifndef IOPRIO_DEFAULT
#define IOPRIO_DEFAULT IOPRIO_PRIO_VALUE(IOPRIO_CLASS_NONE, IOPRIO_NORM)
#endif

#endif
