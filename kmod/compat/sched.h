/* SPDX-License-Identifier: GPL-2.0 */
/* <linux/sched.h> and what lies below it. */
#ifndef CRCTL_COMPAT_SCHED_H
#define CRCTL_COMPAT_SCHED_H

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

#endif
