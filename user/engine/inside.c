// SPDX-License-Identifier: GPL-2.0
/*
 * A dump of a tree with namespaces of its own is done by a child of crctl inside of
 * them: there every PID, path, host name and socket is what the tree sees and the
 * images must say, and nothing has to be translated. Mounts are a private copy of the
 * tree's, so that a fresh /proc can lie on them. What concerns the world outside comes
 * back through a socket: action scripts, and the end of the namespace's init. The child
 * dies with crctl, and the kernel then lets the tree go on.
 */
#include "engine/inside.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/action.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"
#include "ns/mnt.h"
#include "ns/ns.h"

/* requests that are no actions of a script */
#define ACTION_KILL "kill"
#define ACTION_REPORT "report"

struct inside {
	struct err err;		/* shared memory */
	int ret;
	bool done;
	struct common_options opts;
	int sockets[2];		/* the caller's end, the child's */
	pid_t pid;		/* as the caller knows it */
};

struct inside_request {
	char action[32];
	char text[1024];	/* of a report */
};

struct err *inside_err(struct inside *in)
{
	return &in->err;
}

const struct common_options *inside_options(struct inside *in)
{
	return &in->opts;
}

/* ---- the child ---- */

/* Ask the caller to do something, and wait until it has. */
static int inside_ask(struct inside *in, const char *action, const char *text, int fd)
{
	struct inside_request q = { 0 };
	int ret;

	snprintf(q.action, sizeof(q.action), "%s", action);
	snprintf(q.text, sizeof(q.text), "%s", text);
	ret = sys_send_fd(in->sockets[1], &q, sizeof(q), fd);
	if (!ret && recv(in->sockets[1], &ret, sizeof(ret), 0) != sizeof(ret))
		ret = -ECONNRESET;
	return ret;
}

static int inside_notify(void *arg, const char *action, pid_t pid, int fd)
{
	return inside_ask(arg, action, "", fd);
}

int inside_kill(struct inside *in)
{
	in->done = true;
	return inside_ask(in, ACTION_KILL, "", -1);
}

void inside_report(void *arg, const char *sentence)
{
	(void)inside_ask(arg, ACTION_REPORT, sentence, -1);
}

static int ns_enter(struct inside *in, int ns_dir, const struct ns_kind *k)
{
	auto_close int fd = openat(ns_dir, k->name, O_RDONLY | O_CLOEXEC);
	long elapsed = log_elapsed();

	if (fd < 0 || setns(fd, k->clone_flag))
		return fail_errno(&in->err, -errno, "pid %d: joining its %s namespace", in->pid,
				  k->name);
	if (k->type == NS_TIME)
		log_set_elapsed(elapsed);
	return 0;
}

/* The child's own mounts, with the /proc of the PID namespace that it is in. */
static int proc_mount(struct inside *in)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return fail_errno(&in->err, -errno, "pid %d: a copy of its mounts", in->pid);
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return fail_errno(&in->err, -errno, "pid %d: mounting /proc inside its namespaces",
				  in->pid);
	return 0;
}

static int inside_enter(struct inside *in, const struct ns_table *ns, int ns_dir)
{
	for (int i = 0; i < NS_NR; i++) {
		const struct ns_kind *k = ns_kinds[i];
		int ret;

		/* the PID namespace came with the fork; a kind that is refused is only looked at */
		if (!(ns->flags & (uint32_t)k->clone_flag) || i == NS_PID || !k->dump)
			continue;
		ret = ns_enter(in, ns_dir, k);
		if (ret)
			return ret;
	}
	return proc_mount(in);
}

/* As the last member of NSpid in its status says. */
static pid_t inside_pid(const struct inside *in, const struct ns_table *ns)
{
	char path[64], line[512];
	auto_fclose FILE *f = NULL;
	pid_t pid = in->pid;

	if (!(ns->flags & CLONE_NEWPID))
		return pid;
	snprintf(path, sizeof(path), "/proc/%d/status", in->pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		char *last = strrchr(line, '\t');

		if (!strncmp(line, "NSpid:", 6) && last)
			pid = atoi(last + 1);
	}
	return pid;
}

struct inside_job {
	struct inside *in;
	const struct ns_table *ns;
	int ns_dir, alive_fd, tree_fd;
	void (*report)(void *arg, const char *sentence);
	void *report_arg;
	pid_t pid;
	int (*fn)(void *arg, struct inside *in, pid_t pid);
	void *arg;
};

static void __attribute__((noreturn)) inside_main(const struct inside_job *job)
{
	struct pollfd alive = { .fd = job->alive_fd, .events = POLLIN };
	struct inside *in = job->in;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&alive, 1, 0))
		_exit(1);	/* crctl is gone already */
	in->ret = inside_enter(in, job->ns, job->ns_dir);
	if (!in->ret)
		in->ret = job->fn(job->arg, in, job->pid);
	in->done = true;
	_exit(0);
}

/* ---- the caller ---- */

/* Do what the child asks for until it is gone. *ret_killed: the tree's init was ended. */
static int inside_serve(struct inside_job *job, const struct common_options *opts, struct err *err,
			bool *ret_killed)
{
	struct inside *in = job->in;
	struct inside_request q;
	int fd, ret = 0;

	while (sys_recv_fd(in->sockets[0], &q, sizeof(q), &fd) == 0) {
		if (!strcmp(q.action, ACTION_KILL)) {
			*ret_killed = true;
			return kill(in->pid, SIGKILL) ? -errno : 0;
		}
		if (!strcmp(q.action, ACTION_REPORT)) {
			job->report(job->report_arg, q.text);
			ret = 0;
		} else {
			ret = action_run(err, opts, q.action, in->pid, fd);
		}
		if (fd >= 0)
			close(fd);
		(void)!send(in->sockets[0], &ret, sizeof(ret), MSG_NOSIGNAL);
	}
	return ret;
}

static int inside_start(struct inside_job *job, bool own_pids, pid_t *ret_child)
{
	auto_close int pid_ns = -1, old = -1;
	pid_t child;

	if (own_pids) {
		old = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
		pid_ns = openat(job->ns_dir, "pid", O_RDONLY | O_CLOEXEC);
		if (old < 0 || pid_ns < 0 || setns(pid_ns, CLONE_NEWPID))
			return -errno;
	}
	child = fork();
	if (!child) {
		close(job->in->sockets[0]);
		inside_main(job);
	}
	if (child < 0)
		return -errno;
	if (own_pids && setns(old, CLONE_NEWPID))
		log_warn("PID namespace cannot be left: %s, continuing", strerror(errno));
	*ret_child = child;
	return 0;
}

static int inside_result(struct inside *in, struct err *err, pid_t pid, bool killed, int status)
{
	if (killed && in->done)
		return 0;
	if (!in->done)
		return err->ret	     ? err->ret
		       : in->err.ret ? fail(err, in->err.ret, "%s", in->err.text)
				     : fail(err, -ECHILD,
					    "pid %d: the child that dumps it from inside its "
					    "namespaces was ended (%d)",
					    pid, status);
	if (!in->ret)
		return 0;
	if (!err->ret)
		*err = in->err;
	return in->ret;
}

static int tree_wait_gone(int pidfd)
{
	struct pollfd gone = { .fd = pidfd, .events = POLLIN };
	int ret;

	/* the init waits for all of its namespace, also for those that were made beside the child
	 */
	do {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		ret = poll(&gone, 1, 5);
	} while (!ret || (ret < 0 && errno == EINTR));
	return ret < 0 ? -errno : 0;
}

static int inside_watch(struct inside_job *job, const struct common_options *opts, struct err *err)
{
	bool killed = false;
	int status = 0, ret;
	pid_t child = -1;

	ret = inside_start(job, job->ns->flags & CLONE_NEWPID, &child);
	close(job->in->sockets[1]);
	if (ret)
		return fail_errno(err, ret, "pid %d: a child inside its namespaces", job->in->pid);
	ret = inside_serve(job, opts, err, &killed);
	/* the init waits for all of its namespace, and so for this child to be reaped */
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (killed && !ret)
		ret = tree_wait_gone(job->tree_fd);
	if (ret && killed)
		return fail_errno(err, ret, "pid %d cannot be ended", job->in->pid);
	return inside_result(job->in, err, job->in->pid, killed, status);
}

int inside_run(const struct common_options *opts, struct err *err, const struct ns_table *ns,
	       pid_t pid, int (*fn)(void *arg, struct inside *in, pid_t pid), void *arg,
	       void (*report)(void *arg, const char *sentence), void *report_arg)
{
	struct inside *in = mmap(NULL, sizeof(*in), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct inside_job job = { .in = in, .ns = ns, .fn = fn, .arg = arg, .report = report,
				  .report_arg = report_arg };
	char path[64];
	int ret;

	if (in == MAP_FAILED)
		return fail_errno(err, -errno, "shared memory");
	in->opts = *opts;
	in->opts.action_script = NULL;
	in->opts.notify = inside_notify;
	in->opts.notify_arg = in;
	in->pid = pid;
	in->sockets[0] = -1;
	snprintf(path, sizeof(path), "/proc/%d/ns", pid);
	job.ns_dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	job.alive_fd = sys_pidfd_open(getpid());
	job.tree_fd = sys_pidfd_open(pid);
	job.pid = inside_pid(in, ns);
	if (job.ns_dir < 0 || job.alive_fd < 0 || job.tree_fd < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, in->sockets))
		ret = fail_errno(err, -errno, "pid %d: its namespaces", pid);
	else
		ret = inside_watch(&job, opts, err);
	if (in->sockets[0] >= 0)
		close(in->sockets[0]);
	if (job.ns_dir >= 0)
		close(job.ns_dir);
	if (job.alive_fd >= 0)
		close(job.alive_fd);
	if (job.tree_fd >= 0)
		close(job.tree_fd);
	munmap(in, sizeof(*in));
	return ret;
}
