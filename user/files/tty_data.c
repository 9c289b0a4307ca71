// SPDX-License-Identifier: GPL-2.0
/*
 * What waits in a pair of terminals: taken out at a dump, put in there and at a restore.
 * Put in, it must not be edited, echoed or become signals again: the settings are others
 * for that moment. In canonical mode lines are read one by one, the unfinished one at
 * last with that mode off.
 */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "files/tty.h"

#define CHUNK 4096
#define DATA_MAX (1 << 20)	/* more than the kernel keeps */
#define STEP_NS 20000
#define STEPS_MAX 50000		/* a second */
/* Characters that mean something while data is put in. */
#define CHAR_EOF 4
#define CHAR_START 0x11
#define CHAR_STOP 0x13
#define CHAR_LITERAL 0x16

void pty_data_free(struct pty_data *data)
{
	free(data->in);
	free(data->out);
	free(data->lines);
	*data = (struct pty_data){ 0 };
}

static int bytes_add(char **buf, size_t *len, const char *more, size_t nr)
{
	char *grown;

	if (*len + nr > DATA_MAX)
		return -EOVERFLOW;
	grown = realloc(*buf, *len + nr + 1);
	if (!grown)
		return -ENOMEM;
	memcpy(grown + *len, more, nr);
	*buf = grown;
	*len += nr;
	return 0;
}

static int line_add(struct pty_data *data, const struct termios2 *t, const char *line, size_t len)
{
	uint32_t *grown = reallocarray(data->lines, data->nr_lines + 1, sizeof(*grown));
	cc_t last = len ? (cc_t)line[len - 1] : 0;
	bool ended = len && (last == '\n' || (last && last == t->c_cc[VEOL]) ||
			     (last && last == t->c_cc[VEOL2]));

	if (!grown)
		return -ENOMEM;
	data->lines = grown;
	grown[data->nr_lines++] = (uint32_t)len * 2 + !ended;
	return bytes_add(&data->in, &data->in_len, line, len);
}

/* Until nothing is there; the slave's descriptor does not block. */
static int slave_read(int slave, const struct termios2 *t, bool lines, struct pty_data *data)
{
	char buf[CHUNK];
	int ret = 0;

	while (!ret) {
		ssize_t n = read(slave, buf, sizeof(buf));

		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (!n && !lines)
			return 0;
		ret = lines ? line_add(data, t, buf, (size_t)n) :
			      bytes_add(&data->in, &data->in_len, buf, (size_t)n);
	}
	return ret;
}

static int input_take(int master, int slave, const struct termios2 *t, struct pty_data *data)
{
	struct termios2 raw = *t;
	int ret = slave_read(slave, t, t->c_lflag & ICANON, data);

	if (ret || !(t->c_lflag & ICANON))
		return ret;
	raw.c_lflag &= ~(tcflag_t)ICANON;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (ioctl(master, TCSETS2, &raw))
		return -errno;
	ret = slave_read(slave, t, false, data);
	if (ioctl(master, TCSETS2, t) && !ret)
		ret = -errno;
	return ret;
}

/* The master's descriptor may block: it is the program's own. */
static int output_take(int master, struct pty_data *data)
{
	struct pollfd pfd = { .fd = master, .events = POLLIN };
	char buf[CHUNK];
	int ret = 0;

	while (!ret && poll(&pfd, 1, 0) > 0 && pfd.revents & POLLIN) {
		ssize_t n = read(master, buf, sizeof(buf));

		if (n <= 0)
			return !n || errno == EIO || errno == EAGAIN ? 0 : -errno;
		ret = bytes_add(&data->out, &data->out_len, buf, (size_t)n);
	}
	return ret;
}

static bool slave_flows(int slave)
{
	struct pollfd pfd = { .fd = slave, .events = POLLOUT };

	return poll(&pfd, 1, 0) > 0 && pfd.revents & POLLOUT;
}

/* With the other direction empty there is room, unless output was stopped. */
static uint32_t flow_take(int slave)
{
	if (slave_flows(slave))
		return PTY_FLOWS;
	(void)ioctl(slave, TCXONC, TCOON);	/* does nothing to what a character stopped */
	return slave_flows(slave) ? PTY_STOPPED : PTY_STOPPED_BY_CHAR;
}

int pty_data_take(int master, int slave, struct pty_data *data)
{
	struct termios2 t;
	int ret;

	if (ioctl(master, TCGETS2, &t))
		return -errno;
	ret = input_take(master, slave, &t, data);
	if (!ret)
		ret = output_take(master, data);
	if (!ret)
		data->flow = flow_take(slave);
	return ret;
}

/* ---- and in again ---- */

static int bytes_write(int fd, const char *buf, size_t len)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };

	while (len) {
		ssize_t n;

		if (poll(&pfd, 1, 1000) <= 0)
			return -ENOSPC;
		n = write(fd, buf, len < CHUNK / 2 ? len : CHUNK / 2);
		if (n <= 0)
			return n ? -errno : -EIO;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

static bool step_wait(int *steps)
{
	if (*steps >= STEPS_MAX)
		return false;
	if ((*steps)++ > 4)
		nanosleep(&(struct timespec){ 0, STEP_NS }, NULL);
	return true;
}

/* The line discipline runs behind what was written (tty_buffer.c): wait for it. */
static int raw_put(int master, int slave, const struct pty_data *data)
{
	int want = data->in_len < CHUNK - 1 ? (int)data->in_len : CHUNK - 1, got = 0, steps = 0;
	int ret = bytes_write(master, data->in, data->in_len);

	while (!ret && got < want) {
		struct pollfd pfd = { .fd = slave, .events = POLLIN };

		(void)poll(&pfd, 1, 0);		/* which runs what is due */
		if (ioctl(slave, TIOCINQ, &got))
			return -errno;
		if (got < want && !step_wait(&steps))
			return -ETIMEDOUT;
	}
	return ret;
}

static bool char_is_special(const struct termios2 *t, char c)
{
	cc_t u = (cc_t)c;

	return u == '\n' || u == CHAR_EOF || u == CHAR_START || u == CHAR_STOP ||
	       u == CHAR_LITERAL || (u && (u == t->c_cc[VEOL] || u == t->c_cc[VEOL2]));
}

enum line_end { LINE_ENDED, LINE_EOF, LINE_OPEN };

/* A line, all of it literally but for the character that ends it. */
static int line_put(int master, const struct termios2 *t, const char *line, size_t len,
		    enum line_end how)
{
	char buf[2 * CHUNK + 2], eof = CHAR_EOF;
	size_t nr = 0;
	int ret = 0;

	for (size_t i = 0; i < len && !ret; i++) {
		bool end = how == LINE_ENDED && i + 1 == len;

		if (!end && char_is_special(t, line[i]))
			buf[nr++] = CHAR_LITERAL;
		buf[nr++] = line[i];
		if (nr >= CHUNK) {
			ret = bytes_write(master, buf, nr);
			nr = 0;
		}
	}
	if (!ret)
		ret = bytes_write(master, buf, nr);
	return ret || how != LINE_EOF ? ret : bytes_write(master, &eof, 1);
}

/* A STOP character at the end shows, by what it does, that all before it was taken in. */
static int lines_settle(int master, int slave)
{
	char stop = CHAR_STOP;
	int steps = 0, ret = bytes_write(master, &stop, 1);

	while (!ret && slave_flows(slave)) {
		if (!step_wait(&steps))
			return -ETIMEDOUT;
	}
	return ret;
}

static int lines_put(int master, int slave, const struct termios2 *t, const struct pty_data *data)
{
	size_t at = 0;
	int ret = 0;

	for (size_t i = 0; i < data->nr_lines && !ret; i++) {
		size_t len = data->lines[i] / 2;

		if (len > data->in_len - at)
			return -EINVAL;
		ret = line_put(master, t, data->in + at, len,
			       data->lines[i] & 1 ? LINE_EOF : LINE_ENDED);
		at += len;
	}
	if (!ret)
		ret = line_put(master, t, data->in + at, data->in_len - at, LINE_OPEN);
	return ret ? ret : lines_settle(master, slave);
}

static void termios_plain(struct termios2 *t)
{
	static const int none[] = { VERASE, VKILL, VWERASE, VREPRINT };
	bool lines = t->c_lflag & ICANON;

	t->c_iflag = lines ? IXON : 0;
	t->c_oflag = 0;
	t->c_lflag = lines ? ICANON | IEXTEN : 0;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		t->c_cc[none[i]] = 0;
	t->c_cc[VSTART] = CHAR_START;
	t->c_cc[VSTOP] = CHAR_STOP;
	if (!lines)
		return;
	t->c_cc[VEOF] = CHAR_EOF;
	t->c_cc[VLNEXT] = CHAR_LITERAL;
}

static int flow_put(int master, int slave, const struct termios2 *t, uint32_t flow)
{
	char stop = (char)t->c_cc[VSTOP];
	int steps = 0, ret;

	if (flow == PTY_FLOWS)
		return 0;
	if (flow == PTY_STOPPED)
		return ioctl(slave, TCXONC, TCOOFF) ? -errno : 0;
	if (!(t->c_iflag & IXON) || !stop)
		return 0;	/* no character can have stopped it */
	ret = bytes_write(master, &stop, 1);
	while (!ret && slave_flows(slave)) {
		if (!step_wait(&steps))
			return -ETIMEDOUT;
	}
	return ret;
}

int pty_data_put(int master, int slave, const struct pty_data *data)
{
	struct termios2 t, plain;
	int ret = 0;

	if (!data->in_len && !data->nr_lines && !data->out_len && !data->flow)
		return 0;
	if (ioctl(master, TCGETS2, &t))
		return -errno;
	plain = t;
	termios_plain(&plain);
	if (ioctl(master, TCSETS2, &plain))
		return -errno;
	if (t.c_lflag & ICANON)
		ret = lines_put(master, slave, &plain, data);
	else
		ret = raw_put(master, slave, data);
	/* without IXON the stop at the end is over */
	plain.c_iflag = 0;
	if (ioctl(master, TCSETS2, &plain) && !ret)
		ret = -errno;
	if (!ret)
		ret = bytes_write(slave, data->out, data->out_len);
	if (ioctl(master, TCSETS2, &t) && !ret)
		ret = -errno;
	return ret ? ret : flow_put(master, slave, &t, data->flow);
}
