// SPDX-License-Identifier: GPL-2.0
/*
 * What waits in a pair of terminals. The kernel shows it to nobody but a reader, so it
 * is read and written back at once, while the tree stands still, by a process that does
 * not end with crctl. Written back, it must not be edited, echoed or become signals
 * again: the settings are others for that moment. In canonical mode lines are read one
 * by one, the unfinished one at last with that mode off.
 */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "files/tty.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"

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

/* ---- at a dump ---- */

struct answer {			/* what the helper tells of one pair; then the bytes */
	int ret;
	uint32_t flow;
	size_t in_len, out_len, nr_lines;
};

static int pair_turn(int master, const struct tty *m, struct pty_data *data)
{
	int zero = 0, one = 1, put, ret = 0;
	auto_close int slave = -1;

	if (m->info.locked && ioctl(master, TIOCSPTLCK, &zero))
		return -errno;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (slave < 0)
		ret = -errno;
	if (!ret && m->info.packet_mode && ioctl(master, TIOCPKT, &zero))
		ret = -errno;
	if (!ret)
		ret = pty_data_take(master, slave, data);
	/* what was taken goes back whatever happened */
	put = slave < 0 ? 0 : pty_data_put(master, slave, data);
	if (m->info.packet_mode)
		(void)ioctl(master, TIOCPKT, &one);
	if (m->info.locked)
		(void)ioctl(master, TIOCSPTLCK, &one);
	return ret ? ret : put;
}

static int all_write(int fd, const void *buf, size_t len)
{
	while (len) {
		ssize_t n = write(fd, buf, len);

		if (n <= 0)
			return -EPIPE;
		buf = (const char *)buf + n;
		len -= (size_t)n;
	}
	return 0;
}

static int all_read(int fd, void *buf, size_t len)
{
	while (len) {
		ssize_t n = read(fd, buf, len);

		if (n <= 0)
			return -EPIPE;
		buf = (char *)buf + n;
		len -= (size_t)n;
	}
	return 0;
}

static int answer_write(int fd, const struct answer *a, const struct pty_data *data)
{
	int ret = all_write(fd, a, sizeof(*a));

	if (!ret)
		ret = all_write(fd, data->in, data->in_len);
	if (!ret)
		ret = all_write(fd, data->out, data->out_len);
	return ret ? ret : all_write(fd, data->lines, data->nr_lines * sizeof(*data->lines));
}

static int answer_read(int fd, struct answer *a, struct pty_data *data)
{
	int ret = all_read(fd, a, sizeof(*a));

	if (ret)
		return ret;
	data->in = malloc(a->in_len + 1);
	data->out = malloc(a->out_len + 1);
	data->lines = calloc(a->nr_lines + 1, sizeof(*data->lines));
	if (!data->in || !data->out || !data->lines)
		return -ENOMEM;
	data->in_len = a->in_len;
	data->out_len = a->out_len;
	data->nr_lines = a->nr_lines;
	data->flow = a->flow;
	ret = all_read(fd, data->in, data->in_len);
	if (!ret)
		ret = all_read(fd, data->out, data->out_len);
	return ret ? ret : all_read(fd, data->lines, data->nr_lines * sizeof(*data->lines));
}

/* Each pair is whole again before anything is told: then crctl may be gone. */
static void __attribute__((noreturn)) helper_run(const struct dump *d, int fd)
{
	array_for_each(&d->files->ttys, it) {
		const struct tty *m = *it;
		struct pty_data data = { 0 };
		struct answer a = { 0 };
		int master;

		if (!m->data)
			continue;
		master = sys_pidfd_getfd(m->task->pidfd, m->fd);
		a.ret = master < 0 ? master : pair_turn(master, m, &data);
		a.flow = data.flow;
		a.in_len = data.in_len;
		a.out_len = data.out_len;
		a.nr_lines = data.nr_lines;
		if (answer_write(fd, &a, &data))
			break;
		pty_data_free(&data);
		close(master);
	}
	_exit(0);
}

static int answers_collect(struct dump *d, int fd)
{
	int ret = 0;

	for (size_t i = 0; i < d->files->ttys.nr && !ret; i++) {
		struct tty *m = d->files->ttys.items[i];
		struct answer a = { 0 };

		if (!m->data)
			continue;
		ret = answer_read(fd, &a, m->data);
		if (!ret)
			ret = a.ret;
		if (ret)
			fail_errno(d->ctx.err, ret, "pid %d fd %d: what waits in the terminal "
				   "/dev/pts/%u cannot be read", m->task->pid, m->fd, m->pty.index);
	}
	return ret;
}

/* Not one whose slave was never opened: a look would count as the first open and close. */
static int datas_alloc(struct dump *d, bool *ret_any)
{
	array_for_each(&d->files->ttys, it) {
		struct tty *m = *it;

		if (!m->master || (!m->pair && !m->slave_closed))
			continue;
		m->data = calloc(1, sizeof(*m->data));
		if (!m->data)
			return -ENOMEM;
		*ret_any = true;
	}
	return 0;
}

int pty_data_dump(struct dump *d)
{
	bool any = false;
	int ends[2], ret = datas_alloc(d, &any);
	sigset_t all, old;
	pid_t pid;

	if (ret || !any)
		return ret;
	if (pipe2(ends, O_CLOEXEC))
		return fail_errno(d->ctx.err, -errno, "pipe2(2)");
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	pid = fork();
	if (!pid) {
		close(ends[0]);
		setsid();
		helper_run(d, ends[1]);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(ends[1]);
	ret = pid < 0 ? fail_errno(d->ctx.err, -errno, "fork(2)") : answers_collect(d, ends[0]);
	close(ends[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return ret;
}
