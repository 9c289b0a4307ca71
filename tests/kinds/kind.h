/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a test program of one resource looks like. It defines `kind` and two
 * functions: set_up() makes the resource, check() says whether a user of it would
 * notice anything. Between the two the harness (run.c) lets the program run on,
 * dumps it, or dumps and restores it. kind.c has main(), which calls them.
 *
 * Tasks talk through marks, empty files in the work directory, so that no program
 * holds more kernel objects than the one it is about.
 */
#ifndef CRCTL_TESTS_KIND_H
#define CRCTL_TESTS_KIND_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct kind {
	const char *options;	    /* more options for dump and restore */
	const char *refuse;	    /* dump must refuse, saying these words (bars between) */
	const char *refuse_restore; /* restore must refuse, saying this */
	const char *limit_twice;    /* the same, only when it was dumped before */
	const char *kill_limit;	    /* a dump that is killed can be noticed, because of this */
	/* a restored program notices this, and README says so; "without the module ..." */
	const char *limit;
	const char *criu;	    /* CRIU 4.2 fails here, and why */
	bool network;		    /* in a network namespace of its own, with loopback */
	bool no_undisturbed;	    /* makes sense only when dumped */
	void (*set_up)(void);
	void (*check)(void);
	void (*between)(void); /* run by a process of its own between dump and restore */
};

/* Each program defines it. */
extern const struct kind kind;

extern const char *kind_dir;	 /* work directory; a program that changes its root updates it */
extern char **kind_argv;	 /* the program's own arguments */
extern int64_t kind_downtime_ms; /* how long the main task stood still between set_up and check */

/* End the whole program with a verdict; the first one given by any task stands. */
void fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void skip(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* Is the module there, and dumps are to ask it? */
bool module_asked(void);

/* A call of set_up or check that has to succeed; its value. */
#define must(call) must_ok((long)(call), #call, __FILE__, __LINE__)
long must_ok(long ret, const char *call, const char *file, int line);

/* Two integers must be the same; the sentence says what they are. */
#define same(got, want, ...) same_ok((long long)(got), (long long)(want), __VA_ARGS__)
void same_ok(long long got, long long want, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void mark(const char *name);
bool marked(const char *name);
void await_mark(const char *name); /* fails after half a minute, or KIND_SECONDS */
void await_go(void);		   /* until the harness says the disturbance is over */

void sleep_ms(long ms);
int64_t now_ms(void);	      /* CLOCK_MONOTONIC */
int slowness(void);	      /* how many times as slow as most this machine may be: KIND_SECONDS */
int64_t patience_end(void);   /* now, and as long as what must come may take: half a minute there */
/* Until @tid, a task or thread, is asleep inside system call @nr. */
void await_syscall(pid_t tid, long nr);
/* Until the state letter in @tid's /proc stat is @state. */
void await_state(pid_t tid, char state);

pid_t child_start(void (*body)(void)); /* fork; the child runs @body and exits 0 */
int child_wait(pid_t pid);	       /* its wait status */
void child_done(pid_t pid);	       /* it must have exited 0 */
pthread_t thread_start(void *(*body)(void *), void *arg);
void thread_join(pthread_t thread);

/* The line of /proc/PID/FILE that starts with @key, without the key and spaces; "" if none. */
const char *proc_line(pid_t pid, const char *file, const char *key);
/* As proc_line, of the mapping in /proc/self/smaps that @addr is in. */
const char *smaps_line(const void *addr, const char *key);
/* The header line of that mapping. */
const char *smaps_header(const void *addr);
/* A file's whole content, at most @size - 1 bytes, NUL-terminated; its length. */
size_t file_read(const char *path, char *buf, size_t size);
void file_write(const char *path, const char *text);
/* Fill and check @len bytes with a sequence that follows from @seed. */
void fill(void *mem, size_t len, unsigned int seed);
bool filled(const void *mem, size_t len, unsigned int seed);

#endif
