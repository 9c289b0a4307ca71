// SPDX-License-Identifier: GPL-2.0
/*
 * Terminals: pairs of a master and slaves, /dev/tty, consoles and serial lines. Their
 * state answers to ioctls on any descriptor; through a master, also the session. Whose
 * controlling terminal one is stands in /proc/PID/stat. Of a pair both ends must be in
 * the tree. With --shell-job the terminal of the shell is left out, and the one that
 * crctl is restored on takes its place. Another line discipline than the usual cannot be
 * carried over: its state shows nowhere. With --orphan-pts-master the master is a container
 * runtime's, and goes to it anew; what was typed and not read is lost then.
 */
#include "files/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "image/image.h"
#include "image/regfile.pb-c.h"
#include "kapi/proc.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"

#define FIRST_OTHER_ID 0x10000000u	/* above every id of a pair */
#define LFLAG_EXTPROC 0200000	/* asm/termbits.h: EXTPROC */

/* ---- dump ---- */

/* The type of the device's tty; UNKNOWN for what is none. */
static TtyType tty_type(dev_t rdev)
{
	unsigned int maj = major(rdev), min = minor(rdev);

	if (maj == PTY_MAJOR || (maj == TTY_MAJOR_ALT && min == 2))
		return TTY_TYPE__PTY;
	if (maj == TTY_MAJOR_ALT && min == 0)
		return TTY_TYPE__CTTY;
	if (maj == TTY_MAJOR_ALT && min == 1)
		return TTY_TYPE__CONSOLE;
	if (maj == 4)
		return min < 64 ? TTY_TYPE__VT : TTY_TYPE__SERIAL;
	return maj == 204 || maj == 229 ? TTY_TYPE__SERIAL : TTY_TYPE__UNKNOWN;
}

static bool tty_match(const struct fd_info *fd)
{
	return S_ISCHR(fd->st.st_mode) && !(fd->flags & O_PATH) &&
	       tty_type(fd->st.st_rdev) != TTY_TYPE__UNKNOWN;
}

static int tty_refuse(struct dump *d, const struct fd_info *fd, const char *why)
{
	return dump_refuse(d, "pid %d fd %d: the terminal %s %s", fd->task->pid, fd->fd, fd->link,
			   why);
}

/* Descriptions of one terminal have one record; those of dead pairs cannot be told apart. */
static struct tty *tty_find(const struct file_table *t, const struct tty *like)
{
	array_for_each(&t->ttys, it) {
		struct tty *tty = *it;

		if (!like->hung && !like->master && tty->info.type == like->info.type &&
		    !tty->master && tty->real == like->real && tty->info.rdev == like->info.rdev &&
		    tty->info.dev == like->info.dev)
			return tty;
	}
	return NULL;
}

/* "/dev/pts" for "/dev/ptmx" or "/dev/pts/ptmx"; for a slave, its directory. */
static void pts_dir(const char *link, char *buf, size_t size)
{
	const char *slash = strrchr(link, '/');
	int len = slash ? (int)(slash - link) : 0;
	bool inside = len >= 4 && !strncmp(link + len - 4, "/pts", 4);

	snprintf(buf, size, "%.*s%s", len, link, inside ? "" : "/pts");
}

/* Of a master: the slave's node and file system. */
static void master_look(const struct fd_info *fd, struct tty *tty)
{
	char dir[PATH_MAX + 16], path[PATH_MAX + 32];
	struct stat st;

	pts_dir(fd->link, dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/%u", dir, tty->pty.index);
	if (stat(path, &st))
		return;		/* not mounted here; pairs go by number alone */
	tty->dev = st.st_dev;
	tty->info.uid = st.st_uid;
	tty->info.gid = st.st_gid;
	tty->mode = st.st_mode & 07777;
}

static int tty_flags(const struct fd_info *fd, struct tty *tty)
{
	int on = 0, sid = 0, pgrp = 0;

	if (!ioctl(fd->local_fd, TIOCGEXCL, &on))
		tty->info.exclusive = on;
	if (!tty->master)
		return 0;
	if (ioctl(fd->local_fd, TIOCGPKT, &on))
		return -errno;
	tty->info.packet_mode = on;
	if (ioctl(fd->local_fd, TIOCGPTLCK, &on))
		return -errno;
	tty->info.locked = on;
	/* asked of a master, both are about its slave, whoever asks (drivers/tty/tty_jobctrl.c) */
	tty->in_session = !ioctl(fd->local_fd, TIOCGSID, &sid);
	if (tty->in_session && !ioctl(fd->local_fd, TIOCGPGRP, &pgrp)) {
		tty->info.sid = (uint32_t)sid;
		tty->info.pgrp = pgrp > 0 ? (uint32_t)pgrp : 0;
	}
	return 0;
}

static int tty_settings(struct dump *d, const struct fd_info *fd, struct tty *tty)
{
	struct winsize size;
	int ret = termios_get(fd->local_fd, false, &tty->termios, tty->cc);

	if (!ret)
		ret = termios_get(fd->local_fd, true, &tty->locked, tty->cc_locked);
	if (!ret && ioctl(fd->local_fd, TIOCGWINSZ, &size))
		ret = -errno;
	if (!ret)
		ret = tty_flags(fd, tty);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: settings of the terminal %s",
				  fd->task->pid, fd->fd, fd->link);
	tty->winsize.ws_row = size.ws_row;
	tty->winsize.ws_col = size.ws_col;
	tty->winsize.ws_xpixel = size.ws_xpixel;
	tty->winsize.ws_ypixel = size.ws_ypixel;
	if (tty->termios.c_lflag & LFLAG_EXTPROC)
		return tty_refuse(d, fd, "is edited by a program at its other end (EXTPROC), which "
				  "is not supported; switch that off before the dump");
	tty->info.termios = &tty->termios;
	tty->info.termios_locked = &tty->locked;
	tty->info.winsize = &tty->winsize;
	return 0;
}

/*
 * As CRIU numbers them, which knows the ends of a pair and other sorts by that. It can
 * do so with 1,000 pairs and one of the others; the rest comes above.
 */
static uint32_t tty_id(const struct file_table *t, const struct tty *tty)
{
	static const uint32_t ids[] = {
		[TTY_TYPE__CONSOLE] = 2004, [TTY_TYPE__VT] = 2008, [TTY_TYPE__CTTY] = 2012,
		[TTY_TYPE__SERIAL] = 2020,
	};
	uint32_t id = tty->info.type == TTY_TYPE__PTY ? tty->pty.index * 2 + tty->master :
							ids[tty->info.type];
	bool taken = tty->info.type == TTY_TYPE__PTY && tty->pty.index >= 1000;

	array_for_each(&t->ttys, it)
		taken |= *it != tty && (*it)->info.id == id;
	return taken ? FIRST_OTHER_ID + (uint32_t)t->ttys.nr : id;
}

static int tty_add(struct dump *d, const struct fd_info *fd, const struct tty *like,
		   struct tty **ret_tty)
{
	struct tty **slot, *tty = malloc(sizeof(*tty));
	int ldisc = 0;

	slot = tty ? array_add(&d->files->ttys) : NULL;
	if (!slot) {
		free(tty);
		return -ENOMEM;
	}
	*slot = *ret_tty = tty;
	*tty = *like;
	tty->info.id = 0;
	tty->info.id = tty_id(d->files, tty);
	tty->task = fd->task;
	tty->fd = fd->fd;
	if (tty->info.type == TTY_TYPE__PTY)
		tty->info.pty = &tty->pty;
	if (tty->master)
		master_look(fd, tty);
	if (tty->hung)
		return 0;
	if (!ioctl(fd->local_fd, TIOCGETD, &ldisc) && ldisc)
		return tty_refuse(d, fd, "has a line discipline of its own (TIOCSETD), which is "
				  "not supported; set it back to 0 before the dump");
	return tty_settings(d, fd, tty);
}

/* A record of type REG with the path, which the terminal's own record points at. */
static int tty_path_record(struct dump *d, const struct fd_info *fd, TtyFileEntry *e)
{
	static const char deleted[] = " (deleted)";
	size_t len = strlen(fd->link), tail = sizeof(deleted) - 1;
	struct dump_file *reg;
	int ret = file_add(d, &reg);

	if (ret)
		return ret;
	if (len > tail && !strcmp(fd->link + len - tail, deleted))
		len -= tail;
	reg->entry.type = FD_TYPES__REG;
	reg->entry.reg = &reg->reg;
	reg->reg.id = reg->entry.id;
	reg->reg.flags = fd->flags;
	reg->reg.fown = &reg->fown;
	reg->reg.has_mode = true;
	reg->reg.mode = fd->st.st_mode;
	reg->reg.name = strndup(fd->link, len);
	e->has_regf_id = true;
	e->regf_id = reg->entry.id;
	return reg->reg.name ? 0 : -ENOMEM;
}

/* What tells one terminal from the others. */
static int tty_key(struct dump *d, const struct fd_info *fd, struct tty *tty)
{
	tty_info_entry__init(&tty->info);
	winsize_entry__init(&tty->winsize);
	tty_pty_entry__init(&tty->pty);
	tty->info.type = tty_type(fd->st.st_rdev);
	tty->master = tty->info.type == TTY_TYPE__PTY && major(fd->st.st_rdev) == TTY_MAJOR_ALT;
	tty->info.rdev = (uint32_t)fd->st.st_rdev;
	tty->info.has_dev = tty->info.has_uid = tty->info.has_gid = true;
	tty->info.dev = (uint32_t)fd->st.st_dev;
	tty->info.uid = fd->st.st_uid;
	tty->info.gid = fd->st.st_gid;
	tty->dev = fd->st.st_dev;
	tty->mode = fd->st.st_mode & 07777;
	tty->pty.index = minor(fd->st.st_rdev);
	tty->hung = ioctl(fd->local_fd, TIOCGDEV, &tty->real) != 0;
	if (tty->hung && errno != EIO)
		return fail_errno(d->ctx.err, -errno, "pid %d fd %d: which terminal %s is",
				  fd->task->pid, fd->fd, fd->link);
	if (tty->master && ioctl(fd->local_fd, TIOCGPTN, &tty->pty.index))
		return fail_errno(d->ctx.err, -errno, "pid %d fd %d: the number of its terminal",
				  fd->task->pid, fd->fd);
	return 0;
}

static int tty_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	struct tty key = { 0 }, *tty;
	TtyFileEntry *e;
	int ret = tty_key(d, fd, &key);

	if (ret)
		return ret;
	tty = tty_find(d->files, &key);
	if (!tty)
		ret = tty_add(d, fd, &key, &tty);
	if (ret)
		return ret;
	e = file_alloc(file, sizeof(*e));
	if (!e)
		return -ENOMEM;
	tty_file_entry__init(e);
	file->entry.tty = e;
	e->id = file->entry.id;
	e->tty_info_id = tty->info.id;
	e->flags = fd->flags;
	e->fown = &file->fown;
	return tty_path_record(d, fd, e);
}

void tty_free(struct tty *tty)
{
	if (tty->data)
		pty_data_free(tty->data);
	free(tty->data);
	free(tty);
}

/* ---- write ---- */

static int infos_write(const struct dump *d)
{
	struct image_writer *w = NULL;
	int close_ret, ret = image_write_open(d->ctx.images_fd, IMG_TTY_INFO, 0, &w);

	for (size_t i = 0; i < d->files->ttys.nr && !ret; i++)
		ret = image_write(w, &d->files->ttys.items[i]->info.base);
	close_ret = image_write_close(w);
	return ret ? ret : close_ret;
}

static int data_write_one(struct image_writer *w, uint32_t id, char *data, size_t len)
{
	TtyDataEntry e = TTY_DATA_ENTRY__INIT;

	e.tty_id = id;
	e.data.data = (uint8_t *)data;
	e.data.len = len;
	return len ? image_write(w, &e.base) : 0;
}

/* What is read from an end is that end's; with no slave open, it is the master's too. */
static int datas_write(const struct dump *d)
{
	struct image_writer *w = NULL;
	int close_ret, ret = image_write_open(d->ctx.images_fd, IMG_TTY_DATA, 0, &w);

	for (size_t i = 0; i < d->files->ttys.nr && !ret; i++) {
		const struct tty *m = d->files->ttys.items[i];

		if (!m->data)
			continue;
		ret = data_write_one(w, m->info.id, m->data->out, m->data->out_len);
		if (!ret && m->pair)
			ret = data_write_one(w, m->pair->info.id, m->data->in, m->data->in_len);
	}
	close_ret = image_write_close(w);
	return ret ? ret : close_ret;
}

/* What the format has no room for. */
static int extras_write(const struct dump *d)
{
	struct image_writer *w = NULL;
	int close_ret, ret = image_write_open(d->ctx.images_fd, IMG_CRCTL_TTY, 0, &w);

	for (size_t i = 0; i < d->files->ttys.nr && !ret; i++) {
		const struct tty *tty = d->files->ttys.items[i];
		CrctlTtyEntry e = CRCTL_TTY_ENTRY__INIT;

		if (tty->hung)
			continue;
		e.tty_id = tty->info.id;
		e.has_mode = true;
		e.mode = tty->mode;
		e.has_slave_closed = tty->slave_closed;
		e.slave_closed = tty->slave_closed;
		if (tty->data) {
			e.lines = tty->data->lines;
			e.n_lines = tty->data->nr_lines;
			e.has_flow = tty->data->flow != 0;
			e.flow = tty->data->flow;
			if (!tty->pair) {
				e.has_in = tty->data->in_len != 0;
				e.in.data = (uint8_t *)tty->data->in;
				e.in.len = tty->data->in_len;
			}
		}
		ret = image_write(w, &e.base);
	}
	close_ret = image_write_close(w);
	return ret ? ret : close_ret;
}

static int tty_write(struct dump *d)
{
	int ret;

	if (!d->files->ttys.nr)
		return 0;
	ret = pty_data_dump(d);
	if (!ret)
		ret = infos_write(d);
	if (!ret)
		ret = datas_write(d);
	if (!ret)
		ret = extras_write(d);
	return ret && !d->ctx.err->ret ? fail(d->ctx.err, ret, "%s", image_error()) : ret;
}

/* ---- restore ---- */

static int tty_check_info(struct restore *r, const struct restore_file *file,
			  const TtyInfoEntry *info)
{
	if (info->type == TTY_TYPE__EXT_TTY || info->type == TTY_TYPE__UNKNOWN ||
	    info->type > TTY_TYPE__SERIAL)
		return fail(r->ctx.err, -EOPNOTSUPP, "tty-info.img: terminal %u is external to the "
			    "checkpoint (--external tty), which is not supported yet", info->id);
	if (info->type == TTY_TYPE__PTY && (!info->pty || info->pty->index > PTY_INDEX_MAX))
		return fail(r->ctx.err, -EINVAL, "tty-info.img: terminal %u has no possible number",
			    info->id);
	if (tty_is_master(info) && !info->termios)
		return fail(r->ctx.err, -EINVAL, "tty-info.img: terminal %u has no settings",
			    info->id);
	if ((info->termios && info->termios->n_c_cc < TTY_NR_CC) ||
	    (info->termios_locked && info->termios_locked->n_c_cc < TTY_NR_CC))
		return fail(r->ctx.err, -EINVAL, "tty-info.img: terminal %u has too few control "
			    "characters", info->id);
	return 0;
}

/* Finds what tty-info.img says of it, and keeps that with the file. */
static int tty_check_record(struct restore *r, const struct restore_file *file)
{
	const TtyFileEntry *e = file->entry->tty;
	struct restore_file *reg = e && e->has_regf_id ? restore_file_find(r, e->regf_id) : NULL;
	struct restore_tty *tty = e ? restore_tty_find(r, e->tty_info_id) : NULL;

	if (!tty)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u is a terminal that "
			    "tty-info.img does not have", file->id);
	if (!reg || !reg->entry->reg || !reg->entry->reg->name)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u is a terminal without a "
			    "path", file->id);
	restore_file_find(r, file->id)->data = tty;
	return tty_check_info(r, file, tty->info);
}

/* /dev/tty is whatever is the session's. */
static bool tty_after_session(const struct restore_file *file)
{
	return ((const struct restore_tty *)file->data)->info->type == TTY_TYPE__CTTY;
}

static uint32_t tty_group(const struct restore_file *file)
{
	const struct restore_tty *tty = file->data;

	return tty->pair ? tty->info->pty->index + 1 : 0;
}

/* Whose controlling terminal it is must have it before anything is forked. */
static struct restore_task *tty_user(struct restore *r, const struct restore_file *file)
{
	const struct restore_tty *tty = file->data;

	return tty->leader ? tty->leader : file->owner;
}

bool tty_is_master(const TtyInfoEntry *info)
{
	return info->type == TTY_TYPE__PTY && major(info->rdev) == TTY_MAJOR_ALT;
}

/* The terminal that crctl runs on takes the place of the other shell's. */
static int shell_restore(struct restore *r, const struct restore_file *file, int *ret_fd)
{
	int flags = (int)file->entry->tty->flags & (O_ACCMODE | O_NONBLOCK | O_APPEND);
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", r->shell_tty_fd);
	fd = open(path, flags | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "opening crctl's terminal for open file %u",
				  file->id);
	*ret_fd = fd;
	return 0;
}

/* /dev/tty and devices that are always there. */
static int device_restore(struct restore *r, const struct restore_file *file, int *ret_fd)
{
	const struct restore_tty *tty = file->data;
	const RegFileEntry *reg = restore_file_find(r, file->entry->tty->regf_id)->entry->reg;
	int fd, ret = reg_open(r, reg, (int)file->entry->tty->flags, &fd);
	struct stat st;

	if (ret)
		return ret;
	if (fstat(fd, &st) || (uint32_t)st.st_rdev != tty->info->rdev)
		ret = fail(r->ctx.err, -ENODEV, "%s is another device than when it was dumped",
			   reg->name);
	if (!ret && tty->info->type != TTY_TYPE__CTTY && tty->info->termios) {
		ret = termios_set(fd, false, tty->info->termios);
		if (ret)
			fail_errno(r->ctx.err, ret, "the settings of the terminal %s", reg->name);
	}
	if (ret)
		close(fd);
	else
		*ret_fd = fd;
	return ret;
}

static int tty_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	const struct restore_tty *tty = file->data;

	if (tty->info->type != TTY_TYPE__PTY)
		return device_restore(r, file, ret_fd);
	if (tty->pair)
		return pty_restore(r, file, ret_fd);
	if (tty == r->orphan_tty)
		return pty_restore_orphan(r, file, ret_fd);
	return tty->info->termios ? shell_restore(r, file, ret_fd) :
				    pty_restore_hung(r, file, ret_fd);
}

const struct file_kind tty_kind = {
	.name = "terminal",
	.type = FD_TYPES__TTY,
	.match = tty_match,
	.dump = tty_dump,
	.collect_end = tty_collect_end,
	.write = tty_write,
	.check = tty_check_record,
	.plan = tty_plan,
	.group = tty_group,
	.after_session = tty_after_session,
	.user = tty_user,
	.restore = tty_restore,
};
