// SPDX-License-Identifier: GPL-2.0
/* A pair of terminals: settings, size, owner, and what waits in both directions. */
#include "kind.h"

#include <termios.h>

static int master, slave, again;
static unsigned int number;

static void set_up(void)
{
	struct winsize size = { .ws_row = 33, .ws_col = 99, .ws_xpixel = 7, .ws_ypixel = 8 };
	int unlock = 0;
	struct termios t;
	char name[32];

	master = must(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	must(ioctl(master, TIOCSPTLCK, &unlock));
	must(ioctl(master, TIOCGPTN, &number));
	snprintf(name, sizeof(name), "/dev/pts/%u", number);
	slave = must(open(name, O_RDWR | O_NOCTTY));
	again = must(open(name, O_RDWR | O_NOCTTY | O_NONBLOCK));
	must(ioctl(slave, TIOCSWINSZ, &size));
	must(tcgetattr(slave, &t));
	t.c_lflag &= ~(unsigned int)(ICANON | ECHO);
	t.c_cc[VINTR] = 7;
	t.c_cc[VMIN] = 3;
	must(tcsetattr(slave, TCSANOW, &t));
	must(fchown(slave, 65534, 5));
	must(write(master, "typed\r", 6));
	must(write(slave, "shown!", 6));
	sleep_ms(5);
}

static void check_settings(void)
{
	struct winsize size;
	struct termios t;
	struct stat st;

	must(ioctl(slave, TIOCGWINSZ, &size));
	same(size.ws_row, 33, "rows");
	same(size.ws_col, 99, "columns");
	same(size.ws_ypixel, 8, "height in pixels");
	must(tcgetattr(slave, &t));
	same(t.c_lflag & (ICANON | ECHO), 0, "canonical mode and echo");
	same(t.c_lflag & ISIG, ISIG, "signals");
	same(t.c_cc[VINTR], 7, "interrupt character");
	same(t.c_cc[VMIN], 3, "VMIN");
	same(cfgetospeed(&t), B38400, "speed");
	must(fstat(slave, &st));
	same(st.st_uid, 65534, "owner");
	same(st.st_gid, 5, "group");
}

static void check(void)
{
	unsigned int now;
	char buf[64];

	must(ioctl(master, TIOCGPTN, &now));
	same(now, number, "number of the terminal");
	check_settings();
	same(must(read(slave, buf, sizeof(buf))), 6, "bytes typed");
	if (memcmp(buf, "typed\n", 6))
		fail("other bytes were typed");
	same(must(read(master, buf, sizeof(buf))), 6, "bytes shown");
	if (memcmp(buf, "shown!", 6))
		fail("other bytes were shown");
	same(read(again, buf, sizeof(buf)), -1, "a read where nothing waits");
	same(errno, EAGAIN, "errno of that read");
	/* the kernel shows O_CLOEXEC for all descriptors of a file that has it in its flags */
	same(must(fcntl(slave, F_GETFL)) & (O_ACCMODE | O_NONBLOCK | O_CLOEXEC), O_RDWR, "flags");
	same(must(fcntl(slave, F_GETFD)), 0, "close-on-exec");
	same(must(fcntl(again, F_GETFL)) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK,
	     "other flags");
	must(write(master, "abc", 3));
	same(must(read(slave, buf, sizeof(buf))), 3, "bytes through the pair");
	must(close(slave));
	must(close(again));
	same(read(master, buf, sizeof(buf)), -1, "a read when the slave is closed");
	same(errno, EIO, "errno of that read");
}

const struct kind kind = { .set_up = set_up, .check = check };
