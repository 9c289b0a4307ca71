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
#include "lib/path.h"
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

/* Left out is also what lies below. */
static bool mnt_is_skipped(const struct ctx *ctx, const char *mountpoint)
{
	for (size_t i = 0; i < ctx->skip_mnt->items.nr; i++)
		if (path_below(mountpoint, ctx->skip_mnt->items.items[i]))
			return true;
	return false;
}

/* @path, of PATH_MAX bytes, is where crctl sees what was found. */
static enum mnt_origin line_origin(struct dump *d, struct mnt_view *v, const struct mnt_line *l,
				   char *path)
{
	const struct mnt_fs *fs = mnt_fs_find(l->type);

	if (l == v->root)
		return MNT_ROOT;
	if (mnt_is_skipped(&d->ctx, l->mountpoint))
		return MNT_SKIPPED;
	if (external_name(d->ctx.external, "mnt", l->mountpoint))
		return MNT_NAMED;
	/* what shares with outside cannot be made anew; it goes on sharing where it may */
	if (d->ctx.mnt_auto && mnt_reaches_out(d, v, l) && !mnt_host_path(d, v, l, path, PATH_MAX))
		return MNT_FOUND;
	if ((fs && (fs->cgroup || !strcmp(l->root, "/"))) ||
	    (mnt_fs_enabled(d->ctx.enable_fs, l->type) && !strcmp(l->root, "/")))
		return MNT_MADE;
	if (line_is_covered(&v->tree, l, v->root))
		return MNT_COVERED;
	if (d->ctx.mnt_auto && !mnt_host_path(d, v, l, path, PATH_MAX))
		return MNT_FOUND;
	return MNT_LOST;
}

static int line_check(struct dump *d, struct mnt_view *v, const struct mnt_line *l)
{
	char path[PATH_MAX];
	enum mnt_origin origin = line_origin(d, v, l, path);

	if (origin == MNT_SKIPPED)
		return 0;
	if (origin != MNT_LOST)
		return mnt_check_border(d, v, l, origin);
	return dump_refuse(d,
			   "the mount %s (%s of %s, type %s) comes from outside of the tree; name "
			   "it with --external mnt[%s]:NAME, and its source at the restore",
			   l->mountpoint, l->root, l->source, l->type, l->mountpoint);
}

static void entry_fill_origin(struct dump *d, MntEntry *e, const struct mnt_line *l,
			      enum mnt_origin origin, char *found)
{
	const char *name = external_name(d->ctx.external, "mnt", l->mountpoint);

	if (origin == MNT_NAMED)
		e->ext_key = (char *)(*name ? name : l->mountpoint);
	if (origin == MNT_FOUND) {
		e->ext_key = (char *)MNT_AUTO_KEY;
		e->source = found;
	}
	if (origin == MNT_MADE && e->fstype == FSTYPE__UNSUPPORTED)
		e->fstype = FSTYPE__AUTO;
}

static int entry_write(struct dump *d, struct image_writer *w, struct mnt_view *v,
		       const struct mnt_line *l, enum mnt_origin origin, char *found)
{
	const struct mnt_fs *fs = mnt_fs_find(l->type);
	auto_free char *rest = calloc(1, strlen(l->super) + sizeof(",newinstance"));
	unsigned long flags = flags_parse(l->options, mount_words, NULL);
	MntEntry e = MNT_ENTRY__INIT;

	if (!rest)
		return -ENOMEM;
	e.fstype = fs ? fs->type :
		   origin != MNT_MADE && !strcmp(l->type, "overlay") ? FSTYPE__OVERLAYFS :
		   FSTYPE__UNSUPPORTED;
	e.mnt_id = l->id;
	e.root_dev = l->dev;
	e.parent_mnt_id = l->parent;
	e.flags = (uint32_t)(flags & (MS_NOATIME | MS_RELATIME) ? flags : flags | MS_STRICTATIME);
	e.root = l->root;
	e.mountpoint = l->mountpoint;
	e.source = l->source;
	entry_fill_origin(d, &e, l, origin, found);
	if (l->unbindable)
		e.flags |= MS_UNBINDABLE;
	e.has_sb_flags = true;
	e.sb_flags = (uint32_t)flags_parse(l->super, super_words, rest);
	if (e.fstype == FSTYPE__DEVPTS)
		strcat(rest, *rest ? ",newinstance" : "newinstance");
	e.options = rest;
	e.has_shared_id = e.has_master_id = true;
	e.shared_id = l->shared_id;
	e.master_id = l->master_id;
	e.has_internal_sharing = l->shared_id;
	e.internal_sharing = !mnt_shared_outside(d, v, l);
	if (!fs && (e.fstype == FSTYPE__UNSUPPORTED || e.fstype == FSTYPE__AUTO))
		e.fsname = l->type;
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

static int view_open(struct dump *d, struct mnt_view *v)
{
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", d->root_pid);
	ret = mnt_lines_read(path, &v->tree);
	v->root = ret ? NULL : lines_root(&v->tree);
	if (ret || !v->root)
		return fail_errno(d->ctx.err, ret ? ret : -EINVAL,
				  "pid %d: its mounts cannot be read", d->root_pid);
	return 0;
}

static void view_close(struct mnt_view *v)
{
	mnt_lines_free(&v->tree);
	mnt_lines_free(&v->host);
}

static int mnt_look(struct dump *d)
{
	struct mnt_view v = { 0 };
	int ret = view_open(d, &v);

	for (size_t i = 0; i < v.tree.items.nr && !ret; i++)
		ret = line_check(d, &v, &v.tree.items.items[i]);
	view_close(&v);
	return ret;
}

static int mnt_dump(struct dump *d, uint32_t id)
{
	struct mnt_view v = { 0 };
	struct image_writer *w = NULL;
	char found[PATH_MAX];
	int close_ret, ret = view_open(d, &v);

	if (!ret)
		ret = image_write_open(d->ctx.images_fd, IMG_MNTS, id, &w);
	for (size_t i = 0; i < v.tree.items.nr && !ret; i++) {
		const struct mnt_line *l = &v.tree.items.items[i];
		enum mnt_origin origin = line_origin(d, &v, l, found);

		if (origin == MNT_SKIPPED)
			continue;
		ret = entry_write(d, w, &v, l, origin, found);
		if (!ret && origin == MNT_MADE && line_makes_fs(&v.tree, l))
			ret = mnt_content_save(d, l->mountpoint, l->dev);
	}
	close_ret = image_write_close(w);
	ret = ret ? ret : close_ret;
	view_close(&v);
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
	bool found = !path && !strcmp(m->e->ext_key, MNT_AUTO_KEY);

	if (found && !r->ctx.mnt_auto)
		return fail(r->ctx.err, -EINVAL, "the mount %s came from %s outside of the tree, "
			    "which was found by itself; allow it with --external mnt[]",
			    m->e->mountpoint, m->e->source);
	if (found)
		path = m->e->source[0] == '/' ? m->e->source : NULL;
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

/*
 * Mounts that share with others outside of the tree: copied from there, a mount is a peer,
 * which is made a slave where it was one. What lies below one that is shared would come up
 * outside, so that such a one is a slave too.
 */
static void tree_find_outside(struct mnt_tree *t)
{
	array_for_each(&t->mounts, m) {
		const MntEntry *e = m->e;
		bool inside = false, below = false;

		if (!m->source && !m->root)
			continue;
		array_for_each(&t->mounts, o) {
			inside |= o->e->shared_id == e->master_id;
			below |= o->e->parent_mnt_id == e->mnt_id;
		}
		m->outer_master = e->master_id && !inside;
		if (m->source && e->shared_id && !e->internal_sharing)
			*(below ? &m->outer_master : &m->outer_peer) = true;
	}
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
	tree_find_outside(t);
	array_for_each(&t->mounts, m) {
		bool known = false;

		m->fs = mnt_fs_of(m->e->fstype);
		array_for_each(&t->mounts, o)
			known |= o->first && o->e->root_dev == m->e->root_dev;
		m->first = m->fs && !m->e->ext_key &&
			   (m->fs->cgroup || (!known && !strcmp(m->e->root, "/")));
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
		struct mnt *m;

		if (mnt_is_skipped(&r->ctx, ((MntEntry *)msg)->mountpoint) &&
		    strcmp(((MntEntry *)msg)->mountpoint, "/")) {
			protobuf_c_message_free_unpacked(msg, NULL);
			continue;
		}
		m = array_add(&t->mounts);
		if (!m)
			ret = fail_errno(r->ctx.err, -ENOMEM, "mounts");
		if (ret < 0)
			break;
		*m = (struct mnt){ .e = (MntEntry *)msg, .source_fd = -1, .at_fd = -1 };
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

/* While the machine's own mounts can still be reached. */
static int sources_open(struct restore *r, struct mnt_tree *t, int *ret_root)
{
	const char *root = r->ctx.root ? r->ctx.root : "/";

	array_for_each(&t->mounts, m) {
		if (!m->source || m->root)
			continue;
		m->source_fd = mnt_clone(m->source);
		if (m->source_fd < 0)
			return fail_errno(r->ctx.err, m->source_fd,
					  "%s, which is to be mounted on %s", m->source,
					  m->e->mountpoint);
	}
	*ret_root = mnt_clone(root);
	return *ret_root < 0 ? fail_errno(r->ctx.err, *ret_root, "the root directory %s", root) : 0;
}

/* Put @root_fd where "/" was; everything that was there is gone from this namespace. */
static int root_enter(struct restore *r, int root_fd)
{
	const char *root = r->ctx.root ? r->ctx.root : "/";

	if (syscall(SYS_move_mount, root_fd, "", AT_FDCWD, root, MOVE_MOUNT_F_EMPTY_PATH))
		return fail_errno(r->ctx.err, -errno, "making %s the root directory", root);
	array_for_each(&r->ns->mnt->mounts, m) {
		int ret = m->root ? mnt_share_outside(r, m, root) : 0;

		if (ret)
			return ret;
	}
	if (fchdir(root_fd) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) ||
	    chdir("/"))
		return fail_errno(r->ctx.err, -errno, "making %s the root directory", root);
	return 0;
}

/* A new file system, not yet mounted anywhere; or -errno. */
static int fs_make(const struct mnt *m)
{
	const char *name = m->fs->name ? m->fs->name : m->e->fsname;
	auto_close int fs = (int)syscall(SYS_fsopen, name ? name : "", FSOPEN_CLOEXEC);
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
		return mnt_clone(path);
	}
	return -EAGAIN;
}

static int mnt_place(struct restore *r, struct mnt *m, int fd)
{
	unsigned long flags = m->e->flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC |
					     MS_NOATIME | MS_NODIRATIME | MS_RELATIME |
					     MS_STRICTATIME);
	const char *at = m->e->mountpoint;
	int ret = 0;

	if (!m->root &&
	    syscall(SYS_move_mount, fd, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH))
		return errno == ENOENT ? fail(r->ctx.err, -ENOENT, NO_PLACE, at) :
		       fail_errno(r->ctx.err, -errno, "mounting %s on %s", m->e->source, at);
	if (m->fs && m->fs->cgroup && m->first)
		ret = mnt_cgroup_narrow(r, m);
	if (!ret && m->source && !m->root)
		ret = mnt_share_outside(r, m, at);
	if (ret)
		return ret;
	if (m->first && m->fs->has_content) {
		ret = mnt_content_load(r, m->e, fd);
		if (ret)
			return ret;
	}
	/* a hierarchy of cgroups is the whole machine's */
	if (m->first && !m->fs->cgroup && m->e->has_sb_flags && m->e->sb_flags & MS_RDONLY &&
	    mount(NULL, at, NULL, MS_REMOUNT | MS_RDONLY, NULL))
		return fail_errno(r->ctx.err, -errno, "making the file system of %s read-only", at);
	if (mount(NULL, at, NULL, MS_REMOUNT | MS_BIND | flags, NULL))
		return fail_errno(r->ctx.err, -errno, "the flags of mount %s", at);
	if (m->e->shared_id || m->e->master_id || m->e->flags & MS_UNBINDABLE)
		m->at_fd = open(at, O_PATH | O_CLOEXEC | O_NOFOLLOW);
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
				  m->fs && m->fs->name ? m->fs->name : "bind");
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

static int mnt_restore(struct restore *r)
{
	struct mnt_tree *t = r->ns->mnt;
	int root_fd = -1, ret;

	/* while what is here shares with the machine's mounts, copies do too */
	ret = sources_open(r, t, &root_fd);
	if (!ret)
		ret = mnt_cgroup_own(r, t);
	if (!ret && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		ret = fail_errno(r->ctx.err, -errno, "making the mounts private");
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
	return ret ? ret : mnt_share(r, t);
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
