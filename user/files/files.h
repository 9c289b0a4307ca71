/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kinds of open files: one file each, dump and restore side by side.
 */
#ifndef CRCTL_FILES_FILES_H
#define CRCTL_FILES_FILES_H

#include <limits.h>
#include <sys/stat.h>

#include "engine/ctx.h"
#include "image/fdinfo.pb-c.h"
#include "image/file_lock.pb-c.h"
#include "image/remap_file_path.pb-c.h"
#include "image/tty.pb-c.h"

struct crctl_file;

/* An open file of a task being dumped: a descriptor, or one that memory, cwd or root hold. */
struct fd_info {
	struct dump_task *task;
	int fd;			/* number in the task; -1: no descriptor */
	const char *proc_name;	/* relative to /proc/PID; leads to the file */
	struct stat st;
	uint32_t flags;		/* open flags, without O_CLOEXEC */
	uint64_t pos;
	uint64_t ino;		/* as fdinfo says; 0: it does not */
	int family;		/* of a socket; AF_UNSPEC: it is none */
	int mnt_id;
	int local_fd;		/* the same description here; -1: none */
	uint64_t id;		/* the module's identity of the description; 0: kcmp(2) */
	uint64_t object;	/* tells it from others of its kind; 0: not told */
	const char *text;	/* what fdinfo told of its kind; NULL: not read */
	const struct crctl_file *told;	/* by the module; NULL: it was not asked */
	char link[PATH_MAX + 16];
};

/* A record in the making, with room for the messages of the common kinds. */
struct dump_file {
	struct file_memory *memory;	/* file_alloc() */
	uint64_t dev, ino;
	bool has_fd;			/* a descriptor names it, not only memory or cwd */
	FileEntry entry;
	RegFileEntry reg;
	PipeEntry pipe;
	FifoEntry fifo;
	FownEntry fown;
};

struct file_refs;

struct file_kind {
	const char *name;	/* in logs and in `crctl show` */
	FdTypes type;		/* value in the image */
	/* Is @fd of this kind? At most one kind says yes. */
	bool (*match)(const struct fd_info *fd);
	/* Fill the record; what it points to comes from file_alloc(), but for reg's members. */
	int (*dump)(struct dump *d, const struct fd_info *fd, struct dump_file *file);
	/* Look at all files of the kind together, once all are known; may refuse. */
	int (*collect_end)(struct dump *d);
	/* Write what belongs beside files.img, such as contents. */
	int (*write)(struct dump *d);
	/* Release what the kind has kept in d->files; called for each kind. */
	void (*release)(struct file_table *t);
	/* Check the record before anything is made: fields present, references good. */
	int (*check)(struct restore *r, const struct restore_file *file);
	/* Look at all files of the kind together, once it is known which task uses which. */
	int (*plan)(struct restore *r);
	/* Whether it takes the task's session, and its controlling terminal, to make it. */
	bool (*after_session)(const struct restore_file *file);
	/* Whether all tasks must exist first; each table then gets a description of its own. */
	bool (*after_tasks)(const struct restore_file *file);
	/* A task that needs the description too; then it is made before any is forked. */
	struct restore_task *(*user)(struct restore *r, const struct restore_file *file);
	/* Descriptions of one kind with the same number, not 0, are made together. */
	uint32_t (*group)(const struct restore_file *file);
	/*
	 * Name the open files that this one needs, by file_refs_add(): its peer, what is in
	 * flight in it, what it watches. All that hang together are made by one task; those
	 * of the kind are made together, as a group is. Others: restore_file_open().
	 */
	int (*refs)(struct restore *r, const struct restore_file *file, struct file_refs *refs);
	/*
	 * Whether @file, to be made by @maker, must be made before any other task exists:
	 * it takes tasks that are not there any more, or a moment of one that is to come.
	 */
	bool (*before_tasks)(struct restore *r, const struct restore_file *file,
			     const struct restore_task *maker);
	/*
	 * Make the description. *ret_fd is any descriptor; the caller owns it.
	 * Of a group, the first makes all and sets restore_file.fd of the others.
	 */
	int (*restore)(struct restore *r, struct restore_file *file, int *ret_fd);
	/*
	 * Tie the description behind @fd to other files. Called once, by the first task
	 * that has it, when all descriptors of that task are placed.
	 */
	int (*link)(struct restore *r, struct restore_file *file, int fd);
	/*
	 * The last touch, by crctl itself when all tasks are complete and none runs yet;
	 * @fd is a descriptor of crctl's, or -1 where the file is only in flight. Paths lead
	 * where the tree's do; the working directory is its /proc.
	 */
	int (*settle)(struct restore *r, const struct restore_file *file, int fd);
};

/* ---- dump: what the kinds share ---- */

/* One node for each open file description; nodes of equal key are in order of identity. */
struct file_node {
	uint64_t key[4];	/* mount, inode, position, flags */
	uint64_t identity;	/* the module's; 0: kcmp(2) gives the order */
	struct file_node *next;	/* of the same hash */
	struct file_node *less, *greater;
	struct file_node *next_ino;	/* of a root: the next with the same inode */
	pid_t pid;
	int fd;
	uint32_t id;		/* 0: refused */
	FdTypes type;
};

/* One file that mappings name, for each way it is opened. */
struct linked_file {
	uint64_t dev, ino;
	bool has_fd;			/* a descriptor names it, not only memory or cwd */
	uint32_t flags, id;
	struct linked_file *next;
};

/* A pipe or fifo with an end in the tree. */
struct pipe_info {
	uint32_t pipe_id;
	bool fifo, has_read, has_write;
	struct dump_task *task;	/* who holds the descriptor to read from */
	int fd;
	uint32_t nr_bytes, size;
	bool packets;		/* an end has O_DIRECT */
	char link[32];
};

/* A deleted file whose content goes into the images. */
struct ghost {
	uint64_t dev, ino;
	bool has_fd;			/* a descriptor names it, not only memory or cwd */
	uint32_t id;
	struct dump_task *task;
	char proc_name[64];
	struct stat st;
};

struct remap {
	uint32_t orig_id, remap_id;
	RemapType type;
};

/* An epoll descriptor, whose targets are looked for once all files are known. */
struct epoll_info {
	struct dump_task *task;
	int fd;
	EventpollFileEntry *entry;
	bool ask;		/* whether it has events, once nothing new can come */
};

/* An inotify or fanotify, whose marks are looked for once all files are known. */
struct watch_info {
	struct dump_task *task;
	int fd;
	struct dump_file *file;
};

struct memfd_inode;

struct file_table {
	int self_fd;			/* /proc/self/fd */
	ARRAY_OF(struct dump_file *) files;
	uint32_t last_id;
	struct file_node **nodes;	/* hash */
	size_t nr_nodes, nodes_cap;
	struct file_node **by_ino;	/* hash, made by file_node_first() */
	struct linked_file *linked[1024];
	ARRAY_OF(struct pipe_info) pipes;	/* sorted by pipe_id */
	ARRAY_OF(struct ghost) ghosts;
	ARRAY_OF(struct remap) remaps;
	ARRAY_OF(FileLockEntry) locks;
	ARRAY_OF(struct tty *) ttys;	/* sorted by device once all are known */
	ARRAY_OF(char *) links;		/* made by --link-remap */
	struct unix_table *unix_sockets;
	ARRAY_OF(struct CrctlSocketEntry *) sockets;	/* what goes into crctl-sockets */
	ARRAY_OF(struct epoll_info) epolls;
	ARRAY_OF(struct watch_info) watches;
	struct memfd_inode *memfds[256];	/* hash by inode */
	uint32_t nr_memfds;
};

/* Make d->files when it is not there yet. */
int files_begin(struct dump *d);
/* The task's descriptors, cwd and root. */
int files_collect(struct dump *d, struct dump_task *task);
/* Once all tasks were looked at. */
int files_collect_end(struct dump *d);
/* files.img and all that belongs to it, fdinfo and fs images. */
int files_write(struct dump *d);
void files_free(struct dump *d);

/* The node of a descriptor's description, new (id 0) where *ret_new. */
int file_node_get(struct file_table *t, const struct fd_info *fd, struct file_node **ret_node,
		  bool *ret_new);
/*
 * The first root whose files have the inode number; below it and those behind it all
 * are in the order of kcmp(2). No node may be added after this. -ENOENT: there is none.
 */
int file_node_first(struct file_table *t, uint64_t ino, struct file_node **ret_first);
/* A new record with the next id. */
int file_add(struct dump *d, struct dump_file **ret_file);
/* Zeroed memory that lives as long as the record; NULL without memory. */
void *file_alloc(struct dump_file *file, size_t len);
/* The record's room in the extra image of @task, made when it is not there yet. */
struct CrctlFileEntry;
int file_extra(struct dump_task *task, uint32_t id, struct CrctlFileEntry **ret_extra);
/* Match @fd to its kind and make its record; *ret_id 0 when it was refused. */
int file_dump(struct dump *d, const struct fd_info *fd, uint32_t *ret_id, FdTypes *ret_type);

void memfd_inodes_free(struct file_table *t);
struct fd_facts;
/*
 * The node of a descriptor of @fd->task, which is /proc/PID/@fd->proc_name, and the record
 * of one that is met the first time.
 */
int file_collect(struct dump *d, const struct fd_facts *facts, struct fd_info *fd,
		 struct file_node **ret_node, bool *ret_new);

/* Owner and signal of an open file (F_SETOWN_EX, F_SETSIG). */
int fown_dump(struct dump *d, const struct fd_info *fd, FownEntry *fown);

/* What /proc tells of the description, or did (not @again), until it is asked once more. */
int fd_read_text(struct dump *d, const struct fd_info *fd, bool again, const char **ret_text);

/* Fill a REG record: path, size, build-id; deleted files are taken care of. */
int reg_dump_entry(struct dump *d, const struct fd_info *fd, struct dump_file *file);
/* A file with no name: into the images, or a new link. */
int ghost_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file);
int ghost_write_all(struct dump *d);
int remap_add(struct dump *d, uint32_t orig_id, uint32_t remap_id, RemapType type);
/* Remove the links that were made, when the tree is to go on. */
void files_unlink_remaps(struct dump *d);

/* Note an end of a pipe; @fd->local_fd is an end. */
int pipe_note(struct dump *d, const struct fd_info *fd, uint32_t pipe_id, bool fifo);
/* Contents of pipes (or fifos) into their image. */
int pipe_write_data(struct dump *d, bool fifo);
int pipe_check_ends(struct dump *d, bool fifo);

/* The locks that @fdinfo_name of the task shows; @is_new: of a description seen the first time. */
int lock_collect(struct dump *d, struct fd_info *fd, const char *fdinfo_name, bool is_new);
int lock_write(struct dump *d);

/* A POSIX message queue looks like a file in many ways. */
bool fd_is_mq(const struct fd_info *fd);

/* What an open file that no kind knows is, as in "an eventfd". */
const char *file_describe(const struct fd_info *fd, char *buf, size_t size);

/* ---- all ---- */

/* NULL-terminated. */
extern const struct file_kind *const file_kinds[];

const struct file_kind *file_kind_find(FdTypes type);

/* The owner and signal that F_SETOWN and F_SETSIG set; needs every task to exist. */
int fown_restore(struct restore *r, const struct restore_file *file, int fd);

/* The flags that fcntl(2) can set, on a description that was made without them. */
int file_flags_restore(struct restore *r, const struct restore_file *file, int fd, uint32_t flags);

/* Whether the owner must exist first. */
bool fown_needs_task(const struct restore_file *file);

/* Make every deleted file that the images carry; before the tree is forked. */
int ghost_restore_all(struct restore *r);

/* Remove the links that the dump made; the tasks have the files open. */
void ghost_finish(struct restore *r);

/* Locks: before anything is made; then for the stub of the task. */
int lock_check(struct restore *r, const FileLockEntry *e);
struct stub_task;
int lock_prepare(struct restore *r, const struct restore_task *t, struct stub_task *st);

/* In refs(): the open file @id; said to be missing when the images have none. */
int file_refs_add(struct file_refs *refs, uint32_t id);

/*
 * Terminals. The leader of a session takes its controlling terminal before it forks; it
 * says which group is in the foreground when all groups exist; in the end, or when the
 * restore failed, the terminal of crctl's own shell is seen to.
 */
void tty_free(struct tty *tty);
int tty_session(struct restore *r);
/* In the root task: the pair whose master the client gets (--orphan-pts-master). */
int tty_orphan_restore(struct restore *r);
int tty_foreground(struct restore *r);
void tty_finish(struct restore *r);
void tty_undo(struct restore *r);
/* Let the job go on that the shell let crctl go on for, in front if crctl is. */
void tty_continue(struct restore *r);
bool tty_is_master(const TtyInfoEntry *info);

/* Put the task's descriptors at their numbers; @self owns its table. */
int fdtable_restore(struct restore *r, struct restore_task *task);
/* Call the link of each file that @task is the linker of; its descriptors are there. */
int files_link(struct restore *r, struct restore_task *task);
/*
 * In settle(): the descriptor that a task has of @file, as one of crctl's, which the
 * caller closes; or -errno.
 */
int restore_file_fetch(const struct restore_file *file);
/* Call settle of all files that have one; every task is stopped at its end. */
int files_settle(struct restore *r);
/* Descriptors of the two; *ret_root is -1 for "/". The caller closes them. */
int fs_open_dirs(struct restore *r, const struct restore_task *task, int *ret_cwd, int *ret_root);
/* cwd, root, umask */
int fs_restore(struct restore *r, struct restore_task *task);

#endif
