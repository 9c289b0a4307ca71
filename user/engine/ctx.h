/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of one dump or one restore, handed to every kind. Includes only
 * lib/, so that a kind sees no more of the engine than this.
 */
#ifndef CRCTL_ENGINE_CTX_H
#define CRCTL_ENGINE_CTX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/user.h>

#include "kapi/tun.h"
#include "lib/array.h"
#include "lib/cgroup_options.h"
#include "lib/err.h"
#include "lib/external.h"
#include "lib/log.h"
#include "lib/pidmap.h"
#include "lib/progress.h"

/*
 * Where the components of the xsave area lie, as far as was asked for: CPUID traps
 * under a hypervisor and costs tens of microseconds each time.
 */
struct xsave_layout {
	uint32_t known;			/* bit mask of components */
	uint32_t offset[16], len[16];	/* bytes; 0: the CPU does not have it */
};

/* What dump and restore have in common. */
struct ctx {
	struct xsave_layout xsave;
	struct err *err;
	int images_fd;
	bool shell_job;
	bool orphan_pts_master;
	bool link_remap;
	bool file_locks;
	bool validate_buildid;
	bool skip_file_rwx_check;
	bool tcp_established;
	bool tcp_close;
	bool skip_in_flight;
	bool skip_network_lock;
	bool check_only;		/* `crctl check PID`: look, touch nothing */
	bool ext_unix_all;		/* --ext-unix-sk: peers outside are found by name again */
	const uint32_t *ext_unix;	/* or only these inodes */
	size_t nr_ext_unix;
	/* crctl's end of the socket of a client that is dumped itself, 0: none; and the answer
	 * that is to wait in its end once it is restored */
	uint32_t service_ino;
	const void *service_answer;
	size_t service_answer_len;
	uint64_t ghost_limit;		/* bytes */
	bool force_irmap;		/* look for watched files before their handles are tried */
	const char *const *irmap_paths;	/* where, besides the usual places */
	size_t nr_irmap_paths;
	const struct external_list *external, *inherit, *join;
	const struct external_list *skip_mnt, *enable_fs;
	bool mnt_auto, mnt_sharing, mnt_masters;
	const char *root;		/* where the tree's root directory is; NULL: not said */
	uint32_t empty_ns;		/* CLONE_NEWNET or 0 */
	const struct cgroup_options *cgroups;
	struct progress progress;	/* of memory, the one phase that takes long */
};

/* vma_entry.status: spec/README.md, Memory. */
enum vma_status {
	VMA_REGULAR = 1 << 0,
	VMA_STACK = 1 << 1,
	VMA_VSYSCALL = 1 << 2,
	VMA_VDSO = 1 << 3,
	VMA_HEAP = 1 << 5,
	VMA_FILE_PRIVATE = 1 << 6,
	VMA_FILE_SHARED = 1 << 7,
	VMA_ANON_SHARED = 1 << 8,
	VMA_ANON_PRIVATE = 1 << 9,
	VMA_SYSVIPC = 1 << 10,
	VMA_SOCKET = 1 << 11,
	VMA_VVAR = 1 << 12,
	VMA_AIO_RING = 1 << 13,
	VMA_MEMFD = 1 << 14,
	VMA_SHADOW_STACK = 1 << 15,
	VMA_GUARD = 1 << 16,
	VMA_UPROBES = 1 << 17,
};

/* pagemap_entry.flags */
enum page_flags { PAGE_PARENT = 1, PAGE_LAZY = 2, PAGE_PRESENT = 4 };

/* task_core_entry.task_state */
enum task_state { TASK_ALIVE = 1, TASK_DEAD = 2, TASK_STOPPED = 3, TASK_ZOMBIE = 6 };

/* Ids in the images of the namespaces that the tree has in common with crctl. */
enum own_ns_id {
	PID_NS_ID = 1, NET_NS_ID, IPC_NS_ID, UTS_NS_ID, TIME_NS_ID, MNT_NS_ID, USER_NS_ID,
	CGROUP_NS_ID,
};

/* ---- dump ---- */

struct CrctlThreadEntry;
struct TaskCoreEntry;
struct asked;
struct cgroup_dump;
struct dev;
struct dev_thread;
struct file_table;
struct freezer;
struct inside;
struct ns_table;
struct pid_array;
struct net_dump;
struct proc_buf;
struct proc_stat;
struct proc_status;
struct proc_vma_list;
struct seccomp_table;
struct shmem_table;
struct stub_task_facts;
struct stub_thread_facts;
struct told;

struct sleep_clock;

struct dump_thread {
	pid_t tid;
	struct user_regs_struct regs;
	void *xstate;			/* as NT_X86_XSTATE gives it */
	size_t xstate_len;
	uint64_t sigmask;
	uint64_t rseq;			/* address of its rseq area; 0: none */
	uint32_t rseq_len, rseq_signature;
	uint64_t slept_ns;		/* in a call that counts down, before it was stopped */
	uint64_t nr_switches;		/* voluntary ones, by then */
	struct proc_status *status;
	const struct dev_thread *told;	/* by the module; NULL: it was not asked */
	struct stub_thread_facts *facts;	/* its own or the module's; NULL for check */
	uint32_t cg_set;		/* of cgroups, in the images; 0: not asked */
	bool seized;
	bool ended;			/* the leader, when others outlive it */
};

struct dump_task {
	pid_t pid, ppid, pgid, sid;
	struct dump_task *parent;	/* NULL: the root */
	enum task_state state;
	int stop_signo, exit_code;
	bool had_children;
	bool resend_stop;		/* a SIGSTOP that was swallowed */
	pid_t live_tid;			/* a thread that has not ended, mostly the leader */
	int proc_fd, pidfd;		/* of that thread */
	struct proc_stat *stat;
	struct told *told;	/* by the module; NULL: it was not asked */
	ARRAY_OF(struct dump_thread) threads;	/* the leader's first */
	/* the first task of the tree with the same object; itself where not shared */
	struct dump_task *mm_owner, *files_owner, *fs_owner, *sighand_owner;
	bool mm_shared;			/* by another task */
	uint32_t vm_id, files_id, fs_id, sighand_id;
	struct proc_vma_list *vmas;	/* the owner's; NULL for a zombie */
	struct stub_task_facts *facts;	/* its own or the module's; NULL for check */
	uint64_t asked_ns;		/* CLOCK_MONOTONIC, just before they were asked for */
	struct MmEntry *mm;
	struct FsEntry *fs;
	ARRAY_OF(struct FdinfoEntry *) fds;
	struct CrctlTaskEntry *extra;
};

struct dump_stats {
	uint64_t began_ns, frozen_ns, pages_ns;
	uint64_t pages_scanned, pages_written, shpages_scanned, shpages_written;
	unsigned int nr_injected;	/* processes that crctl ran code in */
};

/* A System V segment that tasks have attached. */
struct dump_sysv {
	uint64_t id;
	uint32_t nr_areas;		/* of all tasks */
	const struct dump_task *task;	/* one of them */
};

/* A POSIX message queue that tasks have open. */
struct dump_mq {
	uint64_t id;			/* its inode */
	bool unlinked;
	const struct dump_task *task;	/* one of them, by this descriptor */
	int fd;
	char *name;			/* without the slash */
};

/* An area that maps a socket's ring; its shmid is the inode until the kind knows better. */
struct dump_socket_vma {
	struct dump_task *task;
	struct VmaEntry *entry;
};

/* What a descriptor of a tun device tells of the device. */
struct dump_tun {
	char name[16];
	struct tun_settings settings;
};

#define DUMP_NR_MAPPED 509

/* A file as mappings name it, with its id in files.img. */
struct mapped_file {
	bool known;
	uint32_t flags, id;
	uint64_t dev, ino;
};

struct dump {
	struct ctx ctx;
	pid_t root_pid;
	uint64_t deadline_ns;
	ARRAY_OF(struct dump_task *) tasks;	/* parents before children */
	struct pidmap by_pid;
	struct dev *dev;		/* the module, to be asked first; NULL: not there */
	struct proc_buf *buf;
	struct ns_table *ns;
	struct cgroup_dump *cgroups;	/* NULL: they are not looked at */
	struct file_table *files;
	struct shmem_table *shmems;
	ARRAY_OF(struct dump_sysv) sysv;
	ARRAY_OF(struct dump_mq) mqs;
	ARRAY_OF(struct dump_socket_vma) socket_vmas;
	ARRAY_OF(struct dump_tun) tuns;
	struct seccomp_table *seccomp;
	struct net_dump *net;		/* NULL: no socket of the internet protocols yet */
	char run_id[40];		/* names the lock on connections; "": there is none */
	pid_t standby_pid;		/* 0: nobody stands by */
	int standby_fd;
	struct mapped_file mapped[DUMP_NR_MAPPED];	/* those met last, by hash */
	uint32_t nr_pages_files;
	/* the work is done by a child of crctl in the tree's namespaces; NULL: by itself */
	struct inside *inside;
	struct freezer *freezer;	/* of the cgroup that holds the tree; NULL: not named */
	struct pid_array *paused;	/* threads seized while it was frozen; NULL: it was not */
	bool was_paused;		/* that is, before crctl let it go on */
	struct sleep_clock *sleep;	/* while the tree is being stopped; NULL for check */
	/* what cannot be dumped */
	unsigned int nr_refused;
	void (*report)(void *arg, const char *sentence);	/* NULL: to the log */
	void *report_arg;
	struct dump_stats stats;
};

/*
 * Note something that cannot be dumped, as a sentence. The work goes on, so that all
 * such things are found; nothing is written after one was. Returns 0.
 */
int dump_refuse(struct dump *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* For the questions of kapi/ask.h. */
struct asked dump_asked(const struct dump *d, const struct dump_task *task);

/* The id in the images of the tree's network namespace. */
uint32_t dump_net_ns_id(const struct dump *d);

/* CLONE_NEW* of the namespaces that the tree has and crctl not. */
uint32_t dump_ns_flags(const struct dump *d);

/* NULL when it is not of the tree. */
struct dump_task *dump_task_find(const struct dump *d, pid_t pid);

/*
 * The id in files.img of the file that /proc/PID/@link of the task leads to, as
 * opened with @flags. One file, or refusal, for each (dev, ino, flags).
 */
int dump_linked_file(struct dump *d, struct dump_task *task, const char *link, uint32_t flags,
		     uint32_t *ret_id);

/* Pages of the shared object @id, @len bytes open at @fd. -EEXIST: the id is another's. */
int dump_shared_pages(struct dump *d, uint64_t id, uint64_t len, int fd);

/*
 * Have the content of a memfd written; /proc/PID/@proc_name of the task leads to it.
 * *ret_shmid names it in the images.
 */
int dump_shared_file(struct dump *d, struct dump_task *task, const struct stat *st,
		     const char *proc_name, uint64_t *ret_shmid);

/* ---- restore ---- */

struct CoreEntry;
struct CrctlSocketEntry;
struct CrctlFileEntry;
struct CrctlTaskEntry;
struct FdinfoEntry;
struct FileLockEntry;
struct FileEntry;
struct FsEntry;
struct InventoryEntry;
struct MemfdInodeEntry;
struct MmEntry;
struct PstreeEntry;
struct RemapFilePathEntry;
struct SeccompEntry;
struct SkPacketEntry;
struct TaskKobjIdsEntry;
struct TtyDataEntry;
struct TtyInfoEntry;
struct CrctlTtyEntry;
struct VmaEntry;
struct file_kind;
struct cgroup_restore;
struct restore_ns;
struct net_restore;
struct restore;
struct image_reader;
struct stub_shared;
struct stub_task;
struct vma_kind;

/* Pages that lie back to back in memory and in the pages file. */
struct page_run {
	uint64_t start;		/* address, or offset in a shared object */
	uint64_t nr_pages;
	uint64_t offset;	/* in the pages file */
};

struct page_map {
	ARRAY_OF(struct page_run) runs;
	uint32_t pages_id;
};

struct restore_vma {
	struct VmaEntry *entry;
	const struct vma_kind *kind;
	uint64_t start, end;	/* where it is to be */
	uint64_t at;		/* where it is now; 0: not yet mapped */
	bool inherit;		/* children may share its pages copy-on-write */
	bool inherited;		/* came with the fork, with the parent's pages */
	bool writable;		/* mapped writable for filling; protected later */
};

struct restore_task {
	uint32_t pid, ppid, pgid, sid;
	uint32_t index;		/* in restore.tasks and stub_shared.tasks */
	uint32_t depth;
	struct restore_task *parent;	/* NULL: the root */
	struct restore_task *creator;	/* who forks it; the parent but for orphans */
	bool helper;		/* no task of the image: holds a session or group, then exits */
	bool dead;		/* to be a zombie */
	bool early;		/* forked before its creator makes its session */
	bool watches;		/* watches the master by a pipe, not its parent */
	bool joins;		/* joins its process group once all tasks exist */
	void (*root_main)(struct restore *r);	/* runs first in the root's process */
	uint64_t clone_flags;	/* CLONE_FILES, CLONE_FS, CLONE_PARENT */
	struct PstreeEntry *pstree;
	struct CoreEntry **cores;	/* one a thread, the leader's first */
	size_t nr_threads;
	struct TaskKobjIdsEntry *ids;
	struct MmEntry *mm;
	struct FsEntry *fs;
	struct CrctlTaskEntry *extra;	/* NULL: another tool's image */
	struct FdinfoEntry **fds;	/* sorted by number */
	size_t nr_fds;
	struct restore_file *ctty;	/* controlling terminal of the session it leads */
	/* the task that makes the object; itself where nothing is shared */
	struct restore_task *mm_owner, *files_owner, *fs_owner, *sighand_owner;
	/* lists in the order of restore.tasks and restore.files, once all is planned */
	struct restore_task *made, *next_made;		/* by creator */
	struct restore_task *child, *next_child;	/* by parent */
	struct restore_task *sharer, *next_sharer;	/* of its memory, itself left out */
	struct restore_file *opens;			/* what it opens for several tasks */
	struct FileLockEntry **locks;	/* its part of restore.locks */
	size_t nr_locks;
	struct restore_vma *vmas;
	size_t nr_vmas;
	ARRAY_OF(struct page_run) guards;	/* pages that fault, inside of areas */
	struct page_map pages;
};

/* One open file description. */
struct restore_file {
	uint32_t id;
	const struct FileEntry *entry;
	const struct CrctlFileEntry *extra;	/* NULL: nothing more is known */
	const struct file_kind *kind;
	struct restore_task *owner;	/* the task that opens it, common ancestor of its users */
	struct restore_task *last_user;
	struct restore_task *linker;	/* the first task that has a descriptor of it */
	uint32_t linker_fd;		/* and the descriptor */
	struct restore_file *next_opens;	/* of the same owner */
	uint32_t nr_tasks;		/* tables that name it */
	void *data;			/* the kind's own, set by its check */
	struct restore_file *group;	/* ring of those that are made together; NULL: none */
	bool held;			/* another open file needs it */
	int fd;				/* kept open above base_fd; -1 */
	int place_fd;			/* last descriptor it was put at by this task; -1 */
};

/* One shared memory object: anonymous, or a memfd. */
struct restore_shmem {
	uint64_t shmid;
	const struct MemfdInodeEntry *memfd;	/* NULL: MAP_SHARED|MAP_ANONYMOUS */
	uint64_t size;			/* bytes */
	uint32_t huge_flags;		/* MAP_HUGETLB and the page size */
	struct restore_task *owner;
	struct page_map pages;
	bool executed;			/* a memfd that is a task's executable */
	int fd;				/* kept open above base_fd; -1 */
};

struct restore_remap {
	struct RemapFilePathEntry *entry;
	uint32_t orig_id;
	bool added;		/* not in the image: entry is another's */
	int fd;				/* the ghost, kept open above base_fd; -1 */
};

struct restore_tty {
	const struct TtyInfoEntry *info;
	const struct TtyDataEntry *data;	/* to be read from it; NULL: nothing */
	const struct CrctlTtyEntry *extra;	/* NULL: another tool's image */
	struct restore_tty *pair;	/* the master, of a pair of which the images have it */
	struct restore_task *leader;	/* whose controlling terminal it is */
	bool foreground;		/* its foreground group is among the tasks */
};

/* Bytes that wait in a pipe or fifo; they point into the image. */
struct restore_pipe_data {
	bool fifo;
	uint32_t pipe_id;
	uint32_t size;		/* of the buffer, 0: not said */
	uint32_t len;
	const void *data;
	const uint32_t *packets;	/* their lengths, in the extra image of a task */
	size_t nr_packets;		/* 0: bytes in a row */
};

/* One message that waits in a socket; its bytes point into the image. */
struct restore_packet {
	const struct SkPacketEntry *entry;
	uint32_t id_for;
	uint32_t nr;			/* of the socket's, in order */
	const void *data;
};

/* Entries of a BPF map; they point into the image. */
struct restore_bpf_map {
	uint32_t map_id, count;
	uint64_t keys_len, values_len;	/* bytes */
	const void *keys, *values;
};

/* A tun device of the tree's network namespace. */
struct restore_tun {
	const char *name;
	uint32_t flags;			/* of TUNSETIFF, and IFF_PERSIST */
	int32_t sndbuf;
};

/* Memory of the bootstrap area, handed out from the start. */
struct arena {
	char *base;
	size_t len, used;
};

struct restore {
	struct ctx ctx;
	struct InventoryEntry *inventory;
	struct restore_ns *ns;
	struct cgroup_restore *cgroups;	/* NULL: the tree is where crctl is */
	ARRAY_OF(struct restore_task *) tasks;	/* parents before children; helpers last */
	struct pidmap by_pid;
	struct restore_file *files;		/* sorted by id */
	size_t nr_files;
	ARRAY_OF(struct restore_shmem) shmems;	/* sorted by shmid once planned */
	ARRAY_OF(struct restore_remap) remaps;	/* sorted by orig_id */
	ARRAY_OF(struct FileLockEntry *) locks;	/* sorted by PID */
	ARRAY_OF(struct restore_tty) ttys;	/* sorted by id */
	const struct restore_tty *shell_tty;	/* for which crctl's own is taken; NULL: none */
	const struct restore_tty *orphan_tty;	/* whose master is the client's; NULL: none */
	int orphan_fd;				/* that master, in the root task; -1 */
	uint32_t orphan_index;			/* and its number */
	int orphan_socks[2];			/* from the root task to crctl; -1: not needed */
	int shell_tty_fd;			/* that, kept open above base_fd; -1 */
	bool shell_foreground;			/* crctl is in its foreground */
	ARRAY_OF(struct restore_pipe_data) pipe_data;	/* sorted */
	struct image_reader *pipe_images[2];
	ARRAY_OF(struct restore_bpf_map) bpf_maps;	/* sorted by map_id */
	struct image_reader *bpf_image;
	ARRAY_OF(struct CrctlSocketEntry *) sockets;	/* sorted by id */
	ARRAY_OF(struct restore_packet) packets;	/* sorted by socket, then in order */
	struct image_reader *packet_image;
	struct net_restore *net;	/* NULL: no TCP connection */
	ARRAY_OF(struct restore_tun) tuns;
	struct unix_index *unix_index;	/* NULL: not asked for yet */
	struct SeccompEntry *seccomp;
	int base_fd;		/* the engine's descriptors are at and above this */
	int shared_fd;
	int watch_fds[2];	/* a pipe whose write end only the master has; -1: not needed */
	int proc_fd;		/* /proc as it looks from the tree's PID namespace */
	int alive_fd;		/* pidfd of crctl itself */
	pid_t guard;		/* ends the root task with crctl; 0: that is not needed */
	bool awaited;		/* until somebody was told that all is done */
	int guard_fd;
	pid_t root_pid;		/* the root task as crctl knows it */
	int pidfile_fd;		/* made, not yet written; -1 */
	struct stub_shared *shared;
	size_t shared_len;
	int own_oom_score_adj;
	uint32_t own_loginuid;
	uint32_t spare_pid;		/* from here on no id belongs to the tree */
	uint32_t nr_joins;		/* tasks that join a group late */
	bool all_first;			/* every task must exist before groups and owners are set */
	uint32_t nr_file_sharers;	/* tasks that share a table but no memory */
	/* of this process */
	struct restore_task *self;
	pid_t parent_pid;	/* whose death ends it */
	struct {
		uint64_t start, end;
	} vdso, vvar[4];	/* the engine's own */
	size_t nr_vvars;
	int cloexec;		/* O_CLOEXEC or 0: how the descriptor being made is to be */
	ARRAY_OF(int) inherited;	/* descriptors of ctx.inherit, above base_fd */
	uint32_t map_id;	/* the file that was mapped last, and its descriptor */
	int map_flags;
	int map_fd;
	struct arena arena;
	struct stub_task *stub;
};

/* Zeroed room in the bootstrap area, 16-byte aligned; NULL when full. */
void *arena_alloc(struct arena *a, size_t len);

/* A child with PID @pid that only waits to be killed. */
int restore_dead_task(struct restore *r, uint32_t pid, pid_t *ret_child);

/* By id; NULL when the images have none. */
struct restore_file *restore_file_find(const struct restore *r, uint32_t id);
/* A descriptor of @file in this process, which makes it when it is not there yet. */
int restore_file_open(struct restore *r, struct restore_file *file, int *ret_fd);
/* Bytes that a mapping of the socket's rings has; 0: it has none. */
uint64_t restore_ring_len(const struct restore_file *file);
struct restore_remap *restore_remap_find(const struct restore *r, uint32_t id);
struct restore_task *restore_task_find(const struct restore *r, uint32_t pid);
/* The nearest task that made both, or one of them. */
struct restore_task *restore_task_common(struct restore_task *a, struct restore_task *b);
/* What its table has under the number; NULL: nothing. */
struct FdinfoEntry *restore_fd_find(const struct restore_task *task, uint32_t number);
struct restore_tty *restore_tty_find(const struct restore *r, uint32_t id);

struct restore_bpf_map *restore_bpf_map_find(const struct restore *r, uint32_t map_id);

/* The object of an area; NULL when the images have none. */
struct restore_shmem *restore_shmem_of(const struct restore *r, const struct VmaEntry *vma);
/* Make it, unless this task or one above has: then s->fd is there. */
int restore_shmem_make(struct restore *r, struct restore_shmem *s);
/* The object behind an open file of type MEMFD. */
struct restore_shmem *restore_memfd_find(const struct restore *r, const struct FileEntry *file);

/* Whether the images have the POSIX message queue; then a description of it, by root alone. */
bool restore_mq_known(const struct restore *r, uint64_t id);
int restore_mq_open(struct restore *r, uint64_t id, int flags, int *ret_fd);

/* Read a page map and check it against its pages file. -ENOENT: there is none. */
int restore_read_pagemap(struct restore *r, int type, uint64_t id, struct page_map *ret_map);
/* Fill memory from a page map whose addresses count from @base. */
int pages_fill_at(struct restore *r, const struct page_map *map, uint64_t base);
/* The descriptor given with --inherit-fd for @name, -ENOENT: none. It stays the engine's. */
int restore_inherited(const struct restore *r, const char *name);

/* In the root task: lock the connections in the network namespace that was made for it. */
int restore_net_lock(struct restore *r);

/* Open the regular file, directory or device of an entry of type REG. */
struct RegFileEntry;
int reg_open(struct restore *r, const struct RegFileEntry *reg, int flags, int *ret_fd);

/* Move a descriptor to a free number at or above base_fd, close-on-exec. Closes @fd. */
int restore_fd_lift(const struct restore *r, int fd);

#endif
