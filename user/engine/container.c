// SPDX-License-Identifier: GPL-2.0
/*
 * A container as the kernel shows it, in /proc/PID of its init: what its root directory is
 * made of, and where its standard streams lead. See container.h.
 */
#include "engine/container.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/log.h"
#include "ns/mnt.h"

#define MOUNT_DATA_MAX 4095	/* of mount(2): one page */

/* The value of @key in @options, words with commas between; a copy, NULL: none. */
static char *option_value(const char *options, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = options; *at; at += *at == ',') {
		size_t word = strcspn(at, ",");

		if (word > len && !strncmp(at, key, len) && at[len] == '=')
			return strndup(at + len + 1, word - len - 1);
		at += word;
	}
	return NULL;
}

/* Lower directories may be relative to the storage, in which the upper one is ID/diff. */
static int lower_write(FILE *f, const char *lower, const char *upper)
{
	auto_free char *text = strdup(lower), *base = strdup(upper);
	char *save, *cut;

	if (!text || !base)
		return -ENOMEM;
	for (int i = 0; i < 2; i++) {
		cut = strrchr(base, '/');
		if (cut)
			*cut = 0;
	}
	fputs("lowerdir=", f);
	for (char *dir = strtok_r(text, ":", &save), *sep = (char *)""; dir;
	     dir = strtok_r(NULL, ":", &save), sep = (char *)":")
		fprintf(f, "%s%s%s%s", sep, *dir == '/' ? "" : base, *dir == '/' ? "" : "/", dir);
	return 0;
}

/* Options as mountinfo has them, for a mount of the same layers from anywhere. */
static int overlay_options(struct container *c, const char *super)
{
	auto_free char *text = strdup(super), *lower = option_value(super, "lowerdir");
	size_t len = 0;
	char *save, *word;
	FILE *f;

	c->upper = option_value(super, "upperdir");
	if (!text || !lower || !c->upper)
		return -EINVAL;
	f = open_memstream(&c->root_options, &len);
	if (!f || lower_write(f, lower, c->upper)) {
		if (f)
			fclose(f);
		return -ENOMEM;
	}
	for (word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save))
		if (strcmp(word, "rw") && strcmp(word, "ro") && strncmp(word, "lowerdir=", 9))
			fprintf(f, ",%s", word);
	return fclose(f) ? -errno : len > MOUNT_DATA_MAX ? -E2BIG : 0;
}

static const struct mnt_line *root_line(const struct mnt_lines *lines)
{
	const struct mnt_line *root = NULL;

	array_for_each(&lines->items, l)
		if (!strcmp(l->mountpoint, "/"))
			root = l;
	return root;
}

static int root_look(struct container *c, struct err *err)
{
	struct mnt_lines tree = { 0 }, host = { 0 };
	char path[PATH_MAX];
	const struct mnt_line *root;
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", c->pid);
	ret = mnt_lines_read(path, &tree);
	if (!ret)
		ret = mnt_lines_read("/proc/self/mountinfo", &host);
	root = root_line(&tree);
	if (ret || !root)
		ret = ret ? ret : -EINVAL;
	else if (!strcmp(root->type, "overlay") && !strcmp(root->root, "/"))
		ret = overlay_options(c, root->super);
	else if (!(ret = mnt_lines_path(&host, root, path, sizeof(path))))
		c->root_path = strdup(path);
	if (!ret && !c->root_path && !c->root_options)
		ret = -ENOMEM;
	if (ret)
		fail_errno(err, ret,
			   "pid %d: its root directory (%s, type %s) cannot be found on "
			   "this machine",
			   c->pid, root ? root->root : "?", root ? root->type : "?");
	mnt_lines_free(&tree);
	mnt_lines_free(&host);
	return ret;
}

static int streams_look(struct container *c, struct err *err)
{
	for (int i = 0; i < 3; i++) {
		char path[64], link[PATH_MAX];
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", c->pid, i);
		len = readlink(path, link, sizeof(link) - 1);
		link[len > 0 ? len : 0] = 0;
		c->streams[i] = strdup(link);
		if (!c->streams[i])
			return fail_errno(err, -ENOMEM, "descriptors");
	}
	return 0;
}

int container_look(struct container *c, struct err *err)
{
	int ret = root_look(c, err);

	return ret ? ret : streams_look(c, err);
}

int container_root_make(const struct container *c, struct err *err, const char **ret_path)
{
	*ret_path = c->root_path ? c->root_path : c->upper;
	if (c->root_path)
		return 0;
	/* on the upper directory, which is there in any case; what is mounted stays with us */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return fail_errno(err, -errno, "a mount namespace of crctl's own");
	if (mount("overlay", c->upper, "overlay", 0, c->root_options))
		return fail_errno(err, -errno,
				  "the layers of the container's root directory cannot "
				  "be mounted (%s)",
				  c->root_options);
	return 0;
}

void container_free(struct container *c)
{
	free(c->runtime);
	free(c->id);
	free(c->root_path);
	free(c->root_options);
	free(c->upper);
	for (int i = 0; i < 3; i++)
		free(c->streams[i]);
}
