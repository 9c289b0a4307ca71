/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What crctl and the dump stub tell each other. All of it lies in a scratch
 * mapping that exists in the task while the stub runs.
 */
#ifndef CRCTL_STUB_DUMP_H
#define CRCTL_STUB_DUMP_H

#include <linux/types.h>

struct stub_fact_action {		/* the kernel's struct sigaction of x86_64 */
	__u64 handler, flags, restorer, mask;
};

struct stub_fact_timer {
	__s32 id, overrun;
	__u64 isec, insec, vsec, vnsec;		/* struct itimerspec */
};

/* Facts of one thread. */
struct stub_thread_facts {
	__u64 tid_address;
	__u64 sas_sp;
	__s32 sas_flags, pad;
	__u64 sas_size;
	__s32 pdeath_signal, securebits;
	__u64 timer_slack_ns;
};

/* Facts of the process; nr_timers ids go in. */
struct stub_task_facts {
	struct stub_fact_action actions[64];
	__u64 itimers[3][4];		/* struct itimerval: interval s, us, value s, us */
	__u64 brk;
	__s32 dumpable, child_subreaper, thp_disabled, membarrier, io_flusher, mdwe;
	__u32 nr_timers, pad;
	struct stub_fact_timer timers[];
};

/* How many threads, the runner apart, crctl sent here, and how many went out by themselves. */
struct stub_count {
	__u32 nr_sent, nr_left;
};

struct stub_dump_args {
	__u64 frame;			/* the thread's sigframe, for the way back */
	__u64 chain;			/* runner only: unmaps the scratch; 0: none */
	struct stub_count *count;
	struct stub_task_facts *task;	/* runner only, else NULL */
	__s32 pid, tid;
	__u32 marker;			/* signal that tells the tracer */
	__u32 pad;
	struct stub_thread_facts facts;
};

#endif
