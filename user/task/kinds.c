// SPDX-License-Identifier: GPL-2.0
/* The table of task state kinds. */
#include "task/task.h"

extern const struct task_kind sigact_kind, signal_kind, timers_kind, creds_kind, rlimit_kind,
	sched_kind, misc_kind, rseq_kind, seccomp_kind, regs_kind;

const struct task_kind *const task_kinds[] = {
	&regs_kind,   &sigact_kind, &signal_kind, &timers_kind, &creds_kind,
	&rlimit_kind, &sched_kind,  &misc_kind,	  &rseq_kind,	&seccomp_kind,
	NULL,
};
