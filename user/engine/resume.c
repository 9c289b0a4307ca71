// SPDX-License-Identifier: GPL-2.0
/*
 * The master's part: it waits for every task, traces every thread while those
 * do what cannot be undone, sets their registers, unmaps the bootstrap areas from
 * outside, and lets all go. Until then everything made can be ended.
 */
#include <elf.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/restore_internal.h"
#include "mm/mm.h"
#include "files/files.h"
#include "ns/ns.h"
#include "image/core.pb-c.h"
#include "image/vma.pb-c.h"
#include "image/pstree.pb-c.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"
#include "net/net.h"
#include "stub/restore_args.h"
#include "task/regs.h"

#define ERESTART_RESTARTBLOCK 516 /* linux/errno.h of the kernel */
/* How soon a wait looks for tasks that died; then each time after twice as long. */
#define CHECK_NS     20000000
#define CHECK_NS_MAX 640000000

static const char *const step_names[STEP_NR] = {
	[STEP_UNMAP] = "dropping the engine's memory at address",
	[STEP_MOVE] = "moving memory to address",
	[STEP_MM] = "setting the memory layout (prctl PR_SET_MM_MAP)",
	[STEP_THREAD] = "making thread",
	[STEP_SIGACTION] = "setting the action of signal",
	[STEP_RLIMIT] = "setting resource limit (raising one needs CAP_SYS_RESOURCE) number",
	[STEP_SCHED] = "setting the scheduling policy of thread",
	[STEP_AFFINITY] = "setting the CPU affinity of thread",
	[STEP_IOPRIO] = "setting the I/O priority of thread",
	[STEP_CREDS] = "setting the credentials of thread",
	[STEP_SECCOMP] = "installing the seccomp filters of thread",
	[STEP_SIGNAL] = "queueing pending signal",
	[STEP_ALTSTACK] = "setting the alternate signal stack of thread",
	[STEP_ROBUST] = "setting the robust futex list of thread",
	[STEP_RSEQ] = "registering restartable sequences of thread",
	[STEP_ITIMER] = "arming interval timer",
	[STEP_TIMER] = "making POSIX timer",
	[STEP_WAIT] = "waiting for child",
	[STEP_SHARER] = "making the memory-sharing task",
	[STEP_FILES] = "placing descriptor",
	[STEP_FILE_LOCK] = "taking the file lock of descriptor",
	[STEP_SEAL] = "sealing memory (mseal) at address",
	[STEP_PROTECT] = "setting what applies to new mappings (mlockall, PR_SET_MDWE)",
};

static int restore_failed(struct restore *r)
{
	struct stub_error *e = &r->shared->error;

	if (!e->claimed)
		return fail(r->ctx.err, -EIO, "a task failed while it was restored");
	/* the claim comes before the text: give it a moment */
	for (int i = 0; i < 1000 && !e->ret; i++)
		nanosleep(&(struct timespec){ 0, 100000 }, NULL);
	if (e->step && e->step < STEP_NR) {
		if (e->arg > 0xffffff)
			return fail_errno(r->ctx.err, e->ret, "pid %u: %s %#lx", e->pid,
					  step_names[e->step], e->arg);
		return fail_errno(r->ctx.err, e->ret, "pid %u: %s %lu", e->pid, step_names[e->step],
				  e->arg);
	}
	/* the task has logged it */
	r->ctx.err->ret = e->ret ? e->ret : -EIO;
	r->ctx.err->exit_code = e->exit_code;
	snprintf(r->ctx.err->text, sizeof(r->ctx.err->text), "%s", e->text);
	return r->ctx.err->ret;
}

/* The state letter of a task; 0 when there is none. */
static char task_state(const struct restore *r, uint32_t pid)
{
	char path[64], buf[512], *p;
	auto_close int fd = -1;
	ssize_t len;

	snprintf(path, sizeof(path), "%u/stat", pid);
	fd = openat(r->proc_fd, path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (len <= 0)
		return 0;
	buf[len] = 0;
	p = strrchr(buf, ')');
	return p && p + 2 < buf + len ? p[2] : 0;
}

/* A task that is gone, or a zombie that should not be one. */
static bool task_died(const struct restore *r, const struct restore_task *t)
{
	char state;

	if (!r->shared->tasks[t->index].created)
		return false;
	/* these come to their end once all tasks exist, not before */
	if ((t->helper || t->dead) && r->shared->stage != STAGE_CREATE)
		return false;
	state = task_state(r, t->pid);
	return !state || state == 'Z' || state == 'X';
}

static int check_died(struct restore *r)
{
	array_for_each(&r->tasks, tp) {
		if (task_died(r, *tp))
			return fail(r->ctx.err, -ECHILD,
				    "pid %u died while it was restored (out of memory, or killed "
				    "from outside)",
				    (*tp)->pid);
	}
	return 0;
}

int restore_wait(struct restore *r, uint32_t *counter, uint32_t expected)
{
	struct timespec timeout = { 0, CHECK_NS };
	uint32_t now;

	while ((now = __atomic_load_n(counter, __ATOMIC_SEQ_CST)) < expected) {
		if (__atomic_load_n(&r->shared->failed, __ATOMIC_SEQ_CST))
			return restore_failed(r);
		if (syscall(SYS_futex, counter, FUTEX_WAIT, now, &timeout) && errno == ETIMEDOUT) {
			int ret = check_died(r);

			timeout.tv_nsec *= timeout.tv_nsec < CHECK_NS_MAX ? 2 : 1;
			if (ret)
				return r->shared->failed ? restore_failed(r) : ret;
			progress_set(&r->ctx.progress, PAGE_LEN *
				     __atomic_load_n(&r->shared->pages, __ATOMIC_RELAXED));
		}
	}
	return r->shared->failed ? restore_failed(r) : 0;
}

void restore_stage(struct restore *r, uint32_t stage)
{
	__atomic_store_n(&r->shared->stage, stage, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &r->shared->stage, FUTEX_WAKE, INT32_MAX, NULL);
}

static uint32_t thread_id(const struct restore_task *t, size_t i)
{
	return i ? t->pstree->threads[i] : t->pid;
}

/* Call @fn for every thread of every live task. */
static int for_each_thread(struct restore *r, int (*fn)(struct restore *r, struct restore_task *t,
							size_t nr, pid_t tid))
{
	array_for_each(&r->tasks, tp) {
		struct restore_task *t = *tp;

		for (size_t i = 0; !t->helper && !t->dead && i < t->nr_threads; i++) {
			int ret = fn(r, t, i, (pid_t)thread_id(t, i));

			if (ret)
				return ret;
		}
	}
	return 0;
}

static bool task_has_seccomp(const struct restore_task *t)
{
	for (size_t i = 0; i < t->nr_threads; i++) {
		const ThreadCoreEntry *th = t->cores[i]->thread_core;

		if (th->has_seccomp_mode && th->seccomp_mode != SECCOMP_MODE__disabled)
			return true;
	}
	return false;
}

static int thread_seize(struct restore *r, struct restore_task *t, size_t nr, pid_t tid)
{
	unsigned long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD;

	if (task_has_seccomp(t))
		options |= PTRACE_O_SUSPEND_SECCOMP;
	if (ptrace(PTRACE_SEIZE, tid, NULL, options))
		return fail_errno(r->ctx.err, -errno, "pid %u thread %d: tracing it", t->pid, tid);
	return 0;
}

static int thread_interrupt(struct restore *r, struct restore_task *t, size_t nr, pid_t tid)
{
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL))
		return fail_errno(r->ctx.err, -errno, "pid %u thread %d: stopping it", t->pid, tid);
	return 0;
}

/*
 * Until @tid stops. A dead leader of threads is not reported before they are reaped
 * (kernel/exit.c, delay_group_leader): a wait for it alone would never end, so any
 * death ends this one.
 */
static int thread_wait_stop(struct restore *r, pid_t tid, int *ret_status)
{
	siginfo_t info;
	pid_t pid;

	while (!(pid = waitpid(tid, ret_status, __WALL | WNOHANG))) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOWAIT | __WALL) &&
		    errno != EINTR)
			break;
		if (info.si_pid && info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED)
			break;
		if (info.si_pid != tid)
			sched_yield();
	}
	if (pid != tid || !WIFSTOPPED(*ret_status))
		return fail(r->ctx.err, -ECHILD, "a thread died while it was restored (%d)",
			    pid == tid ? tid : info.si_pid);
	return 0;
}

static int thread_wait(struct restore *r, struct restore_task *t, size_t nr, pid_t tid)
{
	int status;

	return thread_wait_stop(r, tid, &status);
}

/* Any system call instruction in the task's own code, for one without a vdso. */
static uint64_t find_syscall(const struct restore_task *t)
{
	unsigned char buf[65536];

	for (size_t i = 0; i < t->nr_vmas; i++) {
		const struct restore_vma *v = &t->vmas[i];

		for (uint64_t at = v->start; v->entry->prot & 4 && at < v->end;
		     at += sizeof(buf) - 1) {
			uint64_t len = v->end - at < sizeof(buf) ? v->end - at : sizeof(buf);
			struct iovec to = { buf, len }, from = { (void *)(uintptr_t)at, len };
			ssize_t n = process_vm_readv((pid_t)t->pid, &to, 1, &from, 1, 0);

			for (ssize_t o = 0; o + 1 < n; o++) {
				if (buf[o] == 0x0f && buf[o + 1] == 0x05)
					return at + (uint64_t)o;
			}
		}
	}
	return 0;
}

/* Run munmap(2) in the task at a system call instruction outside the area. */
static int area_unmap(struct restore *r, const struct restore_task *t)
{
	const struct stub_task_slot *slot = &r->shared->tasks[t->index];
	struct user_regs_struct regs;
	struct iovec iov = { .iov_base = &regs, .iov_len = sizeof(regs) };
	pid_t tid = (pid_t)t->pid;
	int status, ret;

	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov))
		return fail_errno(r->ctx.err, -errno, "pid %u: reading its registers", t->pid);
	regs.rip = slot->syscall_ip ? slot->syscall_ip : find_syscall(t);
	if (!regs.rip)
		return fail(r->ctx.err, -EOPNOTSUPP,
			    "pid %u: it has no system call instruction to unmap the bootstrap area "
			    "with",
			    t->pid);
	regs.rax = SYS_munmap;
	regs.orig_rax = (unsigned long long)-1;
	regs.rdi = slot->area;
	regs.rsi = slot->area_len;
	if (ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov))
		return fail_errno(r->ctx.err, -errno, "pid %u: setting its registers", t->pid);
	/* entry, then exit */
	for (int i = 0; i < 2; i++) {
		if (ptrace(PTRACE_SYSCALL, tid, NULL, NULL))
			return fail_errno(r->ctx.err, -errno, "pid %u: running it", t->pid);
		ret = thread_wait_stop(r, tid, &status);
		if (ret)
			return ret;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			return fail(r->ctx.err, -EIO, "pid %u: stopped with signal %d at its end",
				    t->pid, WSTOPSIG(status));
	}
	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov) || regs.rax)
		return fail(r->ctx.err, -EIO, "pid %u: unmapping the bootstrap area failed",
			    t->pid);
	return 0;
}

/* What became of a call that goes on: in it, returned, or not yet begun. */
enum sleep_state { SLEEP_NONE, SLEEP_IN, SLEEP_DONE, SLEEP_BEFORE };

static enum sleep_state thread_sleep_state(struct restore *r, const struct restore_task *t,
					   size_t nr, pid_t tid, int64_t *ret_value)
{
	uint64_t at = r->shared->tasks[t->index].threads + nr * sizeof(struct stub_thread);
	struct stub_thread th;
	struct iovec to = { &th, sizeof(th) }, from = { (void *)(uintptr_t)at, sizeof(th) };
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	if (process_vm_readv(tid, &to, 1, &from, 1, 0) != (ssize_t)sizeof(th) || !th.restart_nr)
		return SLEEP_NONE;
	if (th.restart_done) {
		*ret_value = th.restart_ret;
		return SLEEP_DONE;
	}
	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov))
		return SLEEP_NONE;
	if (regs.orig_rax == th.restart_nr && (long)regs.rax == -ERESTART_RESTARTBLOCK)
		return SLEEP_IN;
	return SLEEP_BEFORE;
}

/*
 * A thread that goes on sleeping is stopped inside its call, so that the kernel has
 * the rest of its time; its registers then say so. One that was stopped too early
 * is let on for a moment.
 */
static int thread_sleep(struct restore *r, struct restore_task *t, size_t nr, pid_t tid)
{
	UserX86RegsEntry *g = t->cores[nr]->thread_info->gpregs;
	enum sleep_state state;
	int64_t value = 0;
	int ret;

	for (int i = 0; i < 200; i++) {
		state = thread_sleep_state(r, t, nr, tid, &value);
		if (state != SLEEP_BEFORE)
			break;
		if (ptrace(PTRACE_CONT, tid, NULL, NULL))
			return fail_errno(r->ctx.err, -errno, "thread %d: running it", tid);
		nanosleep(&(struct timespec){ 0, 100000 }, NULL);
		ret = thread_interrupt(r, t, nr, tid);
		if (!ret)
			ret = thread_wait(r, t, nr, tid);
		if (ret)
			return ret;
	}
	if (state != SLEEP_IN && state != SLEEP_DONE)
		return 0; /* from the beginning, then */
	/* the image has the call about to be made: after it, with what it gave */
	g->ip += 2;
	g->ax = state == SLEEP_IN ? (uint64_t)-ERESTART_RESTARTBLOCK : (uint64_t)value;
	return 0;
}

static int thread_set(struct restore *r, struct restore_task *t, size_t nr, pid_t tid)
{
	const RseqEntry *rseq = t->cores[nr]->thread_core->rseq_entry;
	int ret = 0;

	/* the last task of a memory unmaps the area; nobody runs in it any more */
	if (!nr && t->mm_owner == t)
		ret = area_unmap(r, t);
	if (!ret)
		ret = regs_restore_thread(r, tid, t->cores[nr]);
	if (!ret && rseq && rseq->has_rseq_cs_pointer && rseq->rseq_cs_pointer) {
		struct iovec from = { (void *)&rseq->rseq_cs_pointer, 8 };
		struct iovec to = { (void *)(uintptr_t)(rseq->rseq_abi_pointer + 8), 8 };

		if (process_vm_writev(tid, &from, 1, &to, 1, 0) != 8)
			ret = fail_errno(r->ctx.err, -errno, "thread %d: its rseq section", tid);
	}
	return ret;
}

static int thread_detach(struct restore *r, struct restore_task *t, size_t nr, pid_t tid)
{
	if (ptrace(PTRACE_DETACH, tid, NULL, NULL))
		return fail_errno(r->ctx.err, -errno, "thread %d: letting it go", tid);
	return 0;
}

/* What stops @t for sure: its own signal unless that is caught, ignored or blocked now. */
static int stop_signal(const struct restore_task *t)
{
	const TaskCoreEntry *tc = t->cores[0]->tc;
	uint32_t sig = tc->has_stop_signo ? tc->stop_signo : SIGSTOP;
	/* the list leaves out SIGKILL and SIGSTOP */
	uint32_t nr = sig - 1 - (sig > SIGKILL) - (sig > SIGSTOP);

	if (sig != SIGTSTP && sig != SIGTTIN && sig != SIGTTOU)
		return SIGSTOP;
	if (tc->blk_sigset >> (sig - 1) & 1 || nr >= tc->n_sigactions ||
	    tc->sigactions[nr]->sigaction)
		return SIGSTOP;
	return (int)sig;
}

static int task_detach(struct restore *r, struct restore_task *t)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < t->nr_threads; i++)
		ret = thread_detach(r, t, i, (pid_t)thread_id(t, i));
	return ret;
}

/* Let @t go and wait until it stands: its parent must find it stopped. */
static int task_stop(struct restore *r, struct restore_task *t, int sig)
{
	struct timespec ms = { 0, 200000 };
	pid_t pid = (pid_t)t->pid;
	int ret;

	kill(pid, sig);
	ret = task_detach(r, t);
	for (int i = 0; !ret && i < 5000; i++) {
		if (task_state(r, t->pid) == 'T')
			return 0;
		/* an orphaned process group does not stop for others (get_signal) */
		if (i == 50 && sig != SIGSTOP)
			kill(pid, SIGSTOP);
		nanosleep(&ms, NULL);
	}
	return ret ? ret : fail(r->ctx.err, -ETIMEDOUT, "pid %u: it does not stop again", t->pid);
}

/* Tasks that were stopped by a signal are again, before any other runs; with -s all are. */
static int let_go(struct restore *r, bool all_stopped)
{
	int ret = 0;

	array_for_each(&r->tasks, tp) {
		struct restore_task *t = *tp;

		if (t->helper || t->dead || ret)
			continue;
		if (t->cores[0]->tc->task_state == TASK_STOPPED)
			ret = task_stop(r, t, stop_signal(t));
		else if (all_stopped)
			ret = task_stop(r, t, SIGSTOP);
	}
	array_for_each(&r->tasks, tp) {
		struct restore_task *t = *tp;

		if (!t->helper && !t->dead && !ret && !all_stopped &&
		    t->cores[0]->tc->task_state != TASK_STOPPED)
			ret = task_detach(r, t);
	}
	return ret;
}

/* From here on paths are the tree's: those of watched files, and of links to be removed. */
static int paths_enter(struct restore *r)
{
	auto_close int mnt_ns = -1;
	char name[32];

	if (r->ns->flags & CLONE_NEWNS) {
		snprintf(name, sizeof(name), "%u/ns/mnt", r->tasks.items[0]->pid);
		mnt_ns = openat(r->proc_fd, name, O_RDONLY | O_CLOEXEC);
		if (mnt_ns < 0 || setns(mnt_ns, CLONE_NEWNS))
			return fail_errno(r->ctx.err, -errno, "joining the tree's mount namespace");
	}
	return fchdir(r->proc_fd) ? fail_errno(r->ctx.err, -errno, "the tree's /proc") : 0;
}

int restore_trace(struct restore *r, const struct restore_options *opts)
{
	int ret = for_each_thread(r, thread_seize);

	if (ret)
		return ret;
	restore_stage(r, STAGE_FINISH);
	ret = restore_wait(r, &r->shared->parked, r->shared->expected_threads);
	if (!ret)
		ret = cgroups_threads(r);
	if (!ret)
		ret = for_each_thread(r, thread_interrupt);
	if (!ret)
		ret = for_each_thread(r, thread_wait);
	if (!ret)
		ret = for_each_thread(r, thread_sleep);
	if (!ret)
		ret = for_each_thread(r, thread_set);
	if (!ret)
		ret = paths_enter(r);
	if (!ret)
		ret = files_settle(r);
	if (ret)
		return ret;
	restore_commit(r);
	if (!ns_outside_enter(r))
		net_restore_start(r);
	(void)ns_outside_leave(r);	/* said already; crctl is done with what is in there */
	ghost_finish(r);
	tty_finish(r);
	return let_go(r, opts->leave_stopped);
}

void restore_undo(struct restore *r)
{
	/* as a sibling it is another's to reap, but ends before this returns */
	struct pollfd root = { .fd = r->root_pid > 0 ? sys_pidfd_open(r->root_pid) : -1,
			       .events = POLLIN };
	bool left = true;

	/* with its init every task of a PID namespace goes */
	if (r->ns->flags & CLONE_NEWPID && r->root_pid > 0)
		kill(r->root_pid, SIGKILL);
	array_for_each(&r->tasks, tp) {
		if (!(r->ns->flags & CLONE_NEWPID) && r->shared->tasks[(*tp)->index].created)
			kill((pid_t)(*tp)->pid, SIGKILL);
	}
	/* as a subreaper the master gets them all, parents or not */
	while (left) {
		int status;

		left = waitpid(-1, &status, __WALL) > 0 || errno == EINTR;
	}
	while (root.fd >= 0 && poll(&root, 1, -1) < 0 && errno == EINTR)
		;
	if (root.fd >= 0)
		close(root.fd);
}
