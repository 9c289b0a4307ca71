/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the restore side of the engine call of each other. */
#ifndef CRCTL_ENGINE_RESTORE_INTERNAL_H
#define CRCTL_ENGINE_RESTORE_INTERNAL_H

#include "engine/ctx.h"
#include "engine/engine.h"

/* restore.c: did crctl itself die? */
bool restore_abandoned(const struct restore *r);

/* read.c: every image into memory, every field checked; nothing is made. */
int restore_read(struct restore *r);
void restore_free(struct restore *r);

/* plan.c: who makes what, in which order. */
int restore_plan(struct restore *r);
/* plan_files.c: who opens what. */
int restore_plan_files(struct restore *r);
/* The PIDs and thread ids that the tree needs are free. */
int restore_check_pids(struct restore *r);

/* create.c: what runs in each new process, up to the stub. Never returns. */
void restore_task_main(struct restore *r, struct restore_task *task) __attribute__((noreturn));
/* Fork @task under its PID. @flags for clone3(2); returns the PID as the caller sees it. */
int restore_fork(struct restore *r, struct restore_task *task, uint64_t flags, pid_t *ret_pid);

/* enter.c: the bootstrap area and the jump into the stub. */
int restore_enter_prepare(struct restore *r, struct restore_task *task);
/* Map @len bytes where neither the engine nor @task has anything. */
int restore_free_space(const struct restore_task *task, size_t len, int prot, void **ret_at);
void restore_enter(struct restore *r) __attribute__((noreturn));

/* vdso.c: the kernel's vdso goes where the task had its own, or the old one leads to it. */
struct stub_move;
int restore_enter_vdso(struct restore *r, struct restore_task *task, struct stub_task *stub,
		       struct stub_move *moves);

/* resume.c: the master's part once every task is in its stub. */
int restore_trace(struct restore *r, const struct restore_options *opts);
/* End everything that was made. */
void restore_undo(struct restore *r);
/* Wait until every task arrived at the end of a stage; the sentence of a failure is kept. */
int restore_wait(struct restore *r, uint32_t *counter, uint32_t expected);
void restore_stage(struct restore *r, uint32_t stage);

/* tracer.c: restore_trace() in a process that outlives crctl once it has committed. */
int restore_resume(struct restore *r, const struct restore_options *opts);
/* Set r->proc_fd, once the root task exists. */
int restore_open_proc(struct restore *r);
/*
 * Have a process end the root task should crctl be killed: as init of a PID namespace it
 * ignores all signals of its own, and as a sibling it does not die with crctl either.
 */
int restore_guard_start(struct restore *r);
/* @failed: it does what it is there for. */
void restore_guard_end(struct restore *r, bool failed);
/* In that root task: not before it is guarded. */
void restore_guard_wait(struct restore *r);
/* Called by it when every task is ready: from here on the restore counts. */
void restore_commit(const struct restore *r);

#endif
