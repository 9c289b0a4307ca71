// SPDX-License-Identifier: GPL-2.0
/*
 * What a stopped tree is made of, read from outside: registers and signals
 * through ptrace(2), the rest from /proc. Which tasks share memory, tables and
 * handlers is found with kcmp(2) in sorted order, so never by comparing all
 * pairs. What crctl does not support is noted here, before any image is written.
 */
#include <errno.h>
#include <linux/rseq.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/tree.h"
#include "files/files.h"
#include "kapi/ask.h"
#include "kapi/inject.h"
#include "kapi/proc.h"
#include "kapi/ptrace.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"
#include "mm/mm.h"
#include "ns/ns.h"
#include "task/task.h"

#define XSTATE_MAX 16384	/* AMX tiles included */
#define CS_64BIT 0x33
#define ERESTARTNOHAND 514	/* linux/errno.h of the kernel */
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
#define FIRST_ID 2		/* 1 is the id of crctl's own objects, as in other tools' images */

int dump_refuse(struct dump *d, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	d->nr_refused++;
	if (d->report) {
		d->report(d->report_arg, text);
		return 0;
	}
	err_set_exit(d->ctx.err, EXIT_UNSUPPORTED);
	(void)fail(d->ctx.err, -EOPNOTSUPP, "%s", text);
	return 0;
}

struct asked dump_asked(const struct dump *d, const struct dump_task *task)
{
	return (struct asked){ .proc_fd = task->proc_fd, .buf = d->buf, .told = task->told };
}

int tree_verdict(struct dump *d)
{
	return d->nr_refused ? -EOPNOTSUPP : 0;
}

static int thread_regs(struct dump *d, struct dump_task *task, struct dump_thread *t,
		       char *xstate)
{
	size_t len = 0;
	bool dispatch;
	int ret = ptrace_get_regs(t->tid, &t->regs, &len);

	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d thread %d: registers", task->pid,
				  t->tid);
	if (len != sizeof(t->regs) || t->regs.cs != CS_64BIT)
		return dump_refuse(d,
				   "pid %d thread %d runs 32-bit code, which is not supported yet",
				   task->pid, t->tid);
	ret = ask_dispatch(t->told, t->tid, &dispatch);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d thread %d: its system calls", task->pid,
				  t->tid);
	if (dispatch)
		return dump_refuse(d, "pid %d thread %d has its system calls sent to a handler "
				   "(PR_SET_SYSCALL_USER_DISPATCH), which is not supported yet",
				   task->pid, t->tid);
	t->xstate_len = XSTATE_MAX;
	ret = ptrace_get_xstate(t->tid, xstate, &t->xstate_len);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d thread %d: extended registers",
				  task->pid, t->tid);
	t->xstate = malloc(t->xstate_len);
	if (!t->xstate)
		return -ENOMEM;
	memcpy(t->xstate, xstate, t->xstate_len);
	return 0;
}

/*
 * A thread that was interrupted inside an rseq critical section has to go on at the
 * section's abort handler. The kernel sends it there on its way to user space, but
 * would forget the section as soon as the thread ran anything else; so do what the
 * kernel would do (kernel/rseq.c: rseq_ip_fixup). Where the module answers the thread
 * runs nothing else.
 */
static int thread_rseq(struct dump *d, struct dump_task *task, struct dump_thread *t)
{
	struct ptrace_rseq conf;
	struct rseq_cs cs;
	uint64_t at = 0;
	int ret = ask_rseq(t->told, t->tid, &conf);

	if (ret == -EOPNOTSUPP && task->pid == d->root_pid && t == task->threads.items)
		log_warn("restartable sequences (rseq) that are registered are lost: before Linux "
			 "5.13 only the module can tell of them, continuing");
	if (ret == -EOPNOTSUPP || (!ret && !conf.pointer))
		return 0;
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d thread %d: rseq(2) registration",
				  task->pid, t->tid);
	t->rseq = conf.pointer;
	t->rseq_len = conf.size;
	t->rseq_signature = conf.signature;
	if ((long)t->regs.orig_rax >= 0)
		return 0;	/* stopped in a system call, which no section may make */
	if (sys_mem_read(t->tid, conf.pointer + offsetof(struct rseq, rseq_cs), &at, 8) || !at ||
	    sys_mem_read(t->tid, at, &cs, sizeof(cs)))
		return 0;
	if (t->regs.rip - cs.start_ip < cs.post_commit_offset) {
		t->regs.rip = cs.abort_ip;
		ret = t->told ? 0 : ptrace_set_regs(t->tid, &t->regs);
	}
	return ret;
}

/* What is left of a wait for events, in milliseconds; false: all of it, or no time-out. */
static bool call_left_ms(const struct dump_thread *t, unsigned int *ret_ms)
{
	uint64_t nr = t->regs.orig_rax, total = (uint32_t)t->regs.r10 * 1000000ull, left;
	struct timespec ts;

	if (!t->slept_ns || (nr != SYS_epoll_wait && nr != SYS_epoll_pwait &&
			     nr != SYS_epoll_pwait2))
		return false;
	if (nr == SYS_epoll_pwait2) {
		if (sys_mem_read(t->tid, t->regs.r10, &ts, sizeof(ts)) || ts.tv_sec < 0 ||
		    ts.tv_sec > INT32_MAX / 1000 - 1)
			return false;
		total = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	}
	left = total > t->slept_ns ? total - t->slept_ns : 0;
	*ret_ms = (unsigned int)((left + 999999) / 1000000);
	return true;
}

/*
 * These calls end with EINTR when a thread is stopped, although there was no signal
 * (signal(7)). With ERESTARTNOHAND instead the kernel calls again, unless a handler
 * is to run. The fourth argument is a register that no caller expects to keep, so the
 * time-out there can be what is left of it; epoll_pwait takes what epoll_pwait2 takes.
 */
static int thread_call_again(struct dump_thread *t)
{
	struct user_regs_struct *r = &t->regs;
	unsigned int left_ms;
	bool again;

	if ((long)r->rax != -EINTR)
		return 0;
	switch ((long)r->orig_rax) {
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
	case SYS_epoll_pwait2:
	case SYS_semop:
		again = true;
		break;
	case SYS_semtimedop:
		again = !r->r10;
		break;
	case SYS_rt_sigtimedwait:
		again = !r->rdx;
		break;
	default:
		again = false;
	}
	if (!again)
		return 0;
	/* a filter may know one of the two only */
	if (call_left_ms(t, &left_ms) &&
	    (r->orig_rax != SYS_epoll_pwait2 || !t->status->seccomp_mode)) {
		if (r->orig_rax == SYS_epoll_pwait2)
			r->orig_rax = SYS_epoll_pwait;
		r->r10 = left_ms;
	}
	r->rax = (unsigned long long)-ERESTARTNOHAND;
	return ptrace_set_regs(t->tid, r);
}

static int thread_collect(struct dump *d, struct dump_task *task, struct dump_thread *t,
			  char *xstate)
{
	const struct asked asked = dump_asked(d, task);
	char prefix[32];
	int ret = t->ended ? 0 : thread_regs(d, task, t, xstate);

	if (ret)
		return ret;
	if (!t->ended)
		ret = ask_sigmask(t->told, t->tid, &t->sigmask);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d thread %d: signal mask", task->pid,
				  t->tid);
	if (!t->ended)
		ret = thread_rseq(d, task, t);
	if (ret)
		return ret;
	t->status = calloc(1, sizeof(*t->status));
	if (!t->status)
		return -ENOMEM;
	ret = ask_status(&asked, t->told, proc_thread_prefix(t->tid, prefix), t->status);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d thread %d: its status cannot be read",
				  task->pid, t->tid);
	/* woken up between the look and the stop: not the sleep that was looked at */
	if (t->status->nr_voluntary != t->nr_switches + 1)
		t->slept_ns = 0;
	if (!t->ended)
		ret = thread_call_again(t);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d thread %d: registers", task->pid,
				  t->tid);
	if (t->ended)
		t->status->seccomp_mode = 0;	/* its filters went with it */
	else if (t->status->seccomp_mode && !t->told)	/* it will run crctl's questions */
		ret = ptrace_suspend_seccomp(t->tid);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d thread %d: seccomp cannot be suspended",
				  task->pid, t->tid);
	return 0;
}

/* ---- what tasks share ---- */

struct sharing {
	int kcmp_type;
	size_t owner, id;	/* offsets in struct dump_task */
	size_t told;		/* offset in struct crctl_task */
};

static const struct sharing sharings[] = {
	{ KCMP_VM, offsetof(struct dump_task, mm_owner), offsetof(struct dump_task, vm_id),
	  offsetof(struct crctl_task, mm_id) },
	{ KCMP_FILES, offsetof(struct dump_task, files_owner),
	  offsetof(struct dump_task, files_id), offsetof(struct crctl_task, files_id) },
	{ KCMP_FS, offsetof(struct dump_task, fs_owner), offsetof(struct dump_task, fs_id),
	  offsetof(struct crctl_task, fs_id) },
	{ KCMP_SIGHAND, offsetof(struct dump_task, sighand_owner),
	  offsetof(struct dump_task, sighand_id), offsetof(struct crctl_task, sighand_id) },
};

static struct dump_task **task_owner(struct dump_task *task, const struct sharing *s)
{
	return (struct dump_task **)((char *)task + s->owner);
}

static uint64_t task_object(const struct dump_task *task, const struct sharing *s)
{
	return *(const uint64_t *)((const char *)&task->told->task + s->told);
}

/* By identities of the module or with kcmp(2): as kcmp(2) says, 1 less, 2 greater. */
static int task_order(const struct dump_task *a, const struct dump_task *b, const struct sharing *s)
{
	uint64_t x, y;

	if (!a->told || !b->told)
		return sys_kcmp(a->live_tid, b->live_tid, s->kcmp_type, 0, 0);
	x = task_object(a, s);
	y = task_object(b, s);
	return x == y ? 0 : x < y ? 1 : 2;
}

/* An object by its first task, in a tree sorted as kcmp(2) says. */
struct owner_node {
	struct dump_task *task;
	struct owner_node *less, *greater;
};

/* The node of @task's object: *@free, taken, when it is new. NULL: *ret_err says why. */
static struct owner_node *owner_get(struct owner_node **root, struct owner_node *free,
				    struct dump_task *task, const struct sharing *s, int *ret_err)
{
	while (*root) {
		int order = task_order(task, (*root)->task, s);

		if (order < 0) {
			*ret_err = order;
			return NULL;
		}
		if (!order)
			return *root;
		root = order == 1 ? &(*root)->less : &(*root)->greater;
	}
	free->task = task;
	*root = free;
	return free;
}

static int sharing_resolve(struct dump *d, const struct sharing *s)
{
	auto_free struct owner_node *nodes = calloc(d->tasks.nr, sizeof(*nodes));
	struct owner_node *root = NULL, *node, *next = nodes;
	uint32_t next_id = FIRST_ID;
	int ret = 0;

	if (!nodes)
		return -ENOMEM;
	array_for_each(&d->tasks, it) {
		struct dump_task *task = *it, *owner;
		uint32_t *id = (uint32_t *)((char *)task + s->id);

		*task_owner(task, s) = task;
		if (task->state == TASK_DEAD)
			continue;
		/* handlers are shared only where memory is (clone(2), CLONE_SIGHAND) */
		if (s->kcmp_type == KCMP_SIGHAND && !task->mm_shared) {
			task->sighand_id = next_id++;
			continue;
		}
		node = owner_get(&root, next, task, s, &ret);
		if (!node)
			return fail_errno(d->ctx.err, ret, "pid %d cannot be compared with kcmp(2)",
					  task->pid);
		next += node == next;
		*task_owner(task, s) = owner = node->task;
		if (owner != task && s->kcmp_type == KCMP_VM)
			task->mm_shared = owner->mm_shared = true;
		*id = owner == task ? next_id++ : *(uint32_t *)((char *)owner + s->id);
	}
	return 0;
}

/* ---- what the tree must not have ---- */

static bool tree_has_leader(const struct dump *d, pid_t id, bool session)
{
	array_for_each(&d->tasks, it)
		if (session ? (*it)->sid == id : (*it)->pgid == id)
			if ((*it)->pid == id)
				return true;
	return false;
}

/*
 * Sessions and groups come from outside the tree when the root did not make its own:
 * then the restored tree joins crctl's, which the user has to ask for.
 */
static int tree_check_sessions(struct dump *d)
{
	const struct dump_task *root = d->tasks.items[0];

	if (d->ctx.shell_job)
		return 0;
	if (!tree_has_leader(d, root->sid, true) && root->sid != root->pid)
		return dump_refuse(d,
				   "pid %d belongs to session %d, whose leader is not in the tree; "
				   "start it with setsid(1), or dump and restore with --shell-job",
				   root->pid, root->sid);
	array_for_each(&d->tasks, it) {
		const struct dump_task *task = *it;

		if (task->state != TASK_DEAD && task->sid == 0)
			dump_refuse(d, "pid %d belongs to a session outside crctl's PID namespace",
				    task->pid);
	}
	return 0;
}

static bool thread_shares(const struct dump_task *task, const struct dump_thread *t)
{
	if (task->told && t->told)
		return t->told->facts.files_id == task->told->task.files_id &&
		       t->told->facts.fs_id == task->told->task.fs_id;
	return !sys_kcmp(task->live_tid, t->tid, KCMP_FILES, 0, 0) &&
	       !sys_kcmp(task->live_tid, t->tid, KCMP_FS, 0, 0);
}

/* A thread can leave its process's descriptors or directories (unshare(2)). */
static int task_check_threads(struct dump *d, const struct dump_task *task)
{
	array_for_each(&task->threads, t) {
		if (t->tid == task->live_tid || t->ended)
			continue;
		if (!thread_shares(task, t))
			dump_refuse(d, "pid %d thread %d has descriptors or directories of its own "
				    "(unshare(2)), which is not supported yet", task->pid, t->tid);
	}
	return 0;
}

/* ---- the tree ---- */

static int task_collect_threads(struct dump *d, struct dump_task *task)
{
	auto_free char *xstate = malloc(XSTATE_MAX);
	size_t at = 0;

	if (!xstate)
		return -ENOMEM;
	array_for_each(&task->threads, t) {
		int ret;

		t->told = told_thread(task->told, t->tid, &at);
		ret = thread_collect(d, task, t, xstate);

		if (ret)
			return ret;
	}
	return 0;
}

static int task_collect_vmas(struct dump *d, struct dump_task *task)
{
	int ret;

	if (task->mm_owner != task) {
		task->vmas = task->mm_owner->vmas;
		return 0;
	}
	task->vmas = calloc(1, sizeof(*task->vmas));
	if (!task->vmas)
		return -ENOMEM;
	ret = ask_vmas(d->dev, task->live_tid, task->proc_fd, d->buf, task->vmas);
	return ret ? fail_errno(d->ctx.err, ret, "pid %d: its mappings cannot be read", task->pid)
		   : 0;
}

static int task_open(struct dump *d, struct dump_task *task)
{
	task->extra = calloc(1, sizeof(*task->extra));
	if (!task->extra)
		return -ENOMEM;
	crctl_task_entry__init(task->extra);
	task->extra->pid = (uint32_t)task->pid;
	task->pidfd = sys_pidfd_open(task->live_tid);
	/* Before Linux 6.9 only for the leader, which may have ended: then files do without. */
	if (task->pidfd == -EINVAL && task->live_tid != task->pid)
		return 0;
	return task->pidfd < 0 ? fail_errno(d->ctx.err, task->pidfd, "pid %d: pidfd_open(2)",
					    task->pid) : 0;
}

static int task_collect(struct dump *d, struct dump_task *task)
{
	int ret;

	if (task->state == TASK_DEAD)
		return 0;
	ret = task_open(d, task);
	if (!ret)
		ret = task_collect_threads(d, task);
	if (!ret)
		ret = ns_collect(d, task);
	if (!ret)
		ret = task_check_threads(d, task);
	if (!ret)
		ret = task_collect_vmas(d, task);
	if (!ret)
		ret = mm_collect(d, task);
	if (!ret)
		ret = files_collect(d, task);
	return ret;
}

/*
 * All processes are told of or none: identities of the module and the order of kcmp(2)
 * do not mix.
 */
static void tree_tell(struct dump *d)
{
	int ret = 0;

	array_for_each(&d->tasks, it) {
		if ((*it)->state == TASK_DEAD)
			continue;
		(*it)->asked_ns = ptrace_now_ns();
		ret = told_read(d->dev, (*it)->live_tid, &(*it)->told);
		if (ret && ret != -EOPNOTSUPP)
			log_warn("the module cannot be asked about pid %d: %s, continuing without "
				 "it", (*it)->pid, strerror(-ret));
		if (ret)
			break;
	}
	if (!ret)
		return;
	array_for_each(&d->tasks, it) {
		told_free((*it)->told);
		(*it)->told = NULL;
	}
	if (ret != -EOPNOTSUPP) {
		dev_close(d->dev);
		d->dev = NULL;
	}
}

int tree_collect(struct dump *d)
{
	int ret = tree_check_sessions(d);

	tree_tell(d);
	for (size_t i = 0; i < sizeof(sharings) / sizeof(sharings[0]) && !ret; i++)
		ret = sharing_resolve(d, &sharings[i]);
	for (size_t i = 0; i < d->tasks.nr && !ret; i++)
		ret = task_collect(d, d->tasks.items[i]);
	if (!ret)
		ret = mm_collect_end(d);
	if (!ret)
		ret = files_collect_end(d);
	if (!ret)
		ret = ns_collect_end(d);
	return ret;
}

/* ---- questions that only the tasks, or the module, can answer ---- */

static int task_timer_ids(struct dump *d, struct dump_task *task, struct timer_array *timers,
			  int **ret_ids)
{
	const struct asked asked = dump_asked(d, task);
	int ret = ask_timers(&asked, timers);

	if (ret)
		return ret;
	*ret_ids = calloc(timers->nr + 1, sizeof(int));
	if (!*ret_ids)
		return -ENOMEM;
	for (size_t i = 0; i < timers->nr; i++)
		(*ret_ids)[i] = timers->items[i].id;
	return 0;
}

/*
 * A leader that has ended becomes one that is about to: the restored thread makes
 * the same exit(2) again, with every signal blocked.
 */
static int leader_end_again(struct dump_task *task, uint64_t syscall_addr)
{
	struct dump_thread *t = &task->threads.items[0], *other = t + 1;

	t->regs = other->regs;
	t->regs.rip = syscall_addr;
	t->regs.rax = SYS_exit;
	t->regs.rdi = (unsigned int)task->exit_code >> 8;
	t->regs.orig_rax = (unsigned long long)-1;
	t->sigmask = ~0ull;
	t->xstate = malloc(other->xstate_len);
	t->facts = calloc(1, sizeof(*t->facts));
	if (!t->xstate || !t->facts)
		return -ENOMEM;
	memcpy(t->xstate, other->xstate, other->xstate_len);
	t->xstate_len = other->xstate_len;
	t->facts->sas_flags = SS_DISABLE;
	return 0;
}

static int inject_fill(struct dump_task *task, struct inject *in)
{
	in->threads = calloc(task->threads.nr, sizeof(*in->threads));
	if (!in->threads)
		return -ENOMEM;
	array_for_each(&task->threads, t) {
		if (t->ended)
			continue;
		t->facts = calloc(1, sizeof(*t->facts));
		if (!t->facts)
			return -ENOMEM;
		in->threads[in->nr_threads++] = (struct inject_thread){
			.tid = t->tid, .regs = &t->regs, .xstate = t->xstate,
			.xstate_len = t->xstate_len, .sigmask = t->sigmask,
			.sig_pending = t->status->sig_pending, .facts = t->facts,
		};
	}
	return 0;
}

static int task_ask(struct dump *d, struct dump_task *task, struct inject *in)
{
	int ret = inject_fill(task, in);

	task->asked_ns = ptrace_now_ns();
	if (!ret)
		ret = inject_run(in, &task->facts);
	task->resend_stop |= in->resend_stop;
	task->extra->has_mlock_future = in->mlock_future != 0;
	task->extra->mlock_future = in->mlock_future;
	if (!ret && task->threads.items[0].ended)
		ret = leader_end_again(task, in->syscall);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d: crctl cannot %s it", task->pid,
				  in->what);
	return 0;
}

/* By code in the process. */
static int task_inject(struct dump *d, struct dump_task *task, struct inject_cache *cache)
{
	const struct proc_status *st = task->threads.items[0].status;
	struct timer_array timers = { 0 };
	auto_free int *ids = NULL;
	struct inject in = { 0 };
	int ret = task_timer_ids(d, task, &timers, &ids);

	in = (struct inject){
		.pid = task->pid, .live_tid = task->live_tid, .proc_fd = task->proc_fd,
		.buf = d->buf, .vmas = task->vmas, .cache = cache,
		.locked_kb = st->locked_kb, .sig_caught = st->sig_caught,
		.sig_ignored = st->sig_ignored, .timer_ids = ids, .nr_timers = timers.nr,
		.deadline_ns = d->deadline_ns,
	};
	if (!ret)
		ret = task_ask(d, task, &in);
	free(in.threads);
	array_free(&timers);
	d->stats.nr_injected++;
	return ret;
}

/* By the module, which told it already. */
static int task_take_told(struct dump *d, struct dump_task *task, struct inject_cache *cache)
{
	struct inject in = { .live_tid = task->live_tid, .vmas = task->vmas, .cache = cache };
	int ret = facts_of_told(task->told, &task->facts);

	task->extra->mlock_future = task->told->task.mlock_future;
	task->extra->has_mlock_future = task->extra->mlock_future != 0;
	array_for_each(&task->threads, t) {
		if (t->ended || ret)
			continue;
		if (!t->told)
			return fail(d->ctx.err, -ESRCH, "pid %d: the module does not know its "
				    "thread %d; use --no-module", task->pid, t->tid);
		t->facts = calloc(1, sizeof(*t->facts));
		if (!t->facts)
			return -ENOMEM;
		thread_facts_of_told(t->told, t->facts);
	}
	if (!ret && task->threads.items[0].ended) {
		ret = inject_find_syscall(&in);
		ret = ret ? fail_errno(d->ctx.err, ret, "pid %d: crctl cannot %s it", task->pid,
				       in.what) : leader_end_again(task, in.syscall);
	}
	return ret;
}

int tree_ask(struct dump *d)
{
	struct inject_cache cache = { 0 };
	int ret = 0;

	for (size_t i = 0; i < d->tasks.nr && !ret; i++) {
		struct dump_task *task = d->tasks.items[i];

		if (task->state != TASK_DEAD)
			ret = task->told ? task_take_told(d, task, &cache)
					 : task_inject(d, task, &cache);
	}
	array_free(&cache);
	log_info("ran code in %u processes to ask them", d->stats.nr_injected);
	return ret;
}
