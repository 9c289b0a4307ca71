// SPDX-License-Identifier: GPL-2.0
/*
 * Interval timers and POSIX timers of a process with what is left of them, as
 * getitimer(2), timer_gettime(2) and timer_getoverrun(2) would say from inside
 * (kernel/time/itimer.c, common_timer_get() of kernel/time/posix-timers.c). Nothing is
 * moved on: the overrun of a timer whose signal waits is counted, not stored.
 */
#include <linux/alarmtimer.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/cputime.h>
#include <linux/sched/signal.h>

#include "kmod/compat/posix-timers.h"
#include "kmod/kmod.h"

enum { SAMPLE_PROF, SAMPLE_VIRT, SAMPLE_SCHED };	/* CPUCLOCK_WHICH() */

static u64 real_left(struct hrtimer *timer)
{
	ktime_t left = __hrtimer_get_remaining(timer, true);

	if (!hrtimer_active(timer))
		return 0;
	return left > 0 ? left : NSEC_PER_USEC;
}

static u64 cpu_itimer_left(struct signal_struct *signal, int which)
{
	struct task_cputime_atomic *c = &signal->cputimer.cputime_atomic;
	u64 now = atomic64_read(&c->utime), end = signal->it[which].expires;

	if (which == CPUCLOCK_PROF)
		now += atomic64_read(&c->stime);
	if (!end)
		return 0;
	return end > now ? end - now : TICK_NSEC;
}

void timer_itimers(struct signal_struct *signal, struct crctl_itimer *ret)
{
	ret[0].interval_ns = signal->it_real_incr;
	ret[0].value_ns = real_left(&signal->real_timer);
	ret[1].interval_ns = signal->it[CPUCLOCK_VIRT].incr;
	ret[1].value_ns = cpu_itimer_left(signal, CPUCLOCK_VIRT);
	ret[2].interval_ns = signal->it[CPUCLOCK_PROF].incr;
	ret[2].value_ns = cpu_itimer_left(signal, CPUCLOCK_PROF);
}

u32 timer_count(struct signal_struct *signal)
{
	struct k_itimer *timer;
	u32 nr = 0;

	for_each_posix_timer(timer, signal)
		if (posixtimer_valid(timer))
			nr++;
	return nr;
}

/* ---- POSIX timers ---- */

static u64 task_sample(const struct task_struct *task, int which)
{
	if (which == SAMPLE_VIRT)
		return READ_ONCE(task->utime);
	if (which == SAMPLE_PROF)
		return READ_ONCE(task->utime) + READ_ONCE(task->stime);
	return READ_ONCE(task->se.sum_exec_runtime);
}

static u64 process_sample(struct task_struct *task, int which)
{
	const struct signal_struct *signal = task->signal;
	const struct task_struct *thread;
	u64 sum;

	if (which == SAMPLE_VIRT)
		sum = signal->utime;
	else if (which == SAMPLE_PROF)
		sum = signal->utime + signal->stime;
	else
		sum = signal->sum_sched_runtime;
	for_each_thread(task, thread)
		sum += task_sample(thread, which);
	return sum;
}

/* What is left until a CPU timer goes off; 0 and less: it did. *ret_set: it is set at all. */
static s64 cpu_left(struct k_itimer *timer, bool *ret_set)
{
	bool thread = CPUCLOCK_PERTHREAD(timer->it_clock);
	int which = CPUCLOCK_WHICH(timer->it_clock);
	u64 end = timer->it.cpu.node.expires;
	struct task_struct *task;

	task = pid_task(timer->it.cpu.pid, thread ? PIDTYPE_PID : PIDTYPE_TGID);
	*ret_set = end && task;
	if (!*ret_set)
		return 0;
	return end - (thread ? task_sample(task, which) : process_sample(task, which));
}

static s64 timer_left(struct k_itimer *timer, bool *ret_set)
{
	*ret_set = true;
	if (timer->it_clock < 0)
		return cpu_left(timer, ret_set);
	if (timer->it_clock == CLOCK_REALTIME_ALARM || timer->it_clock == CLOCK_BOOTTIME_ALARM)
		return alarm_expires_remaining(&timer->it.alarm.alarmtimer);
	return __hrtimer_get_remaining(&timer->it.real.timer, false);
}

static void timer_times(struct k_itimer *timer, struct crctl_timer *r)
{
	bool silent = (timer->it_sigev_notify & ~SIGEV_THREAD_ID) == SIGEV_NONE, set;
	s64 interval = timer->it_interval, left, overrun = timer->it_overrun;

	r->interval_ns = interval;
	/* of a CPU timer its end tells, and up to 6.12 nothing else */
	if (!interval && timer->it_clock >= 0 && !timer_armed(timer) && !silent)
		return;
	left = timer_left(timer, &set);
	if (!set)
		return;
	if (interval > 0 && left <= 0 && (timer_waits(timer) || silent)) {
		u64 rest, periods = div64_u64_rem(-left, interval, &rest) + 1;

		overrun += periods;
		left = interval - rest;
	}
	if (timer_waits(timer) && overrun > 0)
		r->overrun_next = overrun;
	if (left > 0)
		r->value_ns = left;
	else if (!silent)
		r->value_ns = 1;
}

static void timer_fill(struct k_itimer *timer, struct crctl_timer *r)
{
	const struct kernel_siginfo *info = timer_info(timer);

	r->id = timer->it_id;
	r->clock = timer->it_clock;
	r->notify = timer->it_sigev_notify;
	r->notify_tid = pid_nr_ns(timer->it_pid, task_active_pid_ns(current));
	r->overrun = clamp_t(s64, timer->it_overrun_last, 0, INT_MAX);
	if (info) {
		r->signo = info->si_signo;
		r->sigval = (uintptr_t)info->si_value.sival_ptr;
	}
	timer_times(timer, r);
}

static int timers_fill(struct list *l, struct signal_struct *signal)
{
	u64 from = l->cursor, at = 0;
	struct k_itimer *timer;

	for_each_posix_timer(timer, signal) {
		struct crctl_timer *r;

		if (!posixtimer_valid(timer) || at++ < from)
			continue;
		r = list_record(l);
		if (!r)
			return 0;
		timer_fill(timer, r);
		if (!list_commit(l, at))
			return 0;
	}
	l->cursor = CRCTL_CURSOR_END;
	return 0;
}

static int timer_list_fill(struct list *l, void *ctx)
{
	struct target *t = ctx;
	struct sighand_struct *sighand;
	unsigned long irq;
	int ret = target_lock(t);

	if (ret)
		return ret;
	rcu_read_lock();
	sighand = target_lock_signals(t->task, &irq);
	ret = -ESRCH;
	if (sighand) {
		ret = timers_fill(l, t->task->signal);
		target_unlock_signals(sighand, irq);
	}
	rcu_read_unlock();
	target_unlock(t);
	return ret;
}

int timer_list(struct session *s, void *arg)
{
	struct crctl_list *list = arg;
	struct target t;
	int ret;

	if (list->fd)
		return -EINVAL;
	ret = target_get(list->pid, &t);
	if (ret)
		return ret;
	ret = list_answer(list, sizeof(struct crctl_timer), timer_list_fill, &t);
	target_put(&t);
	return ret;
}
