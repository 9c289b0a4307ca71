/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the commands ask of the engine. Options are const after parsing; each
 * command fills its own struct. Strings are borrowed for the length of the call.
 */
#ifndef CRCTL_ENGINE_ENGINE_H
#define CRCTL_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/cgroup_options.h"
#include "lib/err.h"
#include "lib/external.h"

enum file_validation { VALIDATE_BUILDID, VALIDATE_FILESIZE };

struct common_options {
	int images_fd;			/* the images directory, open; stays the caller's */
	int work_fd;			/* the work directory (logs, stats, pidfile), open */
	const char *images_path;	/* for messages and scripts */
	struct external_list external;	/* --external; a dump names, a restore finds */
	struct external_list inherit;	/* --inherit-fd */
	struct external_list join;	/* --join-ns, as NS:FILE or NS:PID */
	const char *root;		/* --root; NULL: none given */
	bool mnt_auto;			/* mounts from outside are found by themselves */
	bool mnt_sharing, mnt_masters;	/* also those that share with, are slaves of one there */
	struct external_list skip_mnt, enable_fs;	/* --skip-mnt, --enable-fs */
	struct cgroup_options cgroups;	/* --manage-cgroups and what goes with it */
	const char *freeze_cgroup;	/* directory; NULL: none named */
	uint32_t empty_ns;		/* CLONE_NEWNET: its content is somebody else's work */
	const char *action_script;	/* NULL: none */
	/*
	 * Asked at each action, after the script; NULL: nobody. 0, or -errno to stop. @fd goes
	 * with the action (orphan-pts-master), or is -1; it stays the engine's.
	 */
	int (*notify)(void *arg, const char *action, pid_t pid, int fd);
	void *notify_arg;
	/*
	 * The client may be in the tree: the inode of crctl's end of the socket between them
	 * (0: no client), and what is to wait in the other end once it is restored.
	 */
	uint32_t service_ino;
	const void *service_answer;
	size_t service_answer_len;
	bool shell_job;			/* -j */
	bool orphan_pts_master;		/* a terminal whose master is outside goes to the client */
	bool display_stats;
	bool progress;			/* stderr is a terminal: show phases that take long */
	bool link_remap;
	bool file_locks;
	bool skip_file_rwx_check;
	bool ext_unix_all;		/* --ext-unix-sk */
	uint32_t *ext_unix;		/* inodes of Unix sockets that may be outside of the tree */
	size_t nr_ext_unix;
	bool tcp_established, tcp_close, skip_in_flight;
	bool skip_network_lock;		/* the user sees to it that no packet passes */
	bool no_module;			/* ask the kernel without crctl.ko */
	uint64_t ghost_limit;		/* bytes */
	bool force_irmap;		/* look for watched files before their handles are tried */
	const char *irmap_paths[16];	/* more directories to look in */
	size_t nr_irmap_paths;
	enum file_validation file_validation;
	uint32_t cpu_cap;		/* bit mask of enum cpu_cap */
	const char *pidfile;		/* of a restore, relative to work_fd; NULL: none */
};

enum cpu_cap { CPU_CAP_NONE = 0, CPU_CAP_FPU = 1, CPU_CAP_CPU = 2, CPU_CAP_INS = 4,
	       CPU_CAP_ALL = 0x7fffffff, CPU_CAP_DEFAULT = -1 };

enum dump_final { DUMP_KILL, DUMP_LEAVE_RUNNING, DUMP_LEAVE_STOPPED };

struct dump_options {
	struct common_options common;
	pid_t pid;			/* root of the tree */
	enum dump_final final;
	unsigned int timeout;		/* seconds to freeze and dump in; 0: none */
};

struct restore_options {
	struct common_options common;
	bool detached;			/* -d */
	bool sibling;			/* -S: child of crctl's parent */
	bool leave_stopped;		/* -s */
	char *const *exec_cmd;		/* --exec-cmd, NULL-terminated, or NULL */
	/*
	 * Tell who asked that all is done; NULL: nobody waits for it. A crctl that is killed
	 * before takes a tree with a PID namespace of its own along.
	 */
	int (*answer)(void *arg, pid_t pid);
	void *answer_arg;
};

/*
 * Dump the tree. 0, or -errno with the sentence and exit code in @err; the
 * target is then as it was unless the code is EXIT_LOST.
 */
int engine_dump(const struct dump_options *opts, struct err *err);

/*
 * Restore the tree. *ret_pid is the root's PID. On failure nothing is left.
 * Without -d the call waits for the root task and *ret_status is its wait status.
 */
int engine_restore(const struct restore_options *opts, struct err *err, pid_t *ret_pid,
		   int *ret_status);

/*
 * `crctl check PID`: everything of the tree that dump would refuse. Calls
 * @report once for each, with a whole sentence. Returns 0 when nothing was
 * found, 1 when something was, -errno on failure. Runs no code in the target and
 * writes nothing; it stops the tree for as long as a look takes.
 */
int engine_check(pid_t pid, const struct common_options *opts, struct err *err,
		 void (*report)(void *arg, const char *sentence), void *arg);

#endif
