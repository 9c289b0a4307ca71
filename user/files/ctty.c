// SPDX-License-Identifier: GPL-2.0
/*
 * Controlling terminals at a restore: leaders take theirs, the foreground is set when all
 * groups exist, and a shell's job is handed crctl's own terminal.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "files/tty.h"

/* The leader of a session takes its terminal; children inherit it. */
int tty_session(struct restore *r)
{
	struct restore_task *t = r->self;
	int fd, ret;

	if (!t->ctty)
		return 0;
	ret = restore_file_open(r, t->ctty, &fd);
	if (!ret && ioctl(fd, TIOCSCTTY, 0))
		ret = fail_errno(r->ctx.err, -errno, "pid %u: taking its controlling terminal",
				 t->pid);
	return ret;
}

/* Also from the background, which SIGTTOU would stop. */
static int group_show(int fd, pid_t pgrp)
{
	sigset_t out, old;
	int ret;

	sigemptyset(&out);
	sigaddset(&out, SIGTTOU);
	sigprocmask(SIG_BLOCK, &out, &old);
	ret = ioctl(fd, TIOCSPGRP, &pgrp) ? -errno : 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	return ret;
}

int tty_foreground(struct restore *r)
{
	const struct restore_task *t = r->self;
	const struct restore_tty *tty = t->ctty ? t->ctty->data : NULL;
	int ret;

	/* the root, in the shell's session, as the restored shell job */
	if (!t->creator && r->shell_foreground && r->shell_tty->foreground)
		(void)group_show(r->shell_tty_fd, (pid_t)r->shell_tty->info->pgrp);
	if (!tty || !tty->foreground)
		return 0;
	ret = group_show(t->ctty->fd, (pid_t)tty->info->pgrp);
	return ret ? fail_errno(r->ctx.err, ret, "pid %u: making group %u the foreground of its "
				"terminal", t->pid, tty->info->pgrp) : 0;
}

/*
 * The shell's terminal is set up last, as it is not ours to leave behind changed. Its
 * size is what it is now: the program is told as by a resized window.
 */
void tty_finish(struct restore *r)
{
	const TtyInfoEntry *info = r->shell_tty ? r->shell_tty->info : NULL;
	struct winsize size = { 0 };

	if (!info)
		return;
	if (termios_set(r->shell_tty_fd, false, info->termios))
		log_warn("the settings of crctl's terminal: %s, continuing", strerror(errno));
	if (!info->winsize || !r->shell_tty->foreground ||
	    ioctl(r->shell_tty_fd, TIOCGWINSZ, &size) ||
	    (size.ws_row == info->winsize->ws_row && size.ws_col == info->winsize->ws_col))
		return;
	array_for_each(&r->tasks, tp) {
		if ((*tp)->pgid == info->pgrp && !(*tp)->helper && !(*tp)->dead)
			(void)kill((pid_t)(*tp)->pid, SIGWINCH);	/* it is there */
	}
}

void tty_undo(struct restore *r)
{
	if (r->shell_foreground && r->shell_tty_fd >= 0)
		(void)group_show(r->shell_tty_fd, getpgrp());	/* the shell does the same */
}

void tty_continue(struct restore *r)
{
	pid_t pgrp = (pid_t)r->tasks.items[0]->pgid;

	/* a job in crctl's own group was let go on with it */
	if (getpgid((pid_t)r->tasks.items[0]->pid) == getpgrp())
		return;
	if (r->shell_tty_fd >= 0 && tcgetpgrp(r->shell_tty_fd) == getpgrp())
		(void)group_show(r->shell_tty_fd, pgrp);	/* else in the background */
	(void)kill(-pgrp, SIGCONT);	/* or it was killed meanwhile */
}
