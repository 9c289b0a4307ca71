// SPDX-License-Identifier: GPL-2.0
/* Packet and exclusive mode, a lock on settings, closed slaves and masters, stopped output. */
#include "kind.h"

#include <poll.h>
#include <termios.h>

static int packet, packet_slave, closed, orphan, stopped, stopped_slave, quiet, quiet_slave;

static int pair_open(int *ret_slave)
{
	int fd = must(posix_openpt(O_RDWR | O_NOCTTY)), unlock = 0;

	must(ioctl(fd, TIOCSPTLCK, &unlock));
	*ret_slave = must(ioctl(fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK));
	return fd;
}

static void set_up(void)
{
	struct termios t = { 0 };
	int on = 1, fd;

	packet = pair_open(&packet_slave);
	must(ioctl(packet, TIOCPKT, &on));
	must(ioctl(packet_slave, TIOCEXCL));
	t.c_lflag = ECHO;
	must(ioctl(packet_slave, TIOCSLCKTRMIOS, &t));
	must(fchmod(packet_slave, 0606));
	must(write(packet_slave, "abc", 3));
	closed = pair_open(&fd);
	must(write(fd, "last words", 10));
	close(fd);
	fd = pair_open(&orphan);
	close(fd);
	stopped = pair_open(&stopped_slave);
	must(write(stopped_slave, "shown", 5));
	must(tcflow(stopped_slave, TCOOFF));
	quiet = pair_open(&quiet_slave);
	must(write(quiet, "\23", 1));
	sleep_ms(5);
}

static bool flows(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };

	return poll(&pfd, 1, 0) == 1 && pfd.revents & POLLOUT;
}

static void check_packet(void)
{
	struct termios t, locked = { 0 };
	struct stat st;
	int on = 0;
	char buf[16];

	must(ioctl(packet, TIOCGPKT, &on));
	same(on, 1, "packet mode");
	same(must(read(packet, buf, sizeof(buf))), 4, "bytes in packet mode");
	if (memcmp(buf, "\0abc", 4))
		fail("other bytes in packet mode");
	must(ioctl(packet_slave, TIOCGEXCL, &on));
	same(on, 1, "exclusive mode");
	must(ioctl(packet_slave, TIOCGLCKTRMIOS, &locked));
	same(locked.c_lflag, ECHO, "locked settings");
	must(fstat(packet_slave, &st));
	same(st.st_mode & 0777, 0606, "permissions");
	must(tcgetattr(packet_slave, &t));
	t.c_iflag &= ~(unsigned int)IXON;
	must(tcsetattr(packet_slave, TCSANOW, &t));
	same(must(read(packet, buf, sizeof(buf))), 1, "bytes of news in packet mode");
	same(buf[0], TIOCPKT_NOSTOP, "news in packet mode");
}

static void check_flow(void)
{
	char buf[16];

	same(flows(stopped_slave), 0, "output that was stopped goes on");
	same(must(read(stopped, buf, sizeof(buf))), 5, "bytes shown before the stop");
	must(tcflow(stopped_slave, TCOON));
	same(flows(stopped_slave), 1, "output that was let go on");
	same(flows(quiet_slave), 0, "output that ^S stopped goes on");
	must(tcflow(quiet_slave, TCOON));
	same(flows(quiet_slave), 0, "tcflow let go on what ^S stopped");
	must(write(quiet, "\21", 1));
	sleep_ms(5);
	same(flows(quiet_slave), 1, "output after ^Q");
}

static void check(void)
{
	char buf[16];

	check_packet();
	same(must(read(closed, buf, sizeof(buf))), 10, "bytes from a slave that is closed");
	same(read(closed, buf, sizeof(buf)), -1, "a read with the slave closed");
	same(errno, EIO, "errno of that read");
	same(read(orphan, buf, sizeof(buf)), 0, "a read with the master closed");
	same(write(orphan, "x", 1), -1, "a write with the master closed");
	same(errno, EIO, "errno of that write");
	check_flow();
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "loses that output was stopped, and locks of settings",
};
