/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /proc/PID as structs. Every file is read once, relative to a descriptor of
 * its directory, into a buffer that is used again and again.
 */
#ifndef CRCTL_KAPI_PROC_H
#define CRCTL_KAPI_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/array.h"

struct proc_buf {
	char *data;		/* NUL-terminated */
	size_t len, cap;
};

struct proc_stat {
	char comm[16];
	char state;
	pid_t ppid, pgid, sid;
	uint32_t tty;		/* controlling terminal, as the kernel encodes devices; 0: none */
	pid_t tty_pgrp;		/* its foreground group; -1: none */
	uint64_t flags;		/* PF_* */
	int nr_threads;
	uint64_t start_time;	/* clock ticks since boot */
	uint64_t start_code, end_code, start_stack, start_data, end_data, start_brk;
	uint64_t arg_start, arg_end, env_start, env_end;
	int exit_signal, exit_code;
	int last_cpu;
};

struct proc_status {
	char comm[16];
	pid_t tracer;
	uint32_t uid[4], gid[4];	/* real, effective, saved, filesystem */
	uint32_t *groups;
	size_t nr_groups;
	uint64_t sig_pending, sig_shared_pending, sig_ignored, sig_caught;
	uint64_t cap_inh, cap_prm, cap_eff, cap_bnd, cap_amb;
	uint64_t locked_kb;	/* VmLck */
	uint64_t nr_voluntary;	/* context switches */
	uint32_t umask;
	uint32_t no_new_privs;
	uint32_t seccomp_mode, nr_seccomp_filters;
};

/* Flags of a VMA from smaps' VmFlags that are used; the order is that of vma_flag_names[]. */
enum vma_flag {
	VMF_READ = 1 << 0, VMF_WRITE = 1 << 1, VMF_EXEC = 1 << 2, VMF_SHARED = 1 << 3,
	VMF_MAYWRITE = 1 << 4, VMF_GROWSDOWN = 1 << 5, VMF_LOCKED = 1 << 6, VMF_IO = 1 << 7,
	VMF_SEQ = 1 << 8, VMF_RANDOM = 1 << 9, VMF_DONTCOPY = 1 << 10, VMF_DONTEXPAND = 1 << 11,
	VMF_NORESERVE = 1 << 12, VMF_HUGETLB = 1 << 13, VMF_WIPEONFORK = 1 << 14,
	VMF_DONTDUMP = 1 << 15, VMF_MERGEABLE = 1 << 16, VMF_HUGEPAGE = 1 << 17,
	VMF_NOHUGEPAGE = 1 << 18, VMF_PFNMAP = 1 << 19, VMF_UFFD = 1 << 20,
	VMF_SHADOW_STACK = 1 << 21, VMF_SEALED = 1 << 22, VMF_LOCKONFAULT = 1 << 23,
	VMF_MIXED = 1 << 24, VMF_DROPPABLE = 1 << 25, VMF_GUARD = 1 << 26,
};

struct proc_vma {
	uint64_t start, end, pgoff;	/* pgoff in bytes */
	uint64_t ino;
	dev_t dev;
	uint32_t flags;			/* enum vma_flag */
	uint32_t page_kb;		/* KernelPageSize */
	int pkey;
	bool empty;			/* no page in memory or swap; huge pages are not counted */
	const char *name;		/* path or [name] or ""; lives as long as the list */
};

struct proc_vma_list {
	struct proc_vma *items;
	size_t nr, cap;
	char *names;			/* storage of the names */
};

struct proc_timer {
	int id, signo, notify, clock;
	uint64_t sigval;
	pid_t tid;			/* SIGEV_THREAD_ID's, or the process */
};

struct proc_fdinfo {
	uint64_t pos;
	uint64_t ino;			/* 0 before Linux 5.14 */
	uint32_t flags;			/* open flags with O_CLOEXEC */
	int mnt_id;
	bool has_lock;			/* a lock or lease is held through it */
	uint64_t object;		/* a number that no other eventfd has; 0: not told */
	const char *rest;		/* the lines of its own kind, in the buffer; or NULL */
};

void proc_buf_free(struct proc_buf *buf);

/* The whole file @name under @dir_fd into @buf. 0 or -errno. */
int proc_read(int dir_fd, const char *name, struct proc_buf *buf);
int proc_open(pid_t pid, int *ret_fd);

/* @prefix is "" or "task/TID/". */
int proc_read_stat(int dir_fd, const char *prefix, struct proc_buf *buf, struct proc_stat *ret);
/* The result owns its groups: proc_status_free(). */
int proc_read_status(int dir_fd, const char *prefix, struct proc_buf *buf,
		     struct proc_status *ret);
void proc_status_free(struct proc_status *st);

int proc_read_vmas(int dir_fd, struct proc_buf *buf, struct proc_vma_list *ret);
void proc_vmas_free(struct proc_vma_list *list);

/* Appends the numbers in a `children` file or the names of a numeric directory. */
struct pid_array { pid_t *items; size_t nr, cap; };
int proc_read_children(int dir_fd, pid_t tid, struct proc_buf *buf, struct pid_array *ret);
int proc_list_numbers(int dir_fd, const char *name, struct pid_array *ret);

struct timer_array { struct proc_timer *items; size_t nr, cap; };
int proc_read_timers(int dir_fd, struct proc_buf *buf, struct timer_array *ret);

/* What follows @key and blanks on the first line of @text that begins with it; NULL: none. */
const char *proc_text_value(const char *text, const char *key);

/* The text stays in @buf. */
int proc_read_fdinfo(int dir_fd, const char *name, struct proc_buf *buf,
		     struct proc_fdinfo *ret);
/* A file with one number; @base as strtoull's. */
int proc_read_number(int dir_fd, const char *name, int base, struct proc_buf *buf,
		     int64_t *ret);
/* Soft and hard limit of each of RLIMIT_NLIMITS from `limits`. */
int proc_read_limits(int dir_fd, struct proc_buf *buf, uint64_t (*ret)[2]);

/* Link text of @name, NUL-terminated. */
int proc_read_link(int dir_fd, const char *name, char *buf, size_t size);

/* "task/TID/" into @buf (at least 32 bytes); returns @buf. */
const char *proc_thread_prefix(pid_t tid, char *buf);

#endif
