// SPDX-License-Identifier: GPL-2.0
/*
 * Making a pair of terminals under its number again: the kernel gives the lowest that is
 * free, so masters are opened until the number comes. Everything is set up before the
 * pair is anybody's controlling terminal, so that nothing of it becomes a signal.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/tty.h"
#include "image/regfile.pb-c.h"
#include "kapi/sys.h"
#include "lib/array.h"
#include "lib/cleanup.h"

#define SLAVE_FLAGS (O_ACCMODE | O_NONBLOCK | O_APPEND)

static const struct restore_tty *tty_of(const struct restore_file *file)
{
	return file->data;
}

/* Where a master comes from: as its program named it, or beside the slave. */
static void master_path(struct restore *r, const struct restore_file *file, bool slave, char *buf,
			size_t size)
{
	const struct restore_file *reg = restore_file_find(r, file->entry->tty->regf_id);
	const char *name = reg ? reg->entry->reg->name : "/dev/ptmx";
	const char *slash = strrchr(name, '/');

	if (slave && slash)
		snprintf(buf, size, "%.*s/ptmx", (int)(slash - name), name);
	else
		snprintf(buf, size, "%s%s", *name == '/' ? "" : "/", name);
}

static int master_open(struct restore *r, const char *path, uint32_t index, int flags, int *ret_fd)
{
	struct { int *items; size_t nr, cap; } tried = { 0 };
	unsigned int number = 0;
	int fd = -1, ret = 0;

	while (!ret) {
		int *slot;

		fd = open(path, flags | O_NOCTTY | O_CLOEXEC);
		if (fd < 0 || ioctl(fd, TIOCGPTN, &number))
			ret = -errno;
		if (ret || number >= index)
			break;
		slot = array_add(&tried);
		if (!slot)
			ret = -ENOMEM;
		else
			*slot = fd;
	}
	array_for_each(&tried, t)
		close(*t);
	array_free(&tried);
	if (ret && fd >= 0)
		close(fd);
	if (ret)
		return fail_errno(r->ctx.err, ret, "opening %s for terminal %u", path, index);
	*ret_fd = fd;
	return number == index ? 0 : -EBUSY;
}

static int settings_put(struct restore *r, int master, const TtyInfoEntry *info)
{
	struct winsize size = { 0 };
	int ret = termios_set(master, false, info->termios);

	if (!ret && info->termios_locked)
		ret = termios_set(master, true, info->termios_locked);
	if (!ret && info->winsize) {
		size.ws_row = (unsigned short)info->winsize->ws_row;
		size.ws_col = (unsigned short)info->winsize->ws_col;
		size.ws_xpixel = (unsigned short)info->winsize->ws_xpixel;
		size.ws_ypixel = (unsigned short)info->winsize->ws_ypixel;
		ret = ioctl(master, TIOCSWINSZ, &size) ? -errno : 0;
	}
	return ret ? fail_errno(r->ctx.err, ret, "the settings of terminal %u", info->pty->index)
		   : 0;
}

/* Without lines of crctl's own: they end where newlines are. */
static int lines_guess(const TermiosEntry *t, struct pty_data *data)
{
	size_t begin = 0;

	if (!(t->c_lflag & 2 /* ICANON */))
		return 0;
	for (size_t i = 0; i < data->in_len; i++) {
		uint32_t *grown;

		if (data->in[i] != '\n')
			continue;
		grown = reallocarray(data->lines, data->nr_lines + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		data->lines = grown;
		grown[data->nr_lines++] = (uint32_t)(i + 1 - begin) * 2;
		begin = i + 1;
	}
	return 0;
}

static int data_put(struct restore *r, int master, int slave, const struct restore_tty *m,
		    const struct restore_tty *s)
{
	const CrctlTtyEntry *x = m->extra;
	struct pty_data data = { 0 };
	uint32_t *guessed;
	int ret = 0;

	if (m->data) {
		data.out = (char *)m->data->data.data;
		data.out_len = m->data->data.len;
	}
	if (s && s->data) {
		data.in = (char *)s->data->data.data;
		data.in_len = s->data->data.len;
	} else if (x && x->has_in) {
		data.in = (char *)x->in.data;
		data.in_len = x->in.len;
	}
	data.flow = x && x->has_flow ? x->flow : PTY_FLOWS;
	if (x) {
		data.lines = x->lines;
		data.nr_lines = x->n_lines;
		guessed = NULL;
	} else {
		ret = lines_guess(m->info->termios, &data);
		guessed = data.lines;
	}
	if (!ret)
		ret = pty_data_put(master, slave, &data);
	free(guessed);
	return ret ? fail_errno(r->ctx.err, ret, "what waits in terminal %u, putting it back",
				m->info->pty->index) : 0;
}

static int node_put(struct restore *r, int slave, const struct restore_tty *tty)
{
	const TtyInfoEntry *info = tty->info;

	if (info->has_uid && info->has_gid && fchown(slave, info->uid, info->gid))
		return fail_errno(r->ctx.err, -errno, "the owner of terminal %u",
				  info->pty->index);
	if (tty->extra && tty->extra->has_mode && fchmod(slave, tty->extra->mode & 07777))
		return fail_errno(r->ctx.err, -errno, "the permissions of terminal %u",
				  info->pty->index);
	return 0;
}

static int slave_open(struct restore *r, int master, const struct restore_tty *m, int flags,
		      int *ret_fd)
{
	/* O_CLOEXEC would stay in the flags of the file itself, where the next dump sees it */
	int fd = ioctl(master, TIOCGPTPEER, (flags & SLAVE_FLAGS) | O_NOCTTY);

	if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC))
		return fail_errno(r->ctx.err, -errno, "opening the slave of terminal %u",
				  m->info->pty->index);
	*ret_fd = fd;
	return 0;
}

/* What is the same for the whole pair; a slave is open meanwhile unless none ever was. */
static int pair_fill(struct restore *r, int master, const struct restore_tty *m,
		     const struct restore_tty *s)
{
	bool never_open = !s && !(m->extra && m->extra->slave_closed);
	auto_close int slave = -1;
	int zero = 0, ret = settings_put(r, master, m->info);

	if (!ret && ioctl(master, TIOCSPTLCK, &zero))
		ret = fail_errno(r->ctx.err, -errno, "unlocking terminal %u", m->info->pty->index);
	if (ret || never_open)
		return ret;
	ret = slave_open(r, master, m, O_RDWR | O_NONBLOCK, &slave);
	if (!ret)
		ret = node_put(r, slave, s ? s : m);
	return ret ? ret : data_put(r, master, slave, m, s);
}

/* What would be in the way of the rest. */
static int pair_close(struct restore *r, int master, int slave, const struct restore_tty *m,
		      const struct restore_tty *s)
{
	int one = 1;

	if ((m->info->packet_mode && ioctl(master, TIOCPKT, &one)) ||
	    (m->info->exclusive && ioctl(master, TIOCEXCL)) ||
	    (s && s->info->exclusive && slave >= 0 && ioctl(slave, TIOCEXCL)) ||
	    (m->info->locked && ioctl(master, TIOCSPTLCK, &one)))
		return fail_errno(r->ctx.err, -errno, "the modes of terminal %u",
				  m->info->pty->index);
	return 0;
}

static int end_keep(struct restore *r, struct restore_file *f, int fd)
{
	f->fd = restore_fd_lift(r, fd);
	return f->fd < 0 ? fail_errno(r->ctx.err, f->fd, "open file %u", f->id) : 0;
}

/* All slaves' descriptions; *ret_slave is one of them, or -1. */
static int slaves_open(struct restore *r, int master, struct restore_file *file,
		       const struct restore_tty *m, int *ret_slave)
{
	struct restore_file *f = file;
	int ret = 0;

	do {
		int fd = -1;

		if (tty_of(f) != m && f->owner)
			ret = slave_open(r, master, m, (int)f->entry->tty->flags, &fd);
		if (!ret && fd >= 0)
			ret = end_keep(r, f, fd);
		if (!ret && fd >= 0)
			*ret_slave = f->fd;
		f = f->group ? f->group : f;
	} while (!ret && f != file);
	return ret;
}

static const struct restore_tty *slave_of(const struct restore_file *file,
					  const struct restore_tty *m)
{
	const struct restore_file *f = file;

	do {
		if (tty_of(f) != m && f->owner)
			return tty_of(f);
		f = f->group ? f->group : f;
	} while (f != file);
	return NULL;
}

static struct restore_file *master_file(struct restore_file *file, const struct restore_tty *m)
{
	struct restore_file *f = file;

	while (tty_of(f) != m && f->group && f->group != file)
		f = f->group;
	return f;
}

int pty_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	const struct restore_tty *m = tty_of(file)->pair, *s = slave_of(file, m);
	struct restore_file *mf = master_file(file, m);
	int flags = tty_of(mf) == m ? (int)mf->entry->tty->flags : O_RDWR, master, slave = -1, ret;
	char path[PATH_MAX];

	master_path(r, mf, tty_of(mf) != m, path, sizeof(path));
	ret = master_open(r, path, m->info->pty->index, flags & SLAVE_FLAGS, &master);
	if (ret == -EBUSY && !r->ctx.err->ret) {
		close(master);
		return fail(r->ctx.err, ret, "the terminal /dev/pts/%u is in use; restore when it "
			    "is free, or in a mount namespace with a devpts of its own",
			    m->info->pty->index);
	}
	if (ret)
		return ret;
	ret = end_keep(r, mf, master);
	if (!ret)
		ret = pair_fill(r, mf->fd, m, s);
	if (!ret)
		ret = slaves_open(r, mf->fd, file, m, &slave);
	if (!ret)
		ret = pair_close(r, mf->fd, slave, m, s);
	if (ret)
		return ret;
	/* the caller has this one as a descriptor of its own */
	*ret_fd = fcntl(file->fd, F_DUPFD_CLOEXEC, r->base_fd);
	if (*ret_fd < 0)
		return fail_errno(r->ctx.err, -errno, "open file %u", file->id);
	close(file->fd);
	file->fd = -1;
	return 0;
}

/* Any pair does, whose master is closed then; under the old number where that is free. */
int pty_restore_hung(struct restore *r, const struct restore_file *file, int *ret_fd)
{
	const struct restore_tty *tty = tty_of(file);
	auto_close int master = -1;
	char path[PATH_MAX];
	int zero = 0, ret;

	master_path(r, file, true, path, sizeof(path));
	ret = master_open(r, path, tty->info->pty->index, O_RDWR, &master);
	if (ret && ret != -EBUSY)
		return ret;
	if (ioctl(master, TIOCSPTLCK, &zero))
		return fail_errno(r->ctx.err, -errno, "unlocking a terminal");
	return slave_open(r, master, tty, (int)file->entry->tty->flags, ret_fd);
}

/* The mounts of a container may have needed its console already. */
static int orphan_open(struct restore *r, uint32_t index)
{
	int fd, ret;

	if (r->orphan_fd >= 0 && r->orphan_index == index)
		return 0;
	ret = master_open(r, "/dev/pts/ptmx", index, O_RDWR, &fd);
	if (ret == -EBUSY && !r->ctx.err->ret) {
		close(fd);
		ret = fail(r->ctx.err, ret,
			   "the terminal /dev/pts/%u is in use; restore in a mount "
			   "namespace with a devpts of its own",
			   index);
	}
	if (ret)
		return ret;
	r->orphan_fd = restore_fd_lift(r, fd);
	return r->orphan_fd < 0 ? fail_errno(r->ctx.err, r->orphan_fd, "terminal %u", index) : 0;
}

int tty_orphan_restore(struct restore *r)
{
	const struct restore_tty *tty = r->orphan_tty;
	auto_close int slave = -1;
	int zero = 0, ret;

	if (!tty)
		return 0;
	ret = orphan_open(r, tty->info->pty->index);
	if (!ret)
		ret = settings_put(r, r->orphan_fd, tty->info);
	if (!ret && ioctl(r->orphan_fd, TIOCSPTLCK, &zero))
		ret = fail_errno(r->ctx.err, -errno, "unlocking terminal %u",
				 tty->info->pty->index);
	if (!ret)
		ret = slave_open(r, r->orphan_fd, tty, O_RDWR | O_NONBLOCK, &slave);
	if (!ret)
		ret = node_put(r, slave, tty);
	if (!ret)
		ret = sys_send_fd(r->orphan_socks[1], "m", 1, r->orphan_fd);
	return ret && !r->ctx.err->ret ? fail_errno(r->ctx.err, ret, "terminal %u",
						    tty->info->pty->index) : ret;
}

int pty_restore_orphan(struct restore *r, const struct restore_file *file, int *ret_fd)
{
	return slave_open(r, r->orphan_fd, r->orphan_tty, (int)file->entry->tty->flags, ret_fd);
}
