// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a dumped tree: all or none. A child of crctl stands by. Told to, it kills
 * every task, however soon crctl is killed after that; crctl does not wait for it, as a
 * task whose tracer is gone runs on and could fork before its turn comes. When crctl
 * ends without a word, the child gives the connections of the tree back to it.
 */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/tree.h"
#include "kapi/sys.h"
#include "net/net.h"

#define WORD_KILL "k"
#define WORD_DONE "d"

/* Reap as tracer. A zombie stays for its parent, so only live tasks are waited for. */
static void task_reap(struct dump_task *task)
{
	for (size_t i = task->threads.nr; i > 0; i--) {
		struct dump_thread *t = &task->threads.items[i - 1];
		int status;

		if (!t->seized)
			continue;
		while (waitpid(t->tid, &status, __WALL) == t->tid && WIFSTOPPED(status))
			;
		t->seized = false;
	}
}

static void kill_all(const struct dump *d)
{
	for (size_t i = 0; i < d->tasks.nr; i++)
		if (d->tasks.items[i]->threads.nr)
			(void)kill(d->tasks.items[i]->pid, SIGKILL);
}

static _Noreturn void standby_run(struct dump *d, int from)
{
	char word = 0;

	(void)setsid();	/* what a terminal sends to crctl is not for it */
	if (read(from, &word, 1) != 1)
		net_standby_undo(d);
	else if (word == *WORD_KILL)
		kill_all(d);
	_exit(0);
}

int tree_standby(struct dump *d)
{
	int go[2];
	pid_t pid;

	if (d->standby_pid)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go))
		return -errno;
	pid = sys_fork(d->inside);
	if (!pid) {
		close(go[1]);
		standby_run(d, go[0]);
	}
	close(go[0]);
	if (pid < 0) {
		close(go[1]);
		return -errno;
	}
	d->standby_pid = pid;
	d->standby_fd = go[1];
	return 0;
}

static void standby_tell(struct dump *d, const char *word)
{
	/* perhaps it was killed: then there is crctl itself */
	if (d->standby_pid)
		(void)!send(d->standby_fd, word, 1, MSG_NOSIGNAL);
}

void tree_standby_end(struct dump *d)
{
	int status;

	if (!d->standby_pid)
		return;
	standby_tell(d, WORD_DONE);
	while (waitpid(d->standby_pid, &status, 0) < 0 && errno == EINTR)
		;
	close(d->standby_fd);
	d->standby_pid = 0;
}

int tree_kill(struct dump *d)
{
	if (d->tasks.nr > 1)
		(void)tree_standby(d);	/* one task is killed at once, or not at all */
	standby_tell(d, WORD_KILL);
	kill_all(d);
	tree_standby_end(d);
	for (size_t i = d->tasks.nr; i > 0; i--)
		task_reap(d->tasks.items[i - 1]);
	return 0;
}
