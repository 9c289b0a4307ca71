/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a restored task needs once the engine's memory is gone: filled by the
 * kinds, applied by stub/restore.c. All of it, with what the pointers lead to,
 * lies in the bootstrap area, which the master unmaps last.
 */
#ifndef CRCTL_STUB_RESTORE_ARGS_H
#define CRCTL_STUB_RESTORE_ARGS_H

#include <stdint.h>

#define STUB_NR_RLIMITS 16
#define STUB_NR_SIGNALS 64
#define STUB_SIGINFO_LEN 128
#define STUB_THREAD_STACK 4096

/* Stages of a restore; the master raises stub_shared.stage. */
enum stub_stage {
	STAGE_CREATE,	/* tasks are forked, leaders of sessions and groups are made */
	STAGE_JOIN,	/* every task exists: groups are joined, memory and files restored */
	STAGE_FINISH,	/* the master traces every thread: last steps, then park */
};

/* The first failure of any task; text is written by the engine, the rest by the stub. */
struct stub_error {
	uint32_t claimed;
	int32_t ret;		/* -errno */
	uint32_t pid;
	uint32_t step;		/* enum stub_step; STEP_NONE: see text */
	uint64_t arg;
	int32_t exit_code;
	char text[1024];
};

enum stub_step {
	STEP_NONE,
	STEP_UNMAP,
	STEP_MOVE,
	STEP_MM,
	STEP_THREAD,
	STEP_SIGACTION,
	STEP_RLIMIT,
	STEP_SCHED,
	STEP_AFFINITY,
	STEP_IOPRIO,
	STEP_CREDS,
	STEP_SECCOMP,
	STEP_SIGNAL,
	STEP_ALTSTACK,
	STEP_ROBUST,
	STEP_RSEQ,
	STEP_ITIMER,
	STEP_TIMER,
	STEP_WAIT,
	STEP_SHARER,
	STEP_FILES,
	STEP_FILE_LOCK,
	STEP_SEAL,
	STEP_PROTECT,
	STEP_NR,
};

/* One for each task, in shared memory: what the master needs at the end. */
struct stub_task_slot {
	uint64_t area;		/* the bootstrap area */
	uint64_t area_len;
	uint64_t threads;	/* its struct stub_thread array */
	uint64_t syscall_ip;	/* a system call instruction that stays; 0: none */
	uint32_t created;	/* the task runs */
	uint32_t pad;
};

/* In a memfd that every task maps. */
struct stub_shared {
	uint32_t stage;		/* futex; enum stub_stage */
	uint32_t arrived;	/* futex; tasks that reached the end of this stage */
	uint32_t expected;	/* of them */
	uint32_t parked;	/* futex; threads that are done */
	uint32_t expected_threads;
	uint32_t failed;
	uint32_t guarded;	/* futex; somebody ends the root task with crctl */
	uint32_t over;		/* and need not any more */
	uint32_t answered;	/* who asked for the restore knows that it is done */
	uint32_t joined;	/* futex; tasks that joined their process group */
	uint32_t quiet;		/* futex; sharers of a table that need no descriptor any more */
	uint64_t pages;		/* pages restored, for the statistics */
	struct stub_error error;
	struct stub_task_slot tasks[];
};

struct stub_range {
	uint64_t start;
	uint64_t end;
};

struct stub_move {
	uint64_t from;
	uint64_t to;
	uint64_t len;
};

struct stub_filter {
	uint64_t insns;		/* struct sock_filter array */
	uint32_t nr_insns;
	uint32_t flags;		/* SECCOMP_FILTER_FLAG_* */
};

struct stub_creds {
	uint32_t uid, euid, suid, fsuid;
	uint32_t gid, egid, sgid, fsgid;
	uint32_t securebits;
	uint32_t no_new_privs;
	uint32_t nr_groups;
	uint32_t present;
	uint64_t groups;	/* uint32_t array */
	uint32_t cap_inh[2], cap_prm[2], cap_eff[2], cap_bnd[2], cap_amb[2];
};

struct stub_timer {
	uint32_t id;
	uint32_t clock;
	uint32_t signo;
	uint32_t notify;
	uint32_t notify_tid;
	uint32_t overrun;		/* counted since it fired */
	uint32_t fired;			/* its signal is pending: it fires at once */
	uint32_t pad;
	uint64_t value;
	uint64_t isec, insec, vsec, vnsec;
};

struct stub_thread {
	uint64_t task;			/* struct stub_task */
	uint64_t stack;			/* top */
	uint32_t tid;
	uint32_t pdeath_sig;
	uint64_t clear_tid;
	uint64_t robust;
	uint64_t robust_len;
	uint64_t rseq;
	uint32_t rseq_len;
	uint32_t rseq_sig;
	uint64_t sas_sp;
	uint64_t sas_size;
	uint32_t sas_flags;
	uint32_t has_sched;
	uint32_t sched_policy;
	uint32_t sched_prio;
	int32_t sched_nice;
	uint32_t sched_flags;
	uint64_t sched_runtime, sched_deadline, sched_period;
	uint32_t has_ioprio;
	uint32_t ioprio;
	uint64_t cpu_mask;		/* 0: leave */
	uint64_t cpu_mask_len;
	uint64_t timer_slack;		/* 0: leave */
	char comm[16];
	struct stub_creds creds;
	uint32_t seccomp_mode;
	uint32_t nr_filters;
	uint64_t filters;		/* struct stub_filter, oldest first */
	uint64_t siginfos;		/* nr times STUB_SIGINFO_LEN bytes */
	uint64_t nr_siginfos;
	/* a call with a time-out that goes on where it was interrupted */
	uint32_t restart_nr;		/* 0: none */
	uint32_t restart_done;		/* it returned, with restart_ret */
	int64_t restart_ret;
	int64_t restart_time[2];	/* struct timespec */
	uint64_t restart_args[6];
};

struct stub_sigaction {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

/* struct prctl_mm_map of the kernel */
struct stub_mm_map {
	uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
	uint64_t arg_start, arg_end, env_start, env_end;
	uint64_t auxv;
	uint32_t auxv_size;
	uint32_t exe_fd;
};

/* A task made by clone(2) with CLONE_VM from the stub of the one whose memory it shares. */
struct stub_sharer {
	uint64_t task;			/* struct stub_task of it */
	uint64_t clone_flags;
	uint32_t index;			/* in stub_shared.tasks */
	uint32_t pad;
};

struct stub_fd_move {
	int32_t from;
	int32_t to;
	int32_t cloexec;
};

struct stub_lock {
	int32_t fd;
	uint32_t command;		/* of fcntl(2); 0: flock(2) with operation */
	uint32_t operation;
	uint32_t type;			/* F_RDLCK or F_WRLCK */
	int64_t start, len;
};

struct stub_task {
	uint32_t nr_common_filters;	/* the leader's oldest, which all threads share */
	uint32_t filters_ready;		/* futex; it has installed them */
	uint64_t seals;			/* struct stub_range: mseal(2) */
	uint64_t nr_seals;
	uint32_t mdwe;			/* PR_SET_MDWE; 0: leave */
	uint32_t mlock_future;		/* mlockall(2) flags; 0: leave */
	uint64_t shared;		/* struct stub_shared, mapped in the area */
	uint32_t pid;
	uint32_t ppid;			/* for one that shares memory */
	uint32_t shares_mm;		/* memory is somebody else's work */
	uint32_t shares_sighand;
	uint32_t child_subreaper;
	uint64_t unmaps;		/* struct stub_range */
	uint64_t nr_unmaps;
	uint64_t moves;			/* struct stub_move, in order */
	uint64_t nr_moves;
	struct stub_mm_map mm;
	uint64_t threads;		/* struct stub_thread; the first is the leader's */
	uint64_t nr_threads;
	struct stub_sigaction sigactions[STUB_NR_SIGNALS];
	uint64_t rlimits[STUB_NR_RLIMITS][2];
	uint32_t nr_rlimits;
	uint32_t has_itimers;
	uint64_t itimers[3][4];		/* interval sec, usec, value sec, usec */
	uint64_t timers;		/* struct stub_timer */
	uint64_t nr_timers;
	uint64_t siginfos;		/* shared pending */
	uint64_t nr_siginfos;
	uint64_t locks;			/* struct stub_lock */
	uint64_t nr_locks;
	uint64_t reap;			/* uint32_t PIDs: helper children to wait for */
	uint64_t nr_reap;
	uint64_t zombies;		/* uint32_t PIDs: children that are to be zombies */
	uint64_t nr_zombies;
	uint64_t sharers;		/* struct stub_sharer */
	uint64_t nr_sharers;
	/* for a task that shares memory but has its own table or directories */
	uint64_t fd_moves;		/* struct stub_fd_move */
	uint64_t nr_fd_moves;
	int32_t close_from;		/* the engine's descriptors start here; -1: leave */
	int32_t own_files;
	int32_t cwd_fd;			/* -1: leave */
	int32_t root_fd;		/* -1: leave */
	int32_t umask;			/* -1: leave */
	int32_t dumpable;		/* -1: leave */
	uint32_t membarrier;		/* MEMBARRIER_CMD_REGISTER_* bits */
	int32_t pgid;			/* 0: leave */
	int32_t new_session;
};

#endif
