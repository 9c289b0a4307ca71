/* SPDX-License-Identifier: GPL-2.0 */
/* What the files about terminals share: tty.c, pty.c, tty_data.c, termios.c. */
#ifndef CRCTL_FILES_TTY_H
#define CRCTL_FILES_TTY_H

#include "files/files.h"
#include "image/crctl.pb-c.h"
#include "image/tty.pb-c.h"

#define TTY_NR_CC 19		/* NCCS of the kernel */
#define TTY_MAJOR_ALT 5		/* /dev/tty, /dev/console, /dev/ptmx */
#define PTY_MAJOR 136
#define PTY_INDEX_MAX 1048575

/* One terminal of a dump; of a pair, each end is one. */
struct tty {
	TtyInfoEntry info;
	TermiosEntry termios, locked;
	WinsizeEntry winsize;
	TtyPtyEntry pty;
	uint32_t cc[TTY_NR_CC], cc_locked[TTY_NR_CC];
	struct dump_task *task;	/* who holds it open, by this descriptor */
	int fd;
	dev_t dev;		/* of its devpts */
	uint32_t real;		/* TIOCGDEV, which is the slave's for either end */
	bool master;
	bool hung;		/* its master was closed */
	bool in_session;	/* a master whose slave is a controlling terminal */
	bool shell;		/* the shell's, with --shell-job */
	bool twin;		/* a master of another devpts has the same number */
	bool slave_closed;	/* a master whose slaves were all closed */
	uint32_t mode;		/* permissions of the slave's node */
	struct tty *pair;	/* the other end, if the tree has it */
	struct pty_data *data;	/* of a master: what waits in the pair */
};

/* What waits in a pair of terminals. */
struct pty_data {
	char *in, *out;		/* to be read from the slave; from the master */
	size_t in_len, out_len;
	/* in canonical mode, of each line its length twice, plus 1 where an EOF ends it */
	uint32_t *lines;
	size_t nr_lines;
	uint32_t flow;		/* enum pty_flow */
};

/* Output of the slave: goes on, or was stopped by tcflow(3) or the STOP character. */
enum pty_flow { PTY_FLOWS, PTY_STOPPED, PTY_STOPPED_BY_CHAR };

/* termios.c: settings as the image has them. @cc has room for TTY_NR_CC. 0 or -errno. */
int termios_get(int fd, bool locked, TermiosEntry *e, uint32_t *cc);
int termios_set(int fd, bool locked, const TermiosEntry *e);

/* tty_data.c: take all that waits, put it in again. Nobody else may use the pair meanwhile. */
int pty_data_take(int master, int slave, struct pty_data *data);
int pty_data_put(int master, int slave, const struct pty_data *data);
void pty_data_free(struct pty_data *data);

/* tty_drain.c: take and put back for all masters, by a process that does not end with crctl. */
int pty_data_dump(struct dump *d);

/* tty_pairs.c: the kind's collect_end and plan. */
int tty_collect_end(struct dump *d);
int tty_plan(struct restore *r);

/* pty.c: make the pair that @file is an end of, and all descriptions of its ends. */
int pty_restore(struct restore *r, struct restore_file *file, int *ret_fd);
/* A slave whose master tty_orphan_restore() has made. */
int pty_restore_orphan(struct restore *r, const struct restore_file *file, int *ret_fd);
/* A slave whose master is closed. */
int pty_restore_hung(struct restore *r, const struct restore_file *file, int *ret_fd);

#endif
