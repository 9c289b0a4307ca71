// SPDX-License-Identifier: GPL-2.0
/* container.json beside the images: what a restore of a container needs to know. */
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/container.h"
#include "lib/cleanup.h"

#define FILE_NAME "container.json"

static json_t *text_or_null(const char *text)
{
	json_t *value = text ? json_string(text) : NULL;

	return value ? value : json_null();
}

int container_save(const struct container *c, int dir_fd, struct err *err)
{
	json_t *all = json_pack("{s:o, s:o, s:o, s:o, s:o, s:[o, o, o]}", "runtime",
				text_or_null(c->runtime), "id", text_or_null(c->id), "root",
				text_or_null(c->root_path), "overlay",
				text_or_null(c->root_options), "upper", text_or_null(c->upper),
				"streams", text_or_null(c->streams[0]),
				text_or_null(c->streams[1]), text_or_null(c->streams[2]));
	auto_close int fd = openat(dir_fd, FILE_NAME,
				   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int ret = 0;

	if (fd < 0)
		ret = fail_errno(err, -errno, FILE_NAME " in the images directory");
	else if (!all || json_dumpfd(all, fd, JSON_INDENT(2)))
		ret = fail(err, -EIO, FILE_NAME " cannot be written");
	json_decref(all);
	return ret;
}

static int text_take(const json_t *value, char **ret_text)
{
	const char *text = json_string_value(value);

	if (text)
		*ret_text = strdup(text);
	return text && !*ret_text ? -ENOMEM : 0;
}

static int fields_take(const json_t *all, struct container *c)
{
	int ret = text_take(json_object_get(all, "runtime"), &c->runtime);

	ret = ret ? ret : text_take(json_object_get(all, "id"), &c->id);
	ret = ret ? ret : text_take(json_object_get(all, "root"), &c->root_path);
	ret = ret ? ret : text_take(json_object_get(all, "overlay"), &c->root_options);
	ret = ret ? ret : text_take(json_object_get(all, "upper"), &c->upper);
	for (size_t i = 0; i < 3 && !ret; i++)
		ret = text_take(json_array_get(json_object_get(all, "streams"), i),
				&c->streams[i]);
	return ret;
}

int container_load(int dir_fd, struct err *err, struct container *c)
{
	auto_close int fd = openat(dir_fd, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	json_t *all;
	int ret;

	if (fd < 0 && errno == ENOENT)
		return fail(err, -ENOENT, "the images directory has no " FILE_NAME ": it holds no "
			    "checkpoint of crctl container; give its directory with -D");
	if (fd < 0)
		return fail_errno(err, -errno, FILE_NAME " in the images directory");
	all = json_loadfd(fd, 0, NULL);
	ret = all ? fields_take(all, c) : -EINVAL;
	json_decref(all);
	if (!ret && !(c->root_path ? c->root_path[0] == '/' :
		      c->root_options && c->upper && c->upper[0] == '/'))
		ret = -EINVAL;
	return ret ? fail(err, ret, FILE_NAME " in the images directory is not what crctl "
			  "container writes") : 0;
}
