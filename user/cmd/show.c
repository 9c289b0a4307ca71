// SPDX-License-Identifier: GPL-2.0
/*
 * `crctl show DIR` and `crctl show FILE`: what a checkpoint holds. Reads only, needs
 * no privilege but that to read the images, and goes on past what is broken.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "cmd/show.h"
#include "image/json.h"
#include "lib/cleanup.h"

/* How many bytes a base64 string stands for. */
static size_t base64_len(const json_t *text)
{
	size_t len = json_string_length(text);
	const char *chars = json_string_value(text);
	size_t padding = len && chars[len - 1] == '=' ? 1 + (chars[len - 2] == '=') : 0;

	return len / 4 * 3 - padding;
}

static void entry_text(json_t *entry, size_t number)
{
	const json_t *extra = json_object_get(entry, "extra");

	printf("\n%s %zu\n", json_string_value(json_object_get(entry, "message")), number);
	json_object_del(entry, "message");
	if (extra)
		json_object_set_new(entry, "extra",
				    json_sprintf("%zu bytes (--json has them)", base64_len(extra)));
	show_text_value(entry, 1);
}

static void file_text(const char *path, json_t *file)
{
	json_t *entries = json_object_get(file, "entries"), *entry, *pages;
	size_t i;

	show_text_safe(path);
	printf(": %s", json_string_value(json_object_get(file, "magic")));
	pages = json_object_get(file, "pages");
	if (pages)
		printf(", %lld page(s)\n", (long long)json_integer_value(pages));
	else
		printf(", %zu %s\n", json_array_size(entries),
		       json_array_size(entries) == 1 ? "entry" : "entries");
	json_array_foreach(entries, i, entry)
		entry_text(entry, i + 1);
}

static int show_file(const char *path, bool json, struct err *err)
{
	struct image_reader *r;
	enum image_type type;
	json_t *file;
	int ret;

	ret = image_read_open_path(AT_FDCWD, path, &type, &r);
	if (ret)
		return fail(err, ret, "%s", image_error());
	file = image_json_file(r, type, &ret);
	image_read_close(r);
	if (!file)
		return fail(err, -ENOMEM, "No memory to show %s.", path);
	if (json)
		json_dumpf(file, stdout, JSON_INDENT(2));
	else
		file_text(path, file);
	if (json)
		putchar('\n');
	json_decref(file);
	return ret ? fail(err, ret, "%s", image_error()) : 0;
}

static int dir_show(int fd, const char *path, bool json, struct err *err)
{
	json_t *dir = show_dir(fd, path), *problems = json_object_get(dir, "problems");
	int ret = 0;

	if (!dir)
		return fail(err, -ENOMEM, "No memory to show %s.", path);
	if (json)
		json_dumpf(dir, stdout, JSON_INDENT(2));
	else
		show_text_dir(dir);
	if (json)
		putchar('\n');
	if (json_array_size(problems))
		ret = fail(err, -EINVAL, "%s", json_string_value(json_array_get(problems, 0)));
	json_decref(dir);
	return ret;
}

static int show_path(const char *path, bool json, struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	int ret;

	if (fd < 0 && errno != ENOTDIR)
		return fail(err, -errno, "%s: %s.", path, strerror(errno));
	ret = fd < 0 ? show_file(path, json, err) : dir_show(fd, path, json, err);
	if (fflush(stdout) && !ret)
		ret = fail(err, -errno, "The output could not be written: %s.", strerror(errno));
	return ret;
}

int cmd_show(const struct options *opts, struct err *err)
{
	const char *path = opts->args.nr ? opts->args.items[0] : opts->images_dir;

	if (opts->args.nr > 1 || !path) {
		fail_usage(err, "show takes one directory of images, or one image");
		return err->exit_code;
	}
	return show_path(path, opts->json, err) ? err->exit_code : EXIT_DONE;
}
