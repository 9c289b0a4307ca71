/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The contract between crctl.ko and whoever opens /dev/crctl: questions about a
 * task that user space cannot ask from outside, or only one at a time. Nothing of
 * the task is changed, no kernel address is told. README.md says how a command is added.
 *
 * Every structure begins with its size as the caller knows it and a word of
 * flags. Structures grow at the end only, and zero means "as before": a caller
 * may be older or newer than the module. Padding is named and must be 0.
 */
#ifndef CRCTL_H
#define CRCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CRCTL_DEVICE	"/dev/crctl"
#define CRCTL_IOC	0xd7
#define CRCTL_CONTRACT	1	/* changes only when old callers could be misled */

/*
 * Who is answered: a caller with CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the
 * initial user namespace and over the target in the target's, that could also
 * read the target with ptrace(2): of the same user ids, or with CAP_SYS_PTRACE.
 * PIDs and user ids are of the caller's namespaces; a PID that is not in it is 0.
 * Answers about a task that runs are true at no single moment: stop it first.
 *
 * Errors of every command:
 *   ENOTTY      no such command
 *   EFAULT      an address of the caller's is bad
 *   EINVAL      a field is impossible, or size is less than the first version's
 *   E2BIG       what this module does not know of the structure is not zero
 *   EOPNOTSUPP  a flag or value that this module or kernel does not know
 *   EPERM       the caller may not ask, or not about this task
 *   ESRCH       no such task, or it has ended
 *   EBADF       the target has no such descriptor (or the caller, of one of its own)
 *   ENOENT      the object asked for is not there
 *   EMSGSIZE    the buffer is too small for one record; @needed says enough
 *   EINTR       a fatal signal came meanwhile
 *   ENOMEM
 */

/* ---- what the module can do ---- */

struct crctl_query {
	__u32 size;
	__u32 flags;			/* 0 */
	__u32 contract;			/* out: CRCTL_CONTRACT */
	__u32 pad;
	__aligned_u64 features;		/* out: CRCTL_HAS_* */
};

#define CRCTL_QUERY	_IO(CRCTL_IOC, 0x00)

/* A bit a command that can be answered on this kernel. */
#define CRCTL_HAS_MAP_FILES	(1ULL << 0)
#define CRCTL_HAS_FILES		(1ULL << 1)
#define CRCTL_HAS_TASK		(1ULL << 2)
#define CRCTL_HAS_THREADS	(1ULL << 3)
#define CRCTL_HAS_TIMERS	(1ULL << 4)
#define CRCTL_HAS_AIO		(1ULL << 5)
#define CRCTL_HAS_OVERLAY	(1ULL << 6)
#define CRCTL_HAS_WATCHES	(1ULL << 7)
#define CRCTL_HAS_URING		(1ULL << 8)
#define CRCTL_HAS_MEMORY	(1ULL << 9)

/* ---- lists ---- */

/*
 * The argument of every command that answers with a list. As many whole records
 * as fit are written to @buf, back to back; the call is repeated with the cursor
 * it left until that is CRCTL_CURSOR_END. A record begins with its length, a
 * multiple of 8: that is where the next one begins. Its fixed part is
 * @record_size bytes; a caller who knows a longer one takes the rest as zero.
 * Texts lie behind it, at an offset from the record's start, end with a NUL
 * that their length does not count, and are not there when the offset is 0.
 * This structure does not grow.
 */
struct crctl_list {
	__u32 size;
	__u32 flags;			/* as the command says */
	__s32 pid;			/* a task, by any of its threads */
	__s32 fd;			/* of the task, where the command is about one; else 0 */
	__aligned_u64 cursor;		/* 0 to begin with */
	__aligned_u64 buf;
	__u32 buf_len;			/* bytes */
	__u32 nr;			/* out: records written */
	__u32 record_size;		/* out */
	__u32 needed;			/* out: with EMSGSIZE, bytes that are enough for one */
};

#define CRCTL_CURSOR_END	(~0ULL)

/*
 * Identities: equal for two answers of the same open device exactly when the
 * kernel object is the same one, 0 when there is none. They are a keyed hash; the
 * key is that of the open device, so answers of two devices say nothing together.
 */

/* ---- memory areas ---- */

#define CRCTL_MAP_FILES	_IO(CRCTL_IOC, 0x01)	/* crctl_list of crctl_vma; flags 0 */

/*
 * In order of address, one for each area in /proc/PID/maps but [vsyscall], which is
 * of no task. The cursor is an address.
 */
struct crctl_vma {
	__u32 len;
	__u32 kind;			/* CRCTL_VMA_IS_* */
	__aligned_u64 start, end;
	__aligned_u64 pgoff;		/* bytes */
	__aligned_u64 flags;		/* CRCTL_VMA_* */
	__aligned_u64 file_id;		/* identity of the open file description */
	__aligned_u64 mm_ino;		/* as /proc/PID/maps shows them */
	__u32 mm_dev_major, mm_dev_minor;
	__aligned_u64 ino;		/* as stat(2) of the file gives them; 0: it failed */
	__u32 dev_major, dev_minor;
	__aligned_u64 file_len;		/* bytes */
	__u32 nlink;
	__u32 mode;
	__u32 f_flags;			/* open flags of the file */
	__s32 mnt_id;
	__u32 page_shift;		/* 12, or more for huge pages */
	__s32 pkey;
	__u32 name_at, name_len;	/* as /proc/PID/maps shows it, newlines as they are */
};

#define CRCTL_VMA_IS_ANON	0	/* no file, nothing special */
#define CRCTL_VMA_IS_FILE	1
#define CRCTL_VMA_IS_SHARED	2	/* MAP_SHARED|MAP_ANONYMOUS: a file without a name */
#define CRCTL_VMA_IS_MEMFD	3
#define CRCTL_VMA_IS_SYSV	4
#define CRCTL_VMA_IS_AIO	5
#define CRCTL_VMA_IS_SOCKET	6
#define CRCTL_VMA_IS_ANON_INODE	7
#define CRCTL_VMA_IS_DEVICE	8
#define CRCTL_VMA_IS_SPECIAL	9	/* the kernel's: [vdso], [vvar], [uprobes] */
#define CRCTL_VMA_IS_HUGE	10	/* MAP_ANONYMOUS|MAP_HUGETLB */
#define CRCTL_VMA_IS_HUGE_FILE	11	/* a file of hugetlbfs */

#define CRCTL_VMA_READ		(1ULL << 0)
#define CRCTL_VMA_WRITE		(1ULL << 1)
#define CRCTL_VMA_EXEC		(1ULL << 2)
#define CRCTL_VMA_SHARED	(1ULL << 3)
#define CRCTL_VMA_MAYREAD	(1ULL << 4)
#define CRCTL_VMA_MAYWRITE	(1ULL << 5)
#define CRCTL_VMA_MAYEXEC	(1ULL << 6)
#define CRCTL_VMA_MAYSHARE	(1ULL << 7)
#define CRCTL_VMA_GROWSDOWN	(1ULL << 8)
#define CRCTL_VMA_PFNMAP	(1ULL << 9)
#define CRCTL_VMA_LOCKED	(1ULL << 10)
#define CRCTL_VMA_LOCKONFAULT	(1ULL << 11)
#define CRCTL_VMA_IO		(1ULL << 12)
#define CRCTL_VMA_SEQ_READ	(1ULL << 13)
#define CRCTL_VMA_RAND_READ	(1ULL << 14)
#define CRCTL_VMA_DONTCOPY	(1ULL << 15)
#define CRCTL_VMA_DONTEXPAND	(1ULL << 16)
#define CRCTL_VMA_ACCOUNT	(1ULL << 17)
#define CRCTL_VMA_NORESERVE	(1ULL << 18)
#define CRCTL_VMA_HUGETLB	(1ULL << 19)
#define CRCTL_VMA_SYNC		(1ULL << 20)
#define CRCTL_VMA_WIPEONFORK	(1ULL << 21)
#define CRCTL_VMA_DONTDUMP	(1ULL << 22)
#define CRCTL_VMA_SOFTDIRTY	(1ULL << 23)
#define CRCTL_VMA_MIXEDMAP	(1ULL << 24)
#define CRCTL_VMA_HUGEPAGE	(1ULL << 25)
#define CRCTL_VMA_NOHUGEPAGE	(1ULL << 26)
#define CRCTL_VMA_MERGEABLE	(1ULL << 27)
#define CRCTL_VMA_UFFD_MISSING	(1ULL << 28)
#define CRCTL_VMA_UFFD_WP	(1ULL << 29)
#define CRCTL_VMA_UFFD_MINOR	(1ULL << 30)
#define CRCTL_VMA_SHADOW_STACK	(1ULL << 31)
#define CRCTL_VMA_SEALED	(1ULL << 32)
#define CRCTL_VMA_DROPPABLE	(1ULL << 33)
#define CRCTL_VMA_GUARD		(1ULL << 34)	/* may have guard pages (Linux 6.19) */
#define CRCTL_VMA_HEAP		(1ULL << 35)	/* the name would be [heap] */
#define CRCTL_VMA_STACK		(1ULL << 36)	/* likewise [stack] */
#define CRCTL_VMA_HAS_ANON	(1ULL << 37)	/* had pages of its own at some time */
#define CRCTL_VMA_SAME_NAME	(1ULL << 38)	/* the name is that of the record before: no text */

/* ---- open files ---- */

/* crctl_list of crctl_file; the cursor is opaque. */
#define CRCTL_FILES	_IO(CRCTL_IOC, 0x02)

#define CRCTL_FILES_LINKS	(1U << 0)	/* exe, cwd and root first */
#define CRCTL_FILES_STAT	(1U << 1)	/* fill what stat(2) tells, which may sleep */

/* crctl_file.fd of what is no descriptor */
#define CRCTL_FD_EXE	(-2)
#define CRCTL_FD_CWD	(-3)
#define CRCTL_FD_ROOT	(-4)

struct crctl_file {
	__u32 len;
	__u32 has;			/* CRCTL_FILE_HAS_* */
	__s32 fd;
	__u32 kind;			/* CRCTL_FILE_IS_* */
	__aligned_u64 id;		/* identity of the open file description */
	__aligned_u64 pos;
	__u32 f_flags;			/* open flags, O_CLOEXEC where the descriptor has it */
	__s32 mnt_id;
	/* F_GETOWN_EX, F_GETSIG, F_GETOWNER_UIDS; 0: nobody */
	__s32 owner_pid;
	__u32 owner_type;		/* 0 thread, 1 process, 2 group */
	__u32 owner_uid, owner_euid;
	__s32 owner_signo;
	__u32 nr_locks;			/* POSIX, flock, leases on the inode, whoever's; at most 64 */
	/* what fdinfo calls ino: of the inode, not of stat(2) */
	__aligned_u64 inode_ino;
	__aligned_u64 inode_id;		/* identity of the inode */
	/* CRCTL_FILES_STAT */
	__aligned_u64 ino, file_len, blocks;
	__u32 dev_major, dev_minor, rdev_major, rdev_minor;
	__u32 mode, nlink, uid, gid;
	__aligned_u64 mtime_sec;
	__u32 mtime_nsec;
	__u32 blksize;
	__u32 path_at, path_len;	/* as readlink(2) of /proc/PID/fd/N gives it */
	__u32 ops_at, ops_len;		/* the kernel's name of the file operations */
};

#define CRCTL_FILE_HAS_STAT	(1U << 0)
#define CRCTL_FILE_HAS_PATH	(1U << 1)	/* no: longer than PATH_MAX */
#define CRCTL_FILE_HAS_OPS	(1U << 2)	/* no: the kernel does not tell names of data */

#define CRCTL_FILE_IS_OTHER	0
#define CRCTL_FILE_IS_REG	1
#define CRCTL_FILE_IS_DIR	2
#define CRCTL_FILE_IS_CHR	3
#define CRCTL_FILE_IS_BLK	4
#define CRCTL_FILE_IS_FIFO	5
#define CRCTL_FILE_IS_PIPE	6
#define CRCTL_FILE_IS_SOCK	7
#define CRCTL_FILE_IS_LNK	8
#define CRCTL_FILE_IS_MEMFD	9
#define CRCTL_FILE_IS_EVENTFD	10
#define CRCTL_FILE_IS_EPOLL	11
#define CRCTL_FILE_IS_TIMERFD	12
#define CRCTL_FILE_IS_SIGNALFD	13
#define CRCTL_FILE_IS_INOTIFY	14
#define CRCTL_FILE_IS_FANOTIFY	15
#define CRCTL_FILE_IS_URING	16
#define CRCTL_FILE_IS_UFFD	17
#define CRCTL_FILE_IS_PIDFD	18
#define CRCTL_FILE_IS_BPF_MAP	19
#define CRCTL_FILE_IS_BPF_PROG	20
#define CRCTL_FILE_IS_PERF	21
#define CRCTL_FILE_IS_NS	22
#define CRCTL_FILE_IS_TTY	23
#define CRCTL_FILE_IS_PTMX	24
#define CRCTL_FILE_IS_MQUEUE	25

/* ---- a process ---- */

struct crctl_sigaction {		/* the kernel's struct sigaction of x86_64 */
	__aligned_u64 handler, flags, restorer, mask;
};

struct crctl_itimer {			/* CLOCK_REALTIME of setitimer(2) etc. */
	__aligned_u64 interval_ns;
	__aligned_u64 value_ns;		/* what is left; 0: not armed, or its signal is pending */
};

#define CRCTL_NR_SIGNALS	64
#define CRCTL_NR_AUXV		128	/* words */
#define CRCTL_NR_RLIMITS	16

struct crctl_task {
	__u32 size;
	__u32 flags;			/* 0 */
	__s32 pid;			/* in: any thread of it; out: the process */
	__u32 has;			/* CRCTL_TASK_HAS_*; the rest below is out, too */
	__s32 ppid, pgid, sid;
	__s32 ns_pid;			/* in its own PID namespace */
	__s32 ns_pgid, ns_sid;		/* likewise */
	__u32 nr_threads;
	__u32 nr_timers;		/* POSIX timers, for CRCTL_TIMERS */
	__s32 exit_signal;
	__u32 exit_code;
	__u32 state;			/* the letter of /proc/PID/stat */
	__u32 child_subreaper;
	__aligned_u64 start_ns;		/* of CLOCK_BOOTTIME of the initial time namespace */
	__s32 oom_score_adj;
	__u32 timer_next_id;		/* what timer_create(2) would try first */
	__u32 group_stop;		/* the process is stopped by a signal */
	__u32 pad;
	/* identities */
	__aligned_u64 mm_id, files_id, fs_id, sighand_id, io_id, sem_undo_id, tty_id;
	/* inode numbers of namespaces; 0: not known */
	__aligned_u64 ns_mnt, ns_uts, ns_ipc, ns_net, ns_user, ns_cgroup;
	__aligned_u64 ns_pid_own, ns_pid_children, ns_time, ns_time_children;
	/* CRCTL_TASK_HAS_FS */
	__u32 umask;
	/* CRCTL_TASK_HAS_MM */
	__s32 dumpable;			/* PR_GET_DUMPABLE */
	__u32 thp_disabled;		/* PR_GET_THP_DISABLE */
	__u32 mdwe;			/* PR_GET_MDWE */
	__u32 membarrier;		/* MEMBARRIER_CMD_GET_REGISTRATIONS */
	__u32 coredump_filter;
	__u32 mlock_future;		/* MCL_FUTURE and MCL_ONFAULT that are in force */
	__u32 nr_aio;			/* AIO contexts */
	__u32 nr_mm_users;		/* threads and others that use the memory */
	__u32 nr_auxv;			/* words, AT_NULL included */
	__aligned_u64 start_code, end_code, start_data, end_data, start_brk, brk;
	__aligned_u64 start_stack, arg_start, arg_end, env_start, env_end;
	__aligned_u64 total_pages, locked_pages, nr_vmas;
	__aligned_u64 auxv[CRCTL_NR_AUXV];
	/* CRCTL_TASK_HAS_SIGNAL */
	__aligned_u64 shared_pending;
	struct crctl_sigaction actions[CRCTL_NR_SIGNALS];
	struct crctl_itimer itimers[3];	/* real, virtual, prof */
	__aligned_u64 rlimits[CRCTL_NR_RLIMITS][2];
};

#define CRCTL_TASK	_IO(CRCTL_IOC, 0x03)

#define CRCTL_TASK_HAS_MM	(1U << 0)	/* no: a zombie */
#define CRCTL_TASK_HAS_FS	(1U << 1)
#define CRCTL_TASK_HAS_FILES	(1U << 2)
#define CRCTL_TASK_HAS_SIGNAL	(1U << 3)

/* ---- its threads ---- */

#define CRCTL_THREADS	_IO(CRCTL_IOC, 0x04)	/* crctl_list of crctl_thread */

#define CRCTL_THREADS_ONE	(1U << 0)	/* only the one that list.pid names */

/* The leader first. The cursor is opaque and stands while no thread starts or ends. */
struct crctl_thread {
	__u32 len;
	__u32 has;			/* CRCTL_THREAD_HAS_* */
	__s32 tid;
	__s32 ns_tid;			/* in its own PID namespace */
	__u32 state;			/* the letter of /proc/PID/stat */
	__u32 pf_flags;			/* as in /proc/PID/stat */
	__u8 comm[16];
	__aligned_u64 start_ns;
	__aligned_u64 clear_child_tid;	/* PR_GET_TID_ADDRESS */
	__aligned_u64 robust_list, robust_len;
	__aligned_u64 rseq;		/* 0: not registered */
	__u32 rseq_len, rseq_signature;
	__aligned_u64 sas_sp, sas_size;	/* sigaltstack(2) */
	__u32 sas_flags;		/* without SS_ONSTACK, which follows from the registers */
	__s32 pdeath_signal;
	__aligned_u64 timer_slack_ns, default_slack_ns;
	__aligned_u64 blocked, pending;
	__u32 io_flusher;		/* PR_GET_IO_FLUSHER */
	__u32 personality;
	__u32 no_new_privs;
	__u32 seccomp_mode, nr_seccomp_filters;
	__s32 last_cpu;
	__aligned_u64 nr_voluntary, nr_involuntary;	/* context switches */
	__aligned_u64 files_id, fs_id;
	/* credentials */
	__u32 uid[4], gid[4];		/* real, effective, saved, of the file system */
	__aligned_u64 cap_inh, cap_prm, cap_eff, cap_bnd, cap_amb;
	__u32 securebits;
	__u32 loginuid;
	__u32 groups_at, nr_groups;	/* of __u32, at an offset like a text */
	/* scheduling, as sched_getattr(2) and ioprio_get(2) tell it */
	__u32 policy;
	__s32 nice;
	__u32 rt_priority;
	__u32 sched_flags;		/* SCHED_FLAG_RESET_ON_FORK, _RECLAIM, _DL_OVERRUN */
	__aligned_u64 dl_runtime, dl_deadline, dl_period;
	__u32 ioprio;
	__u32 dispatch;			/* PR_SET_SYSCALL_USER_DISPATCH is on */
	__u32 cpus_at, cpus_len;	/* bytes of sched_getaffinity(2) */
	__u32 pad;
	/* the call that goes on with restart_syscall(2); true only while -516 is its result */
	__u32 restart;			/* CRCTL_RESTART_* */
	__s32 restart_clock;		/* of a sleep; CLOCK_MONOTONIC for the others */
	__u32 restart_has_timeout;	/* the next two are known */
	__aligned_u64 restart_end_ns;	/* in that clock */
	__aligned_u64 restart_left_ns;	/* from now on; 0: the time is over */
	__aligned_u64 restart_addr;	/* rmtp of a sleep, array of poll, word of a futex */
	__aligned_u64 restart_value;	/* nothing of a sleep, length of poll, value of a futex */
	__u32 restart_mask;		/* bit set of a futex */
	__u32 restart_flags;		/* flags of a futex; 1 for a sleep that tells its rest */
};

#define CRCTL_THREAD_HAS_RSEQ		(1U << 0)
#define CRCTL_THREAD_HAS_SIGNAL		(1U << 1)	/* no: it has ended */
#define CRCTL_THREAD_HAS_SECCOMP_COUNT	(1U << 2)
#define CRCTL_THREAD_HAS_LOGINUID	(1U << 3)

#define CRCTL_RESTART_NONE	0
#define CRCTL_RESTART_SLEEP	1	/* nanosleep(2), clock_nanosleep(2) */
#define CRCTL_RESTART_POLL	2
#define CRCTL_RESTART_FUTEX	3
#define CRCTL_RESTART_OTHER	4

/* ---- POSIX timers ---- */

#define CRCTL_TIMERS	_IO(CRCTL_IOC, 0x05)	/* crctl_list of crctl_timer; flags 0 */

/* The cursor is opaque and stands while no timer is made or deleted. */
struct crctl_timer {
	__u32 len;
	__s32 id;
	__s32 clock;
	__s32 signo;
	__u32 notify;			/* sigev_notify */
	__s32 notify_tid;		/* SIGEV_THREAD_ID's, or the process */
	__aligned_u64 sigval;
	__aligned_u64 interval_ns, value_ns;	/* as timer_gettime(2) */
	__s32 overrun;			/* as timer_getoverrun(2) */
	__u32 pad;
	__aligned_u64 overrun_next;	/* of a signal that is pending: told once it is taken */
};

/* ---- asynchronous I/O ---- */

#define CRCTL_AIO	_IO(CRCTL_IOC, 0x06)	/* crctl_list of crctl_aio; flags 0 */

struct crctl_aio {
	__u32 len;
	__u32 dead;			/* io_destroy(2) runs */
	__aligned_u64 id;		/* aio_context_t: where the ring is mapped */
	__aligned_u64 map_len;		/* bytes of the mapping */
	__u32 max_reqs;			/* what io_setup(2) was asked for */
	__u32 nr_events;		/* room of the ring */
	__u32 tail;			/* as the kernel keeps it */
	__u32 nr_completed;		/* events not yet counted as read */
	__u32 nr_in_flight;		/* exact while the process is stopped */
	__u32 pad;
};

/* ---- overlayfs ---- */

/* The object: a descriptor, or an address. Of watches, CRCTL_WATCHES has the path. */
#define CRCTL_OVERLAY_FD	0
#define CRCTL_OVERLAY_ADDR	1

struct crctl_overlay {
	__u32 size;
	__u32 flags;			/* 0 */
	__s32 pid;
	__u32 object;			/* CRCTL_OVERLAY_* */
	__s32 fd;			/* FD */
	__u32 pad;
	__aligned_u64 addr;		/* ADDR */
	__aligned_u64 buf;		/* for two texts */
	__u32 buf_len;
	__u32 needed;			/* out: with EMSGSIZE */
	/* out; ENOENT when the object is not of an overlayfs */
	__u32 has;			/* CRCTL_OVERLAY_HAS_* */
	__u32 layer;			/* 0 upper, 1 the topmost lower one, ... */
	__u32 nr_layers;		/* 0: not known, as on every kernel so far; nor is layer */
	__u32 mode;
	__aligned_u64 ino;		/* in the overlay */
	__u32 dev_major, dev_minor;
	/* the real file: of an address, what is mapped; else as below */
	__aligned_u64 real_ino;
	__u32 real_dev_major, real_dev_minor;
	/* the real file that a new open would find */
	__aligned_u64 now_ino;
	__u32 now_dev_major, now_dev_minor;
	__u32 nlink;			/* of the overlay's file; 0: deleted */
	__s32 mnt_id;			/* of a descriptor or address; else 0 */
	__u32 path_at, path_len;	/* in the merged tree, from the root of the overlay */
	__u32 real_at, real_len;	/* of the real file, from the root of its file system */
};

#define CRCTL_OVERLAY	_IO(CRCTL_IOC, 0x07)

#define CRCTL_OVERLAY_HAS_PATH	(1U << 0)
#define CRCTL_OVERLAY_HAS_REAL	(1U << 1)	/* real_*, but see mode: of directories maybe not */
#define CRCTL_OVERLAY_HAS_LAYER	(1U << 2)
#define CRCTL_OVERLAY_DELETED	(1U << 3)	/* the path is where it was */
#define CRCTL_OVERLAY_COPIED_UP	(1U << 4)	/* now_* differs from real_* */

/* ---- watches ---- */

/* crctl_list of crctl_watch for an inotify or fanotify descriptor list.fd; flags 0 */
#define CRCTL_WATCHES	_IO(CRCTL_IOC, 0x08)

struct crctl_watch {
	__u32 len;
	__u32 has;			/* CRCTL_WATCH_HAS_* */
	__u32 type;			/* CRCTL_WATCH_ON_* */
	__s32 wd;			/* inotify; 0 for fanotify */
	__aligned_u64 mask;
	__aligned_u64 ignored;
	__u32 mark_flags;		/* FAN_MARK_* that the mark has */
	__s32 mnt_id;			/* -1: not known */
	__aligned_u64 ino;		/* as stat(2) gives it; 0: not known, as on overlayfs */
	__aligned_u64 inode_ino;	/* of the inode itself */
	__aligned_u64 inode_id;		/* identity of the inode */
	__u32 dev_major, dev_minor;	/* of the file system */
	__u32 mode, nlink;
	__u32 fs_magic;
	__s32 handle_type;		/* for open_by_handle_at(2) */
	__u32 handle_at, handle_len;	/* bytes */
	__u32 path_at, path_len;	/* from the root of the file system */
};

#define CRCTL_WATCH_HAS_PATH	(1U << 0)	/* no: nobody has it open and it left the cache */
#define CRCTL_WATCH_HAS_HANDLE	(1U << 1)
#define CRCTL_WATCH_DELETED	(1U << 2)	/* the path is where it was */
#define CRCTL_WATCH_OVERLAY	(1U << 3)	/* CRCTL_OVERLAY knows more */

#define CRCTL_WATCH_ON_INODE	0
#define CRCTL_WATCH_ON_MOUNT	1
#define CRCTL_WATCH_ON_FS	2

/* ---- io_uring ---- */

struct crctl_uring {
	__u32 size;
	__u32 flags;			/* 0 */
	__s32 pid;
	__s32 fd;
	__u32 setup_flags;		/* out, all: IORING_SETUP_* */
	__u32 sq_entries, cq_entries;
	__u32 sq_head, sq_tail;		/* sq_tail - sq_head: not yet taken by the kernel */
	__u32 cq_head, cq_tail;		/* cq_tail - cq_head: not yet read by the task */
	__u32 nr_in_flight;		/* of the task on all its rings */
	__u32 nr_files, nr_buffers;	/* 0: fdinfo tells what is registered */
	__u32 has_overflow;		/* completions that found no room */
	__u32 sq_thread;		/* a kernel thread polls the ring */
};

#define CRCTL_URING	_IO(CRCTL_IOC, 0x09)

/* ---- content of memory ---- */

/* Whole pages. */
struct crctl_range {
	__aligned_u64 start, end;
};

struct crctl_memory_run {
	__aligned_u64 start, end;
	__u32 state;			/* CRCTL_MEMORY_* */
	__u32 pad;
};

/*
 * Copies the pages of ranges of a task into a file of the caller's, back to back: the
 * place of a page follows from the ranges alone, and where one was not written the
 * file is as it was. The ranges are in order of address and do not overlap. A call does
 * a bounded piece, and ends early when a signal waits or no run more can be told; it is
 * repeated, with what it left in @pos, @next and @next_at, until @next is @nr_ranges.
 *
 * Only pages that are there are written, those in swap space too: none is made, none
 * stops being shared after fork(2), and the zero page counts as none. Of what the
 * kernel cannot tell to be there nothing is taken: memory of files before Linux 5.16, huge
 * pages of hugetlbfs before 6.5. The caller reads /proc/PID/mem then.
 *
 * The file is regular, open for writing, and has no O_APPEND; its own position does not
 * move. Errors are also those of write(2), like ENOSPC. But for EFAULT and EINVAL a call
 * fails only when it got nothing done; the end of the file may then be unfinished.
 */
struct crctl_memory {
	__u32 size;
	__u32 flags;			/* 0 */
	__s32 pid;
	__s32 out_fd;			/* of the caller */
	__aligned_u64 pos;		/* in the file, of the page to go on with */
	__aligned_u64 ranges;		/* of struct crctl_range */
	__u32 nr_ranges;
	__u32 next;			/* range to go on with; 0 to begin with */
	__aligned_u64 next_at;		/* address in it; 0: its start */
	__aligned_u64 runs;		/* for struct crctl_memory_run */
	__u32 max_runs;			/* room there, for one at least */
	__u32 nr_runs;			/* out: in order of address, without gaps inside a range */
};

#define CRCTL_MEMORY	_IO(CRCTL_IOC, 0x0a)

#define CRCTL_MEMORY_WRITTEN	0
#define CRCTL_MEMORY_NO_PAGE	1	/* nothing there, a zero page, or one that cannot be read */
#define CRCTL_MEMORY_NO_AREA	2	/* nothing is mapped */
#define CRCTL_MEMORY_NOT_TAKEN	3	/* of a device, or as above */

#endif
