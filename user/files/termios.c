// SPDX-License-Identifier: GPL-2.0
/*
 * Settings of a terminal: struct termios2, which has any speed, and which of the
 * settings are locked (TIOCGLCKTRMIOS). Through a pty's master both are the slave's.
 * The images have the control characters four to a word, as CRIU lays them out.
 */
#include <asm/termbits.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "files/tty.h"

static void termios_fill(const struct termios2 *t, TermiosEntry *e, uint32_t *cc)
{
	termios_entry__init(e);
	e->c_iflag = t->c_iflag;
	e->c_oflag = t->c_oflag;
	e->c_cflag = t->c_cflag;
	e->c_lflag = t->c_lflag;
	e->c_line = t->c_line;
	e->c_ispeed = t->c_ispeed;
	e->c_ospeed = t->c_ospeed;
	memset(cc, 0, TTY_NR_CC * sizeof(*cc));
	memcpy(cc, t->c_cc, TTY_NR_CC);
	e->c_cc = cc;
	e->n_c_cc = TTY_NR_CC;
}

int termios_get(int fd, bool locked, TermiosEntry *e, uint32_t *cc)
{
	struct termios2 t = { 0 };
	struct termios old = { 0 };

	if (!locked) {
		if (ioctl(fd, TCGETS2, &t))
			return -errno;
	} else {
		/* there is no locked form of the newer struct, and speeds cannot be locked */
		if (ioctl(fd, TIOCGLCKTRMIOS, &old))
			return -errno;
		memcpy(&t, &old, sizeof(old));
	}
	termios_fill(&t, e, cc);
	return 0;
}

int termios_set(int fd, bool locked, const TermiosEntry *e)
{
	struct termios2 t = {
		.c_iflag = e->c_iflag, .c_oflag = e->c_oflag, .c_cflag = e->c_cflag,
		.c_lflag = e->c_lflag, .c_line = (cc_t)e->c_line, .c_ispeed = e->c_ispeed,
		.c_ospeed = e->c_ospeed,
	};
	struct termios old;

	memcpy(t.c_cc, e->c_cc, TTY_NR_CC);
	if (!locked)
		return ioctl(fd, TCSETS2, &t) ? -errno : 0;
	memcpy(&old, &t, sizeof(old));
	return ioctl(fd, TIOCSLCKTRMIOS, &old) ? -errno : 0;
}
