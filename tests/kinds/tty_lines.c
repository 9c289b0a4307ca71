// SPDX-License-Identifier: GPL-2.0
/* Lines that wait in canonical mode, one unfinished, one ended by EOF; echo is not repeated. */
#include "kind.h"

#include <termios.h>

static int master, slave;

static int pair_open(int *ret_slave)
{
	int fd = must(posix_openpt(O_RDWR | O_NOCTTY)), unlock = 0;

	must(ioctl(fd, TIOCSPTLCK, &unlock));
	*ret_slave = must(ioctl(fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK));
	return fd;
}

static void set_up(void)
{
	/* two lines, one ended by ^D, an empty ^D, a literal ^C, then the beginning of one */
	static const char typed[] = "one\rtwo\rno newline\4\4lit\26\3eral\rbeg";

	master = pair_open(&slave);
	must(write(master, typed, sizeof(typed) - 1));
	sleep_ms(5);
}

static void line_is(const char *want, const char *what)
{
	char buf[64];
	ssize_t n = read(slave, buf, sizeof(buf));

	if (n < 0)
		fail("%s: %s", what, strerror(errno));
	same(n, strlen(want), "length of %s", what);
	if (memcmp(buf, want, strlen(want)))
		fail("%s: other bytes", what);
}

static void check(void)
{
	static const char echo[] = "one\r\ntwo\r\nno newlinelit^\b^C" "eral\r\nbeg";
	char buf[256];
	ssize_t n;

	line_is("one\n", "the first line");
	line_is("two\n", "the second line");
	line_is("no newline", "the line that EOF ended");
	line_is("", "the end of file");
	line_is("lit\3eral\n", "the line with a literal character");
	same(read(slave, buf, sizeof(buf)), -1, "a read of an unfinished line");
	same(errno, EAGAIN, "errno of that read");
	/* the erase character works on what was typed before */
	must(write(master, "\177\177ye\r", 5));
	sleep_ms(5);
	line_is("bye\n", "the line that was finished later");
	n = must(read(master, buf, sizeof(buf)));
	if (n < (ssize_t)sizeof(echo) - 1 || memcmp(buf, echo, sizeof(echo) - 1))
		fail("the echo is %.*s", (int)n, buf);
	same(n, sizeof(echo) - 1 + 6 + 4, "length of the echo");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "lines that wait are one after it, and their ends at EOF are lost",
};
