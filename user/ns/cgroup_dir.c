// SPDX-License-Identifier: GPL-2.0
/*
 * The directories of cgroups. A dump writes those that the tree has for itself, with all
 * below; not the one that crctl is in too, and not the root. A restore makes what is
 * missing, and takes it away again when it fails.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kapi/freezer.h"
#include "lib/cleanup.h"
#include "lib/path.h"
#include "ns/cgroup.h"
#include "ns/ns.h"

/* ---- dump ---- */

/* One that crctl itself has let go on for the time of the dump. */
static void paused_note(const struct dump *d, int fd, CgroupDirEntry *e)
{
	struct stat dir, frozen;

	if (!d->was_paused || fstat(fd, &dir) || fstat(d->freezer->dir_fd, &frozen) ||
	    dir.st_ino != frozen.st_ino || dir.st_dev != frozen.st_dev)
		return;
	for (size_t i = 0; i < e->n_properties; i++) {
		CgroupPropEntry *p = e->properties[i];
		bool v1 = !strcmp(p->name, "freezer.state");
		char *value = v1 || !strcmp(p->name, "cgroup.freeze") ?
				      strdup(v1 ? "FROZEN" : "1") : NULL;

		if (value) {
			free(p->value);
			p->value = value;
		}
	}
}

static int dir_fill(struct dump *d, const struct cgroup_hier *h, int fd, CgroupDirEntry *e);

static int child_add(struct dump *d, const struct cgroup_hier *h, int dir_fd, const char *name,
		     CgroupDirEntry *e)
{
	auto_close int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CgroupDirEntry **more, *child;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;	/* somebody removes it just now */
	more = realloc(e->children, (e->n_children + 1) * sizeof(*more));
	child = malloc(sizeof(*child));
	if (more)
		e->children = more;
	if (!more || !child) {
		free(child);
		return -ENOMEM;
	}
	cgroup_dir_entry__init(child);
	e->children[e->n_children++] = child;
	child->dir_name = strdup(name);
	return child->dir_name ? dir_fill(d, h, fd, child) : -ENOMEM;
}

static int dir_fill(struct dump *d, const struct cgroup_hier *h, int fd, CgroupDirEntry *e)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	struct stat st;
	int ret = dir && !fstat(fd, &st) ? 0 : -errno;

	if (ret)
		return ret;
	e->dir_perms = cgroup_perms_of(&st);
	if (!e->dir_perms)
		return -ENOMEM;
	ret = cgroup_props_dump(d->ctx.cgroups, h, fd, e);
	paused_note(d, fd, e);
	while (!ret && (entry = readdir(dir))) {
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			ret = child_add(d, h, fd, entry->d_name, e);
	}
	return ret;
}

int cgroup_dir_dump(struct dump *d, const struct cgroup_hier *h, const char *path,
		    CgroupDirEntry **ret)
{
	auto_close int fd = openat(h->fd, cgroup_path(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CgroupDirEntry *e = malloc(sizeof(*e));
	int err = fd < 0 ? -errno : 0;

	if (!e)
		return -ENOMEM;
	cgroup_dir_entry__init(e);
	e->dir_name = strdup(cgroup_path(path));
	if (!err)
		err = e->dir_name ? dir_fill(d, h, fd, e) : -ENOMEM;
	if (err) {
		cgroup_dir_entry__free_unpacked(e, NULL);
		return err;
	}
	*ret = e;
	return 0;
}

/* ---- restore ---- */

/* crctl's own cgroup, or one above it. */
static bool is_own(const struct cgroup_hier *h, const char *path)
{
	return path_below(h->own, path);
}

static struct cgroup_dir *dir_find(struct cgroup_restore *c, const struct cgroup_hier *h,
				   const char *path)
{
	array_for_each(&c->dirs, dir) {
		if (dir->hier == h && !strcmp(dir->path, path))
			return dir;
	}
	return NULL;
}

int cgroup_dirs_add(struct cgroup_restore *c, struct cgroup_hier *hier, const char *path)
{
	for (const char *at = path; *at;) {
		auto_free char *part = NULL;
		struct cgroup_dir *dir;

		at += 1 + strcspn(at + 1, "/");
		part = strndup(path, (size_t)(at - path));
		if (!part)
			return -ENOMEM;
		if (is_own(hier, part) || dir_find(c, hier, part))
			continue;
		dir = array_add(&c->dirs);
		if (!dir)
			return -ENOMEM;
		dir->hier = hier;
		dir->path = steal_ptr(part);
	}
	return 0;
}

static int dir_open(const struct cgroup_dir *dir)
{
	int fd = openat(dir->hier->fd, cgroup_path(dir->path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* No task can be in a cpuset without CPUs or memory: as above it, until more is known. */
static void cpuset_begin(int fd)
{
	static const char *const names[] = { "cpuset.cpus", "cpuset.mems" };

	for (int i = 0; i < 2; i++) {
		auto_free char *now = cgroup_file_read(fd, names[i]), *above = NULL;
		auto_close int up = -1;

		if (!now || *now)
			continue;
		up = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		above = up < 0 ? NULL : cgroup_file_read(up, names[i]);
		if (above && *above)
			(void)cgroup_file_write(fd, names[i], above);	/* a task shows it */
	}
}

static int perms_set(int dir_fd, const char *name, const CgroupPerms *perms)
{
	struct stat st;

	if (!perms || fstatat(dir_fd, name, &st, 0))
		return 0;
	if ((st.st_uid != perms->uid || st.st_gid != perms->gid) &&
	    fchownat(dir_fd, name, perms->uid, perms->gid, 0))
		return -errno;
	return (st.st_mode & 07777) != (perms->mode & 07777) &&
	       fchmodat(dir_fd, name, perms->mode & 07777, 0) ? -errno : 0;
}

static int dir_perms_set(const struct cgroup_dir *dir, int fd)
{
	int ret = dir->entry ? perms_set(fd, ".", dir->entry->dir_perms) : 0;

	for (size_t i = 0; dir->entry && i < dir->entry->n_properties && !ret; i++)
		ret = perms_set(fd, dir->entry->properties[i]->name,
				dir->entry->properties[i]->perms);
	return ret;
}

/* Are its properties to be set? */
static bool dir_has_props(const struct restore *r, const struct cgroup_dir *dir)
{
	enum cgroup_mode mode = r->ctx.cgroups->mode;

	if (!dir->entry || mode == CGROUPS_NONE)
		return false;
	return dir->made || mode != CGROUPS_SOFT;
}

static int prop_failed(struct restore *r, const struct cgroup_dir *dir, const CgroupPropEntry *p,
		       int ret)
{
	/* another kernel, or the controller is not on here */
	if (ret == -ENOENT || ret == -EOPNOTSUPP || ret == -ENODEV) {
		log_warn("cgroup %s: %s cannot be set on this machine, continuing", dir->path,
			 p->name);
		return 0;
	}
	return fail_errno(r->ctx.err, ret, "cgroup %s: setting %s to %s", dir->path, p->name,
			  p->value);
}

static int prop_restore(struct restore *r, struct cgroup_restore *c, const struct cgroup_dir *dir,
			int fd, const CgroupPropEntry *p)
{
	struct cgroup_old *old;
	char *before;
	int ret = cgroup_prop_set(fd, p->name, p->value, &before);

	if (ret || !before)
		return ret;
	old = dir->made ? NULL : array_add(&c->old);
	if (!old) {
		free(before);
		return dir->made ? 0 : -ENOMEM;
	}
	*old = (struct cgroup_old){ dir, p->name, before };
	return 0;
}

/* Some depend on others: those that cannot be set are tried again after all. */
static int props_restore(struct restore *r, struct cgroup_restore *c, const struct cgroup_dir *dir,
			 int fd, enum cgroup_when when)
{
	size_t nr = dir->entry->n_properties;
	auto_free bool *again = calloc(nr + 1, sizeof(*again));

	if (!again)
		return -ENOMEM;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < nr; i++) {
			const CgroupPropEntry *p = dir->entry->properties[i];
			int ret;

			if (cgroup_prop_when(p->name, p->value) != when || (round && !again[i]))
				continue;
			ret = prop_restore(r, c, dir, fd, p);
			again[i] = ret;
			if (ret && round)
				ret = prop_failed(r, dir, p, ret);
			if (ret && round)
				return ret;
		}
	}
	return 0;
}

static int dir_make(struct restore *r, struct cgroup_restore *c, struct cgroup_dir *dir)
{
	enum cgroup_mode mode = r->ctx.cgroups->mode;
	auto_close int fd = -1;
	int ret;

	if (mode == CGROUPS_NONE || mode == CGROUPS_PROPS) {
		fd = dir_open(dir);
		return fd >= 0 || !dir->entry ? 0 :
			fail(r->ctx.err, -ENOENT, "the cgroup %s of %s does not exist; make it, or "
			     "use --manage-cgroups=soft", dir->path,
			     cgroup_hier_name(dir->hier));
	}
	if (!mkdirat(dir->hier->fd, cgroup_path(dir->path), 0755))
		dir->made = true;
	else if (errno != EEXIST)
		return fail_errno(r->ctx.err, -errno, "making the cgroup %s of %s", dir->path,
				  dir->hier->names);
	else if (mode == CGROUPS_STRICT && dir->entry && !is_own(dir->hier, dir->path))
		return fail(r->ctx.err, -EEXIST, "the cgroup %s of %s exists already, which "
			    "--manage-cgroups=strict does not allow", dir->path,
			    cgroup_hier_name(dir->hier));
	fd = dir_open(dir);
	if (fd < 0)
		return fail_errno(r->ctx.err, fd, "the cgroup %s", dir->path);
	if (!dir->made)
		return 0;
	cpuset_begin(fd);
	ret = dir_perms_set(dir, fd);
	return ret ? fail_errno(r->ctx.err, ret, "the owner of the cgroup %s", dir->path) : 0;
}

static int dirs_props(struct restore *r, struct cgroup_restore *c, enum cgroup_when when)
{
	array_for_each(&c->dirs, dir) {
		auto_close int fd = dir_has_props(r, dir) ? dir_open(dir) : -1;
		int ret = fd < 0 ? 0 : props_restore(r, c, dir, fd, when);

		if (ret)
			return r->ctx.err->ret ? ret : fail_errno(r->ctx.err, ret, "cgroups");
	}
	return 0;
}

int cgroup_dirs_make(struct restore *r, struct cgroup_restore *c)
{
	int ret = 0;

	for (size_t i = 0; i < c->dirs.nr && !ret; i++)
		ret = dir_make(r, c, &c->dirs.items[i]);
	return ret ? ret : dirs_props(r, c, CGROUP_BEFORE);
}

int cgroup_dirs_set(struct restore *r, struct cgroup_restore *c)
{
	return dirs_props(r, c, CGROUP_AFTER);
}

void cgroup_dirs_freeze(struct restore *r, struct cgroup_restore *c)
{
	/* the tree is there already, and said why */
	if (dirs_props(r, c, CGROUP_LAST))
		log_warn("%s, continuing", r->ctx.err->text);
}

/* The kernel needs a moment for tasks that have just ended. */
static void dir_remove(const struct cgroup_dir *dir)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; i < 500; i++) {
		if (!unlinkat(dir->hier->fd, cgroup_path(dir->path), AT_REMOVEDIR) ||
		    errno != EBUSY)
			return;
		nanosleep(&moment, NULL);
	}
	log_warn("the cgroup %s is in use and stays", dir->path);
}

void cgroup_dirs_undo(struct restore *r, struct cgroup_restore *c)
{
	for (size_t i = c->old.nr; i > 0; i--) {
		const struct cgroup_old *old = &c->old.items[i - 1];
		auto_close int fd = dir_open(old->dir);
		char *now = NULL;

		if (fd < 0 || cgroup_prop_set(fd, old->name, old->value, &now))
			log_warn("cgroup %s: %s is not what it was, %s", old->dir->path, old->name,
				 old->value);
		free(now);
	}
	for (size_t i = c->dirs.nr; i > 0; i--) {
		if (c->dirs.items[i - 1].made)
			dir_remove(&c->dirs.items[i - 1]);
	}
}
