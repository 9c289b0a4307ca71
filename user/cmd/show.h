/* SPDX-License-Identifier: GPL-2.0 */
/*
 * `crctl show`: a checkpoint becomes one JSON value; --json prints it, otherwise
 * it is printed for people. What cannot be read is named in its "problems".
 */
#ifndef CRCTL_CMD_SHOW_H
#define CRCTL_CMD_SHOW_H

#include <stdbool.h>

#include <jansson.h>

#include "image/fdinfo.pb-c.h"
#include "image/image.h"
#include "image/pstree.pb-c.h"
#include "lib/array.h"
#include "lib/err.h"

/* The messages of one image. */
struct show_list {
	ProtobufCMessage **items;
	size_t nr, cap;
};

struct show_pipe_data {
	uint32_t pipe_id, bytes;
};

/* A directory while it is read. */
struct show {
	int dir_fd;
	json_t *problems;	/* sentences */
	json_t *owners;		/* "memory 3": the first task that has it */
	struct show_list files; /* FileEntry, sorted by type and id */
	struct show_list tty_infos, memfds;
	ARRAY_OF(struct show_pipe_data) pipes;
};

/*
 * The one message of an image, or NULL: with a problem recorded when it is broken,
 * or is not there and @required. Freed with protobuf_c_message_free_unpacked().
 */
ProtobufCMessage *show_read(struct show *s, enum image_type type, unsigned long id, bool required);

/* All messages of an image, as far as it can be read. */
struct show_list show_read_list(struct show *s, enum image_type type, unsigned long id,
				bool required);
void show_list_free(struct show_list *list);

/* Record image_error(). */
void show_problem(struct show *s);

/* The whole directory: show_dir.c. NULL without memory. */
json_t *show_dir(int dir_fd, const char *path);

/* One task: show_task.c. */
json_t *show_task(struct show *s, const PstreeEntry *item);

/* The address space: show_mm.c. Adds "memory" and "exe" to @task. */
void show_mm(struct show *s, json_t *task, unsigned long pid, bool required);

/* Open files: show_fd.c. */
void show_files_load(struct show *s);
void show_files_free(struct show *s);
const FileEntry *show_file_find(struct show *s, FdTypes type, uint32_t id);
/* The path of a REG entry as a string, or null. */
json_t *show_file_path(struct show *s, uint32_t id);
/* One descriptor. */
json_t *show_fd(struct show *s, const FdinfoEntry *fd);

/* For people: show_text.c. */
void show_text_dir(const json_t *dir);
/* Any value, indented by @depth. */
void show_text_value(const json_t *value, int depth);
/* Text with control characters made visible, never to be obeyed by the terminal. */
void show_text_safe(const char *text);

#endif
