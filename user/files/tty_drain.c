// SPDX-License-Identifier: GPL-2.0
/*
 * What waits in terminals, at a dump. The kernel shows it to nobody but a reader, so it
 * is read and written back at once, while the tree stands still, by a process that does
 * not end with crctl: each pair is whole again before anything is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files/tty.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"

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
