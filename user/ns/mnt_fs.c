// SPDX-License-Identifier: GPL-2.0
/* File systems that can be mounted anew inside of a container, and mountinfo's lines. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/path.h"
#include "ns/mnt.h"

static const struct mnt_fs known[] = {
	{ "proc", FSTYPE__PROC, false, false },
	{ "sysfs", FSTYPE__SYSFS, false, false },
	{ "tmpfs", FSTYPE__TMPFS, true, false },
	{ "devpts", FSTYPE__DEVPTS, false, false },
	{ "mqueue", FSTYPE__MQUEUE, false, false },
	{ "devtmpfs", FSTYPE__DEVTMPFS, false, false },
	{ "securityfs", FSTYPE__SECURITYFS, false, false },
	{ "debugfs", FSTYPE__DEBUGFS, false, false },
	{ "tracefs", FSTYPE__TRACEFS, false, false },
	{ "pstore", FSTYPE__PSTORE, false, false },
	{ "fusectl", FSTYPE__FUSECTL, false, false },
	{ "cgroup", FSTYPE__CGROUP, false, true },
	{ "cgroup2", FSTYPE__CGROUP2, false, true },
	{ "binfmt_misc", FSTYPE__BINFMT_MISC, false, false },
};

/* By --enable-fs, under the name that the image has beside the type. */
static const struct mnt_fs any = { NULL, FSTYPE__AUTO, false, false };

const struct mnt_fs *mnt_fs_find(const char *name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(known[i].name, name))
			return &known[i];
	}
	return NULL;
}

const struct mnt_fs *mnt_fs_of(Fstype type)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].type == type)
			return &known[i];
	}
	return type == FSTYPE__AUTO ? &any : NULL;
}

bool mnt_fs_enabled(const struct external_list *enabled, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < enabled->items.nr; i++) {
		for (const char *at = enabled->items.items[i]; *at; at += *at == ',') {
			size_t word = strcspn(at, ",");

			if ((word == len && !memcmp(at, name, len)) ||
			    (word == 3 && !memcmp(at, "all", 3)))
				return true;
			at += word;
		}
	}
	return false;
}

int mnt_clone(const char *path)
{
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Blanks and backslashes are written in octal. In place. */
static char *unescape(char *text)
{
	char *to = text;

	for (char *from = text; *from; from++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] && from[3]) {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
				       (from[3] - '0'));
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
	return text;
}

static int line_take(char **field, const char *text)
{
	if (!text)
		return -EINVAL;
	*field = strdup(text);
	return *field ? 0 : -ENOMEM;
}

static int line_parse(char *text, struct mnt_line *line)
{
	unsigned int major, minor;
	char *save, *word;
	int ret;

	word = strtok_r(text, " \n", &save);
	line->id = word ? (uint32_t)strtoul(word, NULL, 10) : 0;
	word = strtok_r(NULL, " \n", &save);
	line->parent = word ? (uint32_t)strtoul(word, NULL, 10) : 0;
	word = strtok_r(NULL, " \n", &save);
	if (!word || sscanf(word, "%u:%u", &major, &minor) != 2)
		return -EINVAL;
	line->dev = major << 20 | minor;
	ret = line_take(&line->root, strtok_r(NULL, " \n", &save));
	if (!ret)
		ret = line_take(&line->mountpoint, strtok_r(NULL, " \n", &save));
	if (!ret)
		ret = line_take(&line->options, strtok_r(NULL, " \n", &save));
	while (!ret && (word = strtok_r(NULL, " \n", &save)) && strcmp(word, "-")) {
		(void)sscanf(word, "shared:%u", &line->shared_id);
		(void)sscanf(word, "master:%u", &line->master_id);
		line->unbindable |= !strcmp(word, "unbindable");
	}
	if (!ret)
		ret = line_take(&line->type, strtok_r(NULL, " \n", &save));
	if (!ret)
		ret = line_take(&line->source, strtok_r(NULL, " \n", &save));
	if (!ret)
		ret = line_take(&line->super, strtok_r(NULL, " \n", &save));
	if (ret)
		return ret;
	unescape(line->root);
	unescape(line->mountpoint);
	unescape(line->source);
	return 0;
}

int mnt_lines_read(const char *path, struct mnt_lines *ret_lines)
{
	auto_fclose FILE *f = fopen(path, "re");
	auto_free char *text = NULL;
	size_t room = 0;
	int ret = 0;

	if (!f)
		return -errno;
	while (!ret && getline(&text, &room, f) > 0) {
		struct mnt_line *line = array_add(&ret_lines->items);

		if (!line)
			return -ENOMEM;
		*line = (struct mnt_line){ 0 };
		ret = line_parse(text, line);
	}
	return ret;
}

void mnt_lines_free(struct mnt_lines *lines)
{
	array_for_each(&lines->items, l) {
		free(l->root);
		free(l->mountpoint);
		free(l->options);
		free(l->type);
		free(l->source);
		free(l->super);
	}
	array_free(&lines->items);
}

/* Is the mount @l what one sees at @path, or does another lie over it? */
static bool line_visible(const struct mnt_lines *lines, const struct mnt_line *l, const char *path)
{
	const struct mnt_line *top = NULL;

	array_for_each(&lines->items, o) {
		if (path_below(path, o->mountpoint) &&
		    (!top || strlen(o->mountpoint) >= strlen(top->mountpoint)))
			top = o;
	}
	return top == l;
}

int mnt_lines_path(const struct mnt_lines *lines, const struct mnt_line *l, char *path,
		   size_t size)
{
	array_for_each(&lines->items, o) {
		const char *below = path_below(l->root, o->root);
		const char *base = strcmp(o->mountpoint, "/") ? o->mountpoint : "";

		if (o->dev != l->dev || !below)
			continue;
		below += *below == '/';
		if ((size_t)snprintf(path, size, "%s%s%s", base, *below || !*base ? "/" : "",
				     below) < size && line_visible(lines, o, path))
			return 0;
	}
	return -ENOENT;
}
