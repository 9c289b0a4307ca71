// SPDX-License-Identifier: GPL-2.0
/*
 * A session with a controlling terminal: its leader, a group in the foreground and one in
 * the background, /dev/tty, and the keys that become signals.
 */
#include "kind.h"

#include <poll.h>
#include <termios.h>

static int master, slave, tty;
static pid_t leader, front, back;

static void ignore(int sig)
{
	(void)sig;
}

static void member(const char *name)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGWINCH, ignore);
	mark(name);
	while (!sigwait(&set, &sig)) {
		char text[32];

		snprintf(text, sizeof(text), "%s got %d", name, sig);
		mark(text);
	}
}

static void leader_check(void)
{
	struct stat st;

	await_mark("look");
	same(tcgetsid(slave), getpid(), "session of the terminal");
	same(tcgetpgrp(tty), front, "its foreground group, through /dev/tty");
	must(fstat(tty, &st));
	same(st.st_rdev, 0x500, "device of /dev/tty");
	same(must(write(tty, "through tty\n", 12)), 12, "bytes through /dev/tty");
	/* one that is in the background may not read */
	signal(SIGTTIN, SIG_IGN);
	same(read(slave, &st, 1), -1, "a read from the background");
	same(errno, EIO, "errno of that read");
	mark("looked");
	await_mark("over");
	kill(front, SIGKILL);
	kill(back, SIGKILL);
	child_wait(front);
	child_wait(back);
}

static void group_start(pid_t *ret_pid, const char *name)
{
	*ret_pid = must(fork());
	if (!*ret_pid) {
		setpgid(0, 0);
		member(name);
	}
	await_mark(name);
}

static void leader_main(void)
{
	must(setsid());
	must(ioctl(slave, TIOCSCTTY, 0));
	tty = must(open("/dev/tty", O_RDWR));
	group_start(&front, "front");
	group_start(&back, "back");
	signal(SIGTTOU, SIG_IGN);
	must(tcsetpgrp(slave, front));
	mark("leader");
	leader_check();
}

static void set_up(void)
{
	int unlock = 0;

	master = must(posix_openpt(O_RDWR | O_NOCTTY));
	must(ioctl(master, TIOCSPTLCK, &unlock));
	slave = must(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	leader = child_start(leader_main);
	must(close(slave));
	await_mark("leader");
}

static void check(void)
{
	struct winsize size = { .ws_row = 5, .ws_col = 6 };
	char buf[64];
	pid_t pgrp;

	mark("look");
	await_mark("looked");
	same(must(read(master, buf, sizeof(buf))), 13, "bytes shown");
	must(ioctl(master, TIOCGPGRP, &pgrp));
	same(tcgetsid(master), leader, "session, as the master sees it");
	must(write(master, "\3", 1));
	await_mark("front got 2");
	must(ioctl(master, TIOCSWINSZ, &size));
	await_mark("front got 28");
	same(marked("back got 2") || marked("back got 28"), 0, "signals of the background group");
	mark("over");
	child_done(leader);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "its dump finds no terminal for the group in the background",
};
