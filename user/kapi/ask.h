/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The questions of a dump that have two answerers, each a function that fills the
 * same struct: from what the module told of the process (@told), or where it told
 * nothing (NULL) from /proc and system calls. All return 0 or -errno.
 */
#ifndef CRCTL_KAPI_ASK_H
#define CRCTL_KAPI_ASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "kapi/dev.h"
#include "kapi/proc.h"
#include "kapi/ptrace.h"
#include "kapi/sys.h"
#include "stub/dump.h"

/* What the module told of a stopped process. */
struct told {
	struct crctl_task task;
	struct dev_thread_list threads;
	struct dev_timer_list timers;
};
/* -EOPNOTSUPP: there is no module, or it cannot tell all of this. */
int told_read(struct dev *dev, pid_t pid, struct told **ret);
void told_free(struct told *told);
/* The thread of that id; they are looked for from *at on, which moves behind it. */
const struct dev_thread *told_thread(const struct told *told, pid_t tid, size_t *at);

/* A process by its /proc directory, and what was told of it. */
struct asked {
	int proc_fd;
	struct proc_buf *buf;
	const struct told *told;
};

int ask_vmas(struct dev *dev, pid_t pid, int proc_fd, struct proc_buf *buf,
	     struct proc_vma_list *ret);

/* One descriptor. */
struct fd_facts {
	int fd;
	uint32_t flags;		/* open flags with O_CLOEXEC */
	uint64_t pos, ino;	/* ino as fdinfo says; 0: it does not */
	int mnt_id;
	bool has_lock;
	uint64_t object;	/* as in struct proc_fdinfo */
	char *text;		/* what fdinfo tells of its kind; NULL: not read */
	/* only the module tells at once: */
	uint64_t id;		/* identity of the description; 0: not told, ask kcmp(2) */
	const struct crctl_file *file;	/* stat(2) and owner; NULL: not told */
	const char *link;	/* NULL: not told */
};
struct fd_list {
	struct fd_facts *items;
	size_t nr, cap;
	struct dev_file_list files;
};
/* In ascending order. *ret_fd is the one that could not be looked at, or -1. */
int ask_fds(struct dev *dev, pid_t pid, int proc_fd, struct proc_buf *buf, struct fd_list *ret,
	    int *ret_fd);
void fds_free(struct fd_list *list);

/* Of a thread; @prefix as proc_read_status() has it. The result is proc_status_free()d. */
int ask_status(const struct asked *a, const struct dev_thread *t, const char *prefix,
	       struct proc_status *ret);
int ask_sigmask(const struct dev_thread *t, pid_t tid, uint64_t *ret);
int ask_dispatch(const struct dev_thread *t, pid_t tid, bool *ret_on);
/* ret->pointer 0: not registered. -EOPNOTSUPP: only the module knows, before Linux 5.13. */
int ask_rseq(const struct dev_thread *t, pid_t tid, struct ptrace_rseq *ret);
int ask_sched(const struct dev_thread *t, pid_t tid, struct sys_sched_attr *ret);
/* *ret_mask is malloc'ed. */
int ask_cpus(const struct dev_thread *t, pid_t tid, uint8_t **ret_mask, size_t *ret_len);
/* 0: none was set. */
uint32_t ask_ioprio(const struct dev_thread *t, pid_t tid);
int ask_robust_list(const struct dev_thread *t, pid_t tid, uint64_t *ret_head, uint64_t *ret_len);

int ask_auxv(const struct asked *a, uint64_t **ret_words, size_t *ret_nr);
int ask_limits(const struct asked *a, uint64_t (*ret)[2]);
int ask_timers(const struct asked *a, struct timer_array *ret);

struct task_numbers {
	uint32_t personality, coredump_filter, loginuid;
	int32_t oom_score_adj;
	bool has_coredump_filter, has_loginuid, has_oom_score_adj;
};
/* *ret_name is the file that could not be read. */
int ask_numbers(const struct asked *a, struct task_numbers *ret, const char **ret_name);

/*
 * Inode number of namespace "mnt", "pid_for_children", ... -ENOENT: this kernel has no
 * such one.
 */
int ask_namespace(const struct asked *a, const char *name, uint64_t *ret_ino);

/* What without the module only the process itself can ask for (stub/dump.c). */
int facts_of_told(const struct told *told, struct stub_task_facts **ret);
void thread_facts_of_told(const struct dev_thread *t, struct stub_thread_facts *ret);

#endif
