/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kinds of task state: one file each, dump and restore side by side.
 * A dump hook fills its part of the thread's core image from what was
 * collected; a restore hook turns it into what the stub applies.
 */
#ifndef CRCTL_TASK_TASK_H
#define CRCTL_TASK_TASK_H

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ctx.h"
#include "image/core.pb-c.h"
#include "image/crctl.pb-c.h"
#include "stub/restore_args.h"

/* A new message of a type; NULL without memory. */
#define message_new(type, init)                                                                    \
	({                                                                                         \
		type *message_ = malloc(sizeof(*message_));                                        \
		if (message_)                                                                      \
			init(message_);                                                            \
		message_;                                                                          \
	})

struct dump;
struct dump_task;
struct dump_thread;
struct restore;
struct restore_task;

struct task_kind {
	const char *name;
	/*
	 * Fill @core (tc only set for the leader) and @extra. What is allocated
	 * hangs on the messages and is freed with them.
	 */
	int (*dump)(struct dump *d, struct dump_task *task, struct dump_thread *thread,
		    CoreEntry *core, CrctlThreadEntry *extra);
	/*
	 * Check the record and prepare @thread (and, for the leader, the task's
	 * part of it). @extra is NULL for images of other tools.
	 */
	int (*restore)(struct restore *r, struct restore_task *task, const CoreEntry *core,
		       const CrctlThreadEntry *extra, struct stub_thread *thread);
};

/* The task that a thread of the stub belongs to. */
static inline struct stub_task *stub_task_of(const struct stub_thread *thread)
{
	return (struct stub_task *)(uintptr_t)thread->task;
}

/* The POSIX timer that sent a signal (SI_TIMER); -1: none did. */
static inline int64_t signal_timer_id(const ProtobufCBinaryData *siginfo)
{
	siginfo_t info;

	if (siginfo->len < 24 || siginfo->len > sizeof(info))
		return -1;
	memcpy(&info, siginfo->data, siginfo->len);
	return info.si_code == SI_TIMER ? info.si_timerid : -1;
}

/* Whether @thread is the one whose core image has the process's part. */
static inline bool thread_is_leader(const struct dump_task *task, const struct dump_thread *thread)
{
	return thread == task->threads.items;
}

/* seccomp.img, once every thread was looked at. */
int seccomp_write(struct dump *d);

/* NULL-terminated. */
extern const struct task_kind *const task_kinds[];

#endif
