/* SPDX-License-Identifier: GPL-2.0 */
/* <linux/posix-timers.h>. */
#ifndef CRCTL_COMPAT_POSIX_TIMERS_H
#define CRCTL_COMPAT_POSIX_TIMERS_H

#include <linux/list.h>
#include <linux/posix-timers.h>
#include <linux/sched/signal.h>
#include <linux/version.h>

/* The timers of a process, with its siglock held. A hash list since 6.12. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define for_each_posix_timer(timer, signal) \
	hlist_for_each_entry(timer, &(signal)->posix_timers, list)
#else
#define for_each_posix_timer(timer, signal) \
	list_for_each_entry(timer, &(signal)->posix_timers, list)
#endif

/* The signal is a part of the timer since 6.13, which also changed how it waits for delivery. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
static inline const struct kernel_siginfo *timer_info(const struct k_itimer *timer)
{
	return &timer->sigq.info;
}

/* Its values are those of kernel/time/posix-timers.h: disarmed, armed, to be queued again. */
static inline bool timer_armed(const struct k_itimer *timer)
{
	return timer->it_status == 1;
}

static inline bool timer_waits(const struct k_itimer *timer)
{
	return timer->it_status == 2;
}
#else
static inline const struct kernel_siginfo *timer_info(const struct k_itimer *timer)
{
	return timer->sigq ? &timer->sigq->info : NULL;
}

static inline bool timer_armed(const struct k_itimer *timer)
{
	return timer->it_active;
}

static inline bool timer_waits(const struct k_itimer *timer)
{
	return timer->it_requeue_pending & 1;	/* REQUEUE_PENDING */
}

#endif

/* 6.16 has timers in the list that are not yet made, or about to go. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
static inline bool posixtimer_valid(const struct k_itimer *timer)
{
	return true;
}
#endif

static inline u32 signal_next_timer_id(const struct signal_struct *signal)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	return atomic_read(&signal->next_posix_timer_id);
#else
	return signal->next_posix_timer_id;
#endif
}

#endif
