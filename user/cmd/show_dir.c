// SPDX-License-Identifier: GPL-2.0
/*
 * A directory of images as one JSON value: the checkpoint as a whole, then each
 * task. Images that are missing or broken become "problems" and are passed over.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/show.h"
#include "image/inventory.pb-c.h"
#include "image/json.h"
#include "image/pstree.pb-c.h"
#include "image/stats.pb-c.h"
#include "lib/cleanup.h"

void show_problem(struct show *s)
{
	(void)json_array_append_new(s->problems, image_json_text(image_error()));
}

ProtobufCMessage *show_read(struct show *s, enum image_type type, unsigned long id, bool required)
{
	ProtobufCMessage *msg;
	int ret = image_read_one(s->dir_fd, type, id, image_kinds[type].entry, &msg);

	if (!ret)
		return msg;
	if (ret != -ENOENT || required)
		show_problem(s);
	return NULL;
}

static int list_add(void *arg, ProtobufCMessage *msg)
{
	ProtobufCMessage **place = array_add((struct show_list *)arg);

	if (!place) {
		protobuf_c_message_free_unpacked(msg, NULL);
		return -ENOMEM;
	}
	*place = msg;
	return 0;
}

struct show_list show_read_list(struct show *s, enum image_type type, unsigned long id,
				bool required)
{
	const struct image_kind *kind = &image_kinds[type];
	struct show_list list = { 0 };
	struct image_reader *r;
	ProtobufCMessage *msg;
	int ret = image_read_open(s->dir_fd, type, id, &r);

	if (ret) {
		if (ret != -ENOENT || required)
			show_problem(s);
		return list;
	}
	ret = image_read(r, kind->first ? kind->first : kind->entry, &msg);
	while (ret == 1 && !list_add(&list, msg))
		ret = image_read(r, kind->entry, &msg);
	if (ret < 0)
		show_problem(s);
	image_read_close(r);
	return list;
}

void show_list_free(struct show_list *list)
{
	array_for_each(list, msg)
		protobuf_c_message_free_unpacked(*msg, NULL);
	array_free(list);
}

static void inventory_add(struct show *s, json_t *dir)
{
	InventoryEntry *e = (InventoryEntry *)show_read(s, IMG_INVENTORY, 0, false);

	json_object_set_new(dir, "complete", json_boolean(e));
	if (!e) {
		if (!json_array_size(s->problems))
			json_array_append_new(s->problems,
					      json_string("inventory.img: no such file; the "
							  "directory holds no checkpoint, "
							  "or the dump did not finish."));
		return;
	}
	json_object_set_new(dir, "inventory", image_json(&e->base));
	protobuf_c_message_free_unpacked(&e->base, NULL);
}

static void statistics_add(struct show *s, json_t *dir)
{
	StatsEntry *e = (StatsEntry *)show_read(s, IMG_STATS_DUMP, 0, false);

	if (!e)
		return;
	if (e->dump)
		json_object_set_new(dir, "dump_statistics", image_json(&e->dump->base));
	protobuf_c_message_free_unpacked(&e->base, NULL);
}

static void image_add(json_t *images, int dir_fd, const char *name)
{
	enum image_type type;
	unsigned long id;
	struct stat st;
	json_t *image;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return;
	image = json_pack("{s:o s:I}", "name", image_json_text(name), "bytes",
			  (json_int_t)st.st_size);
	if (!image_parse_name(name, &type, &id))
		json_object_set_new(image, "kind", json_string(image_kinds[type].label));
	json_array_append_new(images, image);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(json_string_value(json_object_get(*(json_t *const *)a, "name")),
		      json_string_value(json_object_get(*(json_t *const *)b, "name")));
}

/* The files of the directory, by name. */
static json_t *images_json(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	json_t *images = json_array(), *sorted = json_array();
	ARRAY_OF(json_t *) list = { 0 };
	struct dirent *entry;
	json_t *image;
	size_t i;

	while (stream && (entry = readdir(stream)))
		image_add(images, dir_fd, entry->d_name);
	json_array_foreach(images, i, image) {
		json_t **place = array_add(&list);

		if (place)
			*place = image;
	}
	if (list.nr)
		qsort(list.items, list.nr, sizeof(*list.items), by_name);
	array_for_each(&list, place)
		json_array_append(sorted, *place);
	array_free(&list);
	json_decref(images);
	return sorted;
}

static json_t *tasks_json(struct show *s)
{
	struct show_list list = show_read_list(s, IMG_PSTREE, 0, true);
	json_t *tasks = json_array();

	array_for_each(&list, msg)
		json_array_append_new(tasks, show_task(s, (PstreeEntry *)*msg));
	show_list_free(&list);
	return tasks;
}

json_t *show_dir(int dir_fd, const char *path)
{
	struct show s = { .dir_fd = dir_fd, .problems = json_array(), .owners = json_object() };
	json_t *dir = json_pack("{s:o}", "directory", image_json_text(path));
	int ret = 0;

	inventory_add(&s, dir);
	statistics_add(&s, dir);
	show_files_load(&s);
	ret |= json_object_set_new(dir, "tasks", tasks_json(&s));
	ret |= json_object_set_new(dir, "images", images_json(dir_fd));
	ret |= json_object_set_new(dir, "problems", s.problems);
	show_files_free(&s);
	json_decref(s.owners);
	if (!ret)
		return dir;
	json_decref(dir);
	return NULL;
}
