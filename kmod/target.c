// SPDX-License-Identifier: GPL-2.0
/*
 * The task that a command is about: found by a PID of the caller's namespace,
 * and the question whether the caller may ask. ptrace_may_access() is not there
 * for modules, so its rules for real ids are repeated here; what a security
 * module would add is not asked, since the caller is privileged already.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/user_namespace.h>

#include "kmod/compat/sched.h"
#include "kmod/kmod.h"

static bool ids_match(const struct cred *c, const struct cred *t)
{
	return uid_eq(c->uid, t->euid) && uid_eq(c->uid, t->suid) && uid_eq(c->uid, t->uid) &&
	       gid_eq(c->gid, t->egid) && gid_eq(c->gid, t->sgid) && gid_eq(c->gid, t->gid);
}

static bool creds_permit(struct task_struct *task)
{
	const struct cred *c = current_cred(), *t;
	bool ok;

	rcu_read_lock();
	t = __task_cred(task);
	ok = ns_capable(t->user_ns, CAP_CHECKPOINT_RESTORE) ||
	     ns_capable(t->user_ns, CAP_SYS_ADMIN);
	if (ok && !(ids_match(c, t) && cap_issubset(t->cap_permitted, c->cap_permitted)))
		ok = ns_capable(t->user_ns, CAP_SYS_PTRACE);
	rcu_read_unlock();
	return ok;
}

/* A task that is not dumpable may know what its user must not. */
static bool mm_permits(struct task_struct *task)
{
	struct mm_struct *mm;
	bool ok = true;

	task_lock(task);
	mm = task->mm;
	if (mm && task_dumpable(task, mm) != TASK_DUMPABLE_OWNER)
		ok = task_exec_capable(task, mm, CAP_SYS_PTRACE);
	task_unlock(task);
	return ok;
}

int target_lock(const struct target *t)
{
	int ret;

	if (down_read_killable(&t->task->signal->exec_update_lock))
		return -EINTR;
	ret = t->task == current || (creds_permit(t->task) && mm_permits(t->task)) ? 0 : -EPERM;
	if (ret)
		target_unlock(t);
	return ret;
}

void target_unlock(const struct target *t)
{
	up_read(&t->task->signal->exec_update_lock);
}

struct sighand_struct *target_lock_signals(struct task_struct *task, unsigned long *ret_irq)
{
	struct sighand_struct *sighand;

	rcu_read_lock();
	for (;;) {
		sighand = rcu_dereference(task->sighand);
		if (!sighand)
			break;
		spin_lock_irqsave(&sighand->siglock, *ret_irq);
		if (sighand == rcu_access_pointer(task->sighand)) {
			/* sparse cannot follow a lock that is taken or not */
			__release(&sighand->siglock);
			break;
		}
		spin_unlock_irqrestore(&sighand->siglock, *ret_irq);
	}
	rcu_read_unlock();
	return sighand;
}

void target_unlock_signals(struct sighand_struct *sighand, unsigned long irq)
{
	__acquire(&sighand->siglock);
	spin_unlock_irqrestore(&sighand->siglock, irq);
}

static int target_find(s32 nr, struct target *t, bool memory)
{
	struct pid *pid;
	int ret;

	if (nr <= 0)
		return -EINVAL;
	pid = find_get_pid(nr);
	t->task = get_pid_task(pid, PIDTYPE_PID);
	t->mm = NULL;
	put_pid(pid);
	if (!t->task)
		return -ESRCH;
	ret = t->task->flags & PF_KTHREAD ? -ESRCH : target_lock(t);
	if (!ret) {
		if (memory)
			t->mm = get_task_mm(t->task);
		target_unlock(t);
		ret = memory && !t->mm ? -ESRCH : 0;
	}
	if (ret)
		target_put(t);
	return ret;
}

int target_get(s32 pid, struct target *t)
{
	return target_find(pid, t, false);
}

int target_get_mm(s32 pid, struct target *t)
{
	return target_find(pid, t, true);
}

void target_put(struct target *t)
{
	if (t->mm)
		mmput(t->mm);
	put_task_struct(t->task);
}
