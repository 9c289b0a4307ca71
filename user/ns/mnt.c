// SPDX-License-Identifier: GPL-2.0
/*
 * Mount namespace: every mount as /proc/PID/mountinfo has it, and the content
 * of file systems in memory (tmpfs) as a gzipped tar. A mount whose files come from
 * outside of the tree must be named by the user (--external mnt); the root directory's
 * is given again to the restore (--root).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/image.h"
#include "lib/cleanup.h"
#include "ns/mnt.h"
#include "ns/ns.h"

struct flag_word {
	const char *word;
	unsigned long flag;
};

static const struct flag_word mount_words[] = {
	{ "ro", MS_RDONLY }, { "nosuid", MS_NOSUID }, { "nodev", MS_NODEV },
	{ "noexec", MS_NOEXEC }, { "noatime", MS_NOATIME }, { "nodiratime", MS_NODIRATIME },
	{ "relatime", MS_RELATIME }, { NULL, 0 },
};

static const struct flag_word super_words[] = {
	{ "ro", MS_RDONLY }, { "sync", MS_SYNCHRONOUS }, { "dirsync", MS_DIRSYNC },
	{ "mand", MS_MANDLOCK }, { "lazytime", MS_LAZYTIME }, { "rw", 0 }, { NULL, 0 },
};

/* Flags that the words of @options say; other words go to @rest unless that is NULL. */
static unsigned long flags_parse(const char *options, const struct flag_word *words, char *rest)
{
	unsigned long flags = 0;

	if (rest)
		*rest = 0;
	for (const char *at = options; *at;) {
		size_t len = strcspn(at, ",");
		const struct flag_word *w = words;

		while (w->word && (strlen(w->word) != len || memcmp(w->word, at, len)))
			w++;
		flags |= w->flag;
		if (!w->word && rest) {
			if (*rest)
				strcat(rest, ",");
			strncat(rest, at, len);
		}
		at += len + (at[len] == ',');
	}
	return flags;
}

/* Is file or directory @path below @root, so that a mount of @root can give it? */
static const char *path_below(const char *path, const char *root)
{
	size_t len = strlen(root);

	if (!strcmp(root, "/"))
		return path;
	if (strncmp(path, root, len) || (path[len] && path[len] != '/'))
		return NULL;
	return path + len;
}

/* Another mount of the tree that shows all this one does, and was not itself asked for. */
static bool line_is_covered(const struct mnt_lines *lines, const struct mnt_line *l,
			    const struct mnt_line *root)
{
	array_for_each(&lines->items, o) {
		if (o == l || o->dev != l->dev || !path_below(l->root, o->root))
			continue;
		if (o == root || (mnt_fs_find(o->type) && !strcmp(o->root, "/")))
			return true;
	}
	return false;
}

static int line_check(struct dump *d, const struct mnt_lines *lines, const struct mnt_line *l,
		      const struct mnt_line *root)
{
	bool master_inside = !l->master_id;

	array_for_each(&lines->items, o)
		master_inside |= o->shared_id && o->shared_id == l->master_id;
	if (!master_inside)
		log_warn("the mount %s gets new mounts from outside of the tree (it is a slave); "
			 "restored, it does not, continuing", l->mountpoint);
	if (l == root || external_name(d->ctx.external, "mnt", l->mountpoint))
		return 0;
	if (mnt_fs_find(l->type) && !strcmp(l->root, "/"))
		return 0;
	if (line_is_covered(lines, l, root))
		return 0;
	return dump_refuse(d,
			   "the mount %s (%s of %s, type %s) comes from outside of the tree; name "
			   "it with --external mnt[%s]:NAME, and its source at the restore",
			   l->mountpoint, l->root, l->source, l->type, l->mountpoint);
}

static int entry_write(struct dump *d, struct image_writer *w, const struct mnt_line *l,
		       const struct mnt_line *root)
{
	const struct mnt_fs *fs = mnt_fs_find(l->type);
	const char *name = external_name(d->ctx.external, "mnt", l->mountpoint);
	auto_free char *rest = calloc(1, strlen(l->super) + sizeof(",newinstance"));
	unsigned long flags = flags_parse(l->options, mount_words, NULL);
	MntEntry e = MNT_ENTRY__INIT;

	if (!rest)
		return -ENOMEM;
	e.fstype = fs ? fs->type : !strcmp(l->type, "overlay") ? FSTYPE__OVERLAYFS :
		   FSTYPE__UNSUPPORTED;
	e.mnt_id = l->id;
	e.root_dev = l->dev;
	e.parent_mnt_id = l->parent;
	e.flags = (uint32_t)(flags & (MS_NOATIME | MS_RELATIME) ? flags : flags | MS_STRICTATIME);
	e.root = l->root;
	e.mountpoint = l->mountpoint;
	e.source = l->source;
	e.has_sb_flags = true;
	e.sb_flags = (uint32_t)flags_parse(l->super, super_words, rest);
	if (e.fstype == FSTYPE__DEVPTS)
		strcat(rest, *rest ? ",newinstance" : "newinstance");
	e.options = rest;
	e.has_shared_id = e.has_master_id = true;
	e.shared_id = l->shared_id;
	e.master_id = l->master_id;
	if (!fs && e.fstype == FSTYPE__UNSUPPORTED)
		e.fsname = l->type;
	if (name && l != root)
		e.ext_key = (char *)(*name ? name : l->mountpoint);
	return image_write(w, &e.base);
}

/* Is @l the first that shows the whole of its file system? */
static bool line_makes_fs(const struct mnt_lines *lines, const struct mnt_line *l)
{
	const struct mnt_fs *fs = mnt_fs_find(l->type);

	if (!fs || !fs->has_content || strcmp(l->root, "/"))
		return false;
	array_for_each(&lines->items, o) {
		if (o == l)
			return true;
		if (o->dev == l->dev && !strcmp(o->root, "/"))
			return false;
	}
	return true;
}

static const struct mnt_line *lines_root(const struct mnt_lines *lines)
{
	const struct mnt_line *root = NULL;

	/* the last one: what was mounted over "/" hides what was there */
	array_for_each(&lines->items, l) {
		if (!strcmp(l->mountpoint, "/"))
			root = l;
	}
	return root;
}

static int lines_of_tree(struct dump *d, struct mnt_lines *lines, const struct mnt_line **ret_root)
{
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", d->root_pid);
	ret = mnt_lines_read(path, lines);
	*ret_root = ret ? NULL : lines_root(lines);
	if (ret || !*ret_root)
		return fail_errno(d->ctx.err, ret ? ret : -EINVAL,
				  "pid %d: its mounts cannot be read", d->root_pid);
	return 0;
}

static int mnt_look(struct dump *d)
{
	struct mnt_lines lines = { 0 };
	const struct mnt_line *root;
	int ret = lines_of_tree(d, &lines, &root);

	for (size_t i = 0; i < lines.items.nr && !ret; i++)
		ret = line_check(d, &lines, &lines.items.items[i], root);
	mnt_lines_free(&lines);
	return ret;
}

static int mnt_dump(struct dump *d, uint32_t id)
{
	struct mnt_lines lines = { 0 };
	struct image_writer *w = NULL;
	const struct mnt_line *root;
	int close_ret, ret = lines_of_tree(d, &lines, &root);

	if (!ret)
		ret = image_write_open(d->ctx.images_fd, IMG_MNTS, id, &w);
	for (size_t i = 0; i < lines.items.nr && !ret; i++) {
		const struct mnt_line *l = &lines.items.items[i];

		ret = entry_write(d, w, l, root);
		if (!ret && l != root && line_makes_fs(&lines, l) &&
		    !external_name(d->ctx.external, "mnt", l->mountpoint))
			ret = mnt_content_save(d, l->mountpoint, l->dev);
	}
	close_ret = image_write_close(w);
	ret = ret ? ret : close_ret;
	mnt_lines_free(&lines);
	return ret && !d->ctx.err->ret ? fail(d->ctx.err, ret, "%s", image_error()) : ret;
}

/* ---- restore ---- */

#define NO_PLACE "the mount point %s does not exist in the tree's root directory; make it"

static int entry_check(struct restore *r, const MntEntry *e)
{
	char name[64];

	image_name(IMG_MNTS, r->ns->id[NS_MNT], name, sizeof(name));
	if (e->mountpoint[0] != '/' || e->root[0] != '/' || strstr(e->mountpoint, "/../") ||
	    strlen(e->mountpoint) >= PATH_MAX || strlen(e->root) >= PATH_MAX)
		return fail(r->ctx.err, -EINVAL, "%s: mount %u of %.100s at %.100s is impossible",
			    name, e->mnt_id, e->root, e->mountpoint);
	if (e->deleted)
		return fail(r->ctx.err, -EOPNOTSUPP,
			    "%s: the mount point %s had been deleted, which "
			    "cannot be made again yet",
			    name, e->mountpoint);
	return 0;
}

/* Where on this machine an external mount comes from. */
static int external_find(struct restore *r, struct mnt *m)
{
	const char *path = external_name(r->ctx.external, "mnt", m->e->ext_key);

	if (!path || !*path)
		return fail(r->ctx.err, -EINVAL, "the mount %s came from outside of the tree; say "
			    "from where it is to come with --external mnt[%s]:PATH",
			    m->e->mountpoint, m->e->ext_key);
	m->source = path;
	return 0;
}

static struct mnt *mnt_by_id(struct mnt_tree *t, uint32_t id)
{
	array_for_each(&t->mounts, m) {
		if (m->e->mnt_id == id)
			return m;
	}
	return NULL;
}

/* The last mount at "/" whose parent is not in the list, or that covers such a one. */
static int tree_check(struct restore *r, struct mnt_tree *t)
{
	struct mnt *root = NULL;

	array_for_each(&t->mounts, m) {
		if (!mnt_by_id(t, m->e->parent_mnt_id) && strcmp(m->e->mountpoint, "/"))
			return fail(r->ctx.err, -EINVAL, "mountpoints-%u.img: the mount %s has no "
				    "parent", r->ns->id[NS_MNT], m->e->mountpoint);
		if (!strcmp(m->e->mountpoint, "/") &&
		    (!root || root->e->mnt_id == m->e->parent_mnt_id))
			root = m;
	}
	if (!root)
		return fail(r->ctx.err, -EINVAL, "mountpoints-%u.img has no root",
			    r->ns->id[NS_MNT]);
	root->root = true;
	array_for_each(&t->mounts, m) {
		bool known = false;

		m->source_fd = -1;
		m->fs = mnt_fs_of(m->e->fstype);
		array_for_each(&t->mounts, o)
			known |= o->first && o->e->root_dev == m->e->root_dev;
		m->first = m->fs && !known && !m->e->ext_key && !strcmp(m->e->root, "/");
	}
	return 0;
}

static int mnt_read(struct restore *r, uint32_t id)
{
	struct mnt_tree *t = calloc(1, sizeof(*t));
	struct image_reader *reader;
	ProtobufCMessage *msg;
	int ret;

	r->ns->mnt = t;
	if (!t)
		return fail_errno(r->ctx.err, -ENOMEM, "mounts");
	ret = image_read_open(r->ctx.images_fd, IMG_MNTS, id, &reader);
	if (ret)
		return fail(r->ctx.err, ret, "%s", image_error());
	while ((ret = image_read(reader, &mnt_entry__descriptor, &msg)) == 1) {
		struct mnt *m = array_add(&t->mounts);

		if (!m)
			ret = fail_errno(r->ctx.err, -ENOMEM, "mounts");
		if (ret < 0)
			break;
		*m = (struct mnt){ .e = (MntEntry *)msg, .source_fd = -1 };
		ret = entry_check(r, m->e);
		if (!ret && m->e->ext_key)
			ret = external_find(r, m);
		if (ret)
			break;
	}
	image_read_close(reader);
	if (ret)
		return r->ctx.err->ret ? ret : fail(r->ctx.err, ret, "%s", image_error());
	t->host_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	return t->host_fd < 0 ? fail_errno(r->ctx.err, -errno, "/proc/self/ns/mnt") :
				tree_check(r, t);
}

static int tree_clone(const char *path)
{
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* While the machine's own mounts can still be reached. */
static int sources_open(struct restore *r, struct mnt_tree *t, int *ret_root)
{
	const char *root = r->ctx.root ? r->ctx.root : "/";

	array_for_each(&t->mounts, m) {
		if (!m->source || m->root)
			continue;
		m->source_fd = tree_clone(m->source);
		if (m->source_fd < 0)
			return fail_errno(r->ctx.err, m->source_fd,
					  "%s, which is to be mounted on %s", m->source,
					  m->e->mountpoint);
	}
	*ret_root = tree_clone(root);
	return *ret_root < 0 ? fail_errno(r->ctx.err, *ret_root, "the root directory %s", root) : 0;
}

/* Put @root_fd where "/" was; everything that was there is gone from this namespace. */
static int root_enter(struct restore *r, int root_fd)
{
	const char *root = r->ctx.root ? r->ctx.root : "/";

	if (syscall(SYS_move_mount, root_fd, "", AT_FDCWD, root, MOVE_MOUNT_F_EMPTY_PATH) ||
	    fchdir(root_fd) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) ||
	    chdir("/"))
		return fail_errno(r->ctx.err, -errno, "making %s the root directory", root);
	return 0;
}

/* A new file system, not yet mounted anywhere; or -errno. */
static int fs_make(const struct mnt *m)
{
	auto_close int fs = (int)syscall(SYS_fsopen, m->fs->name, FSOPEN_CLOEXEC);
	auto_free char *options = strdup(m->e->options);
	char *save, *word;
	int fd;

	if (fs < 0)
		return -errno;
	if (!options)
		return -ENOMEM;
	if (*m->e->source)
		(void)syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", m->e->source, 0);
	for (word = strtok_r(options, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = 0;
		/* what this kernel does not know is not worth a failed restore */
		if (syscall(SYS_fsconfig, fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, word,
			    value, 0))
			log_debug("mount %s: option %s: %s", m->e->mountpoint, word,
				  strerror(errno));
	}
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -errno;
	fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

/*
 * A terminal lies on a file (/dev/console): its pair must be there before the mount, and
 * is kept for who wants its master (--orphan-pts-master).
 */
static void console_make(struct restore *r, const struct mnt *devpts, const char *number)
{
	char path[PATH_MAX + 8];
	unsigned int index = (unsigned int)strtoul(number, NULL, 10), got = 0;
	int zero = 0, fd;

	snprintf(path, sizeof(path), "%s/ptmx", devpts->e->mountpoint);
	fd = r->orphan_tty && r->orphan_fd < 0 ? open(path, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
	/* what is not as hoped shows when the mount is made */
	if (fd >= 0 && !ioctl(fd, TIOCGPTN, &got) && got == index &&
	    !ioctl(fd, TIOCSPTLCK, &zero)) {
		r->orphan_fd = restore_fd_lift(r, fd);
		r->orphan_index = index;
	} else if (fd >= 0) {
		close(fd);
	}
}

/* Another mount that is there and shows what @m is to show; -EAGAIN: not yet. */
static int bind_make(struct restore *r, struct mnt_tree *t, const struct mnt *m)
{
	array_for_each(&t->mounts, o) {
		const char *below = path_below(m->e->root, o->e->root);
		char path[PATH_MAX * 2];

		if (!o->done || o == m || o->e->root_dev != m->e->root_dev || !below)
			continue;
		snprintf(path, sizeof(path), "%s/%s", o->e->mountpoint, below);
		if (m->e->fstype == FSTYPE__DEVPTS && access(path, F_OK))
			console_make(r, o, m->e->root + 1);
		return tree_clone(path);
	}
	return -EAGAIN;
}

static int mnt_place(struct restore *r, struct mnt *m, int fd)
{
	unsigned long flags = m->e->flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC |
					     MS_NOATIME | MS_NODIRATIME | MS_RELATIME |
					     MS_STRICTATIME);
	const char *at = m->e->mountpoint;

	if (!m->root &&
	    syscall(SYS_move_mount, fd, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH))
		return errno == ENOENT ? fail(r->ctx.err, -ENOENT, NO_PLACE, at) :
		       fail_errno(r->ctx.err, -errno, "mounting %s on %s", m->e->source, at);
	if (m->first && m->fs->has_content) {
		int ret = mnt_content_load(r, m->e, fd);

		if (ret)
			return ret;
	}
	if (m->first && m->e->has_sb_flags && m->e->sb_flags & MS_RDONLY &&
	    mount(NULL, at, NULL, MS_REMOUNT | MS_RDONLY, NULL))
		return fail_errno(r->ctx.err, -errno, "making the file system of %s read-only", at);
	if (mount(NULL, at, NULL, MS_REMOUNT | MS_BIND | flags, NULL))
		return fail_errno(r->ctx.err, -errno, "the flags of mount %s", at);
	m->done = true;
	return 0;
}

/* *ret_progress when the mount is there now. */
static int mnt_make(struct restore *r, struct mnt_tree *t, struct mnt *m, bool *ret_progress)
{
	struct mnt *parent = mnt_by_id(t, m->e->parent_mnt_id);
	int fd, ret;

	if (m->done || (parent && !parent->done))
		return 0;
	if (m->source)
		fd = m->source_fd;
	else
		fd = m->first ? fs_make(m) : bind_make(r, t, m);
	if (fd == -EAGAIN)
		return 0;
	if (fd < 0)
		return fail_errno(r->ctx.err, fd, "making the mount %s (%s)", m->e->mountpoint,
				  m->fs ? m->fs->name : "bind");
	ret = mnt_place(r, m, fd);
	close(fd);
	m->source_fd = -1;
	*ret_progress = true;
	return ret;
}

static int mounts_make(struct restore *r, struct mnt_tree *t)
{
	bool progress = true;
	int ret = 0;

	while (progress && !ret) {
		progress = false;
		for (size_t i = t->mounts.nr; i > 0 && !ret; i--)
			ret = mnt_make(r, t, &t->mounts.items[i - 1], &progress);
	}
	for (size_t i = 0; i < t->mounts.nr && !ret; i++) {
		const struct mnt *m = &t->mounts.items[i];

		if (!m->done)
			ret = fail(r->ctx.err, -EOPNOTSUPP,
				   "the mount %s shows %s of a file system "
				   "that no other mount of the tree has; it cannot be made",
				   m->e->mountpoint, m->e->root);
	}
	return ret;
}

/* Only once all are there, so that none is copied to where it was not. */
static int mounts_share(struct restore *r, struct mnt_tree *t)
{
	array_for_each(&t->mounts, m) {
		if (m->e->has_shared_id && m->e->shared_id &&
		    mount(NULL, m->e->mountpoint, NULL, MS_SHARED, NULL))
			return fail_errno(r->ctx.err, -errno, "sharing the mount %s",
					  m->e->mountpoint);
	}
	return 0;
}

static int mnt_restore(struct restore *r)
{
	struct mnt_tree *t = r->ns->mnt;
	int root_fd = -1, ret;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return fail_errno(r->ctx.err, -errno, "making the mounts private");
	ret = sources_open(r, t, &root_fd);
	if (!ret)
		ret = root_enter(r, root_fd);
	array_for_each(&t->mounts, m) {
		if (m->root && !ret)
			ret = mnt_place(r, m, root_fd);
	}
	if (root_fd >= 0)
		close(root_fd);
	if (!ret)
		ret = mounts_make(r, t);
	return ret ? ret : mounts_share(r, t);
}

const struct ns_kind mnt_ns_kind = {
	.type = NS_MNT,
	.name = "mnt",
	.clone_flag = CLONE_NEWNS,
	.look = mnt_look,
	.dump = mnt_dump,
	.read = mnt_read,
	.restore = mnt_restore,
};
