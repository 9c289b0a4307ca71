// SPDX-License-Identifier: GPL-2.0
/*
 * compare CRCTL DIFFERENCES BEFORE DIR DIR: are two dumps of one stopped tree the same,
 * field by field, as `crctl show --json` tells them, and byte by byte where pages are?
 *
 * BEFORE was made by the same answerer as the first DIR: numbers that are not the same
 * in these two change by themselves, as the rest of a timer does, and may be any in the
 * third. DIFFERENCES lists what else may differ: a pattern (fnmatch(3)) for FILE:FIELD,
 * where numbers in the file's name and indexes are left out, and after a space the
 * reason. Any other difference is printed and the exit status is 1.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compare.h"

static void rules_read(struct compare *c, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[512];

	if (!f) {
		perror(path);
		exit(2);
	}
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!line[0] || line[0] == '#')
			continue;
		if (!strchr(line, ' ') || c->nr_rules == MAX_RULES) {
			fprintf(stderr, "%s: \"%s\" gives no reason\n", path, line);
			exit(2);
		}
		line[strcspn(line, " ")] = 0;
		c->rules[c->nr_rules++] = strdup(line);
	}
	fclose(f);
}

/* The place without numbers of its own: core-12.img:entries[3].tc is core-.img:entries[].tc. */
static void place_normalise(const char *file, const char *field, char *buf, size_t size)
{
	size_t len = 0;

	for (const char *p = file; *p && len < size - 2; p++)
		if (*p < '0' || *p > '9')
			buf[len++] = *p;
	buf[len++] = ':';
	for (const char *p = field; *p && len < size - 1; p++) {
		buf[len++] = *p;
		if (*p == '[')
			while (p[1] && p[1] != ']')
				p++;
	}
	buf[len] = 0;
}

static bool is_moving(const struct compare *c, const char *field)
{
	char place[MAX_FIELD];

	snprintf(place, sizeof(place), "%s:%s", c->file, field);
	return json_object_get(c->moving, place);
}

void differ(struct compare *c, const char *field, const char *a, const char *b)
{
	char place[MAX_FIELD];

	if (c->learning)
		return;
	place_normalise(c->file, field, place, sizeof(place));
	for (int i = 0; i < c->nr_rules; i++) {
		if (fnmatch(c->rules[i], place, 0))
			continue;
		c->nr_allowed++;
		return;
	}
	c->nr_bad++;
	printf("%s %s: %.200s, then %.200s\n", c->file, field, a, b);
}

static void differ_json(struct compare *c, const char *field, const json_t *a, const json_t *b)
{
	char *texts[2] = { a ? json_dumps(a, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("nothing"),
			   b ? json_dumps(b, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("nothing") };

	differ(c, field, texts[0], texts[1]);
	free(texts[0]);
	free(texts[1]);
}

static void compare_json(struct compare *c, const char *field, const json_t *a, const json_t *b);

static void compare_objects(struct compare *c, const char *field, const json_t *a, const json_t *b)
{
	char inner[MAX_FIELD];
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)a, key, value) {
		snprintf(inner, sizeof(inner), "%s%s%s", field, *field ? "." : "", key);
		compare_json(c, inner, value, json_object_get(b, key));
	}
	json_object_foreach((json_t *)b, key, value) {
		snprintf(inner, sizeof(inner), "%s%s%s", field, *field ? "." : "", key);
		if (!json_object_get(a, key))
			differ_json(c, inner, NULL, value);
	}
}

static void compare_values(struct compare *c, const char *field, const json_t *a, const json_t *b)
{
	char place[MAX_FIELD];

	c->nr_fields++;
	if (json_equal(a, b))
		return;
	if (c->learning && strcmp(field, "magic")) {
		snprintf(place, sizeof(place), "%s:%s", c->file, field);
		json_object_set_new(c->moving, place, json_true());
	} else if (is_moving(c, field)) {
		c->nr_moving++;
	} else {
		differ_json(c, field, a, b);
	}
}

static void compare_json(struct compare *c, const char *field, const json_t *a, const json_t *b)
{
	char inner[MAX_FIELD];
	size_t i, nr;

	if (!b || json_typeof(a) != json_typeof(b)) {
		differ_json(c, field, a, b);
		return;
	}
	if (json_is_object(a)) {
		compare_objects(c, field, a, b);
	} else if (json_is_array(a)) {
		nr = json_array_size(a) > json_array_size(b) ? json_array_size(a) :
							       json_array_size(b);
		for (i = 0; i < nr; i++) {
			const json_t *one = json_array_get(a, i), *other = json_array_get(b, i);

			snprintf(inner, sizeof(inner), "%s[%zu]", field, i);
			if (one && other)
				compare_json(c, inner, one, other);
			else
				differ_json(c, inner, one, other);
		}
	} else {
		compare_values(c, field, a, b);
	}
}

json_t *image_load(const struct compare *c, const char *dir, const char *name)
{
	char command[PATH_MAX * 3];
	json_error_t error;
	json_t *json;
	FILE *f;

	snprintf(command, sizeof(command), "'%s' show --json '%s/%s'", c->crctl, dir, name);
	f = popen(command, "re");
	json = f ? json_loadf(f, 0, &error) : NULL;
	if (!f || pclose(f) || !json) {
		fprintf(stderr, "%s: no JSON\n", command);
		exit(2);
	}
	return json;
}

static void compare_images(struct compare *c, const char *one, const char *other)
{
	json_t *a = image_load(c, one, c->file), *b = image_load(c, other, c->file);

	compare_json(c, "", a, b);
	json_decref(a);
	json_decref(b);
}

char *file_map(const char *dir, const char *name, size_t *ret_len)
{
	char path[PATH_MAX * 2];
	struct stat st;
	char *map;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		perror(path);
		exit(2);
	}
	*ret_len = (size_t)st.st_size;
	map = st.st_size ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	close(fd);
	return map;
}

static int is_image(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return (len > 4 && !strcmp(e->d_name + len - 4, ".img")) ||
	       !strncmp(e->d_name, "crctl-", 6);
}

static bool is_there(const char *dir, const char *name)
{
	char path[PATH_MAX * 2];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return !access(path, F_OK);
}

static void compare_both(struct compare *c)
{
	if (is_there(c->before, c->file)) {
		c->learning = true;
		compare_images(c, c->before, c->dirs[0]);
		c->learning = false;
	}
	compare_images(c, c->dirs[0], c->dirs[1]);
}

/* Files of @which; those of both dumps are compared in the first round. */
static void compare_dir(struct compare *c, int which)
{
	struct dirent **names;
	int nr = scandir(c->dirs[which], &names, is_image, alphasort);

	if (nr <= 0) {
		fprintf(stderr, "%s: no images\n", c->dirs[which]);
		exit(2);
	}
	for (int i = 0; i < nr; i++) {
		c->file = names[i]->d_name;
		if (!is_there(c->dirs[!which], c->file))
			differ(c, "", which ? "nothing" : "a file", which ? "a file" : "nothing");
		else if (!which && !strncmp(c->file, "pagemap-", 8))
			compare_memory(c);
		else if (!which && strncmp(c->file, "pages-", 6))
			compare_both(c);
		free(names[i]);
	}
	free(names);
}

int main(int argc, char **argv)
{
	struct compare c = { 0 };

	if (argc != 6) {
		fprintf(stderr, "usage: compare CRCTL DIFFERENCES BEFORE DIR DIR\n");
		return 2;
	}
	c.crctl = argv[1];
	rules_read(&c, argv[2]);
	c.before = argv[3];
	c.dirs[0] = argv[4];
	c.dirs[1] = argv[5];
	c.moving = json_object();
	compare_dir(&c, 0);
	compare_dir(&c, 1);
	printf("%d fields compared, %d change by themselves, %d differ as listed, %d otherwise\n",
	       c.nr_fields, c.nr_moving, c.nr_allowed, c.nr_bad);
	json_decref(c.moving);
	return c.nr_bad ? 1 : 0;
}
