// SPDX-License-Identifier: GPL-2.0
/*
 * compare DIFFERENCES DIR DIR [AGAIN]: are two dumps of one stopped tree the same, field by
 * field, as `crctl show --json` tells them, and byte by byte where pages are?
 *
 * AGAIN was made after the second DIR by the answerer of the first, to tell what differs with
 * the time from what differs with the answerer: what happened in between, as a signal that a
 * timer sent, is in the second DIR as it is in one of the others; a number that is not the
 * same in those two, as the rest of a timer, is between them. DIFFERENCES lists what else
 * may differ: a pattern (fnmatch(3)) for FILE:FIELD, where numbers in the file's name and
 * indexes are left out, and after a space the reason. The exit status is 1 if there is any
 * other difference, which is printed.
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
#include "image/json.h"

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
	snprintf(place, sizeof(place), "%s %s", c->file, field);
	json_object_set_new(c->found, place, json_sprintf("%.200s, then %.200s", a, b));
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

/* A number of JSON, or an address or a mask, which are texts there. */
static bool is_number(const json_t *value, long long *ret)
{
	const char *text = json_string_value(value);

	if (json_is_integer(value))
		*ret = json_integer_value(value);
	else if (text && !strncmp(text, "0x", 2))
		*ret = (long long)strtoull(text, NULL, 16);
	else
		return false;
	return true;
}

/* Of what moves by itself: was it @b in between? Fractions of a second begin again. */
static bool moved_past(const struct compare *c, const char *place, const json_t *b)
{
	const json_t *ends = json_object_get(c->moving, place);
	size_t len = strlen(place);
	long long first, last, now;

	if (!is_number(json_array_get(ends, 0), &first) ||
	    !is_number(json_array_get(ends, 1), &last) || !is_number(b, &now))
		return false;
	if (len > 4 && (!strcmp(place + len - 4, "usec") || !strcmp(place + len - 4, "nsec")))
		return true;
	return first < last ? first <= now && now <= last : last <= now && now <= first;
}

static void compare_values(struct compare *c, const char *field, const json_t *a, const json_t *b)
{
	char place[MAX_FIELD];

	c->nr_fields++;
	if (json_equal(a, b))
		return;
	snprintf(place, sizeof(place), "%s %s", c->file, field);
	if (c->learning)
		json_object_set_new(c->moving, place, json_pack("[O, O]", a, b));
	else if (!moved_past(c, place, b))
		differ_json(c, field, a, b);
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

json_t *image_load(const char *dir, const char *name)
{
	struct image_reader *r;
	enum image_type type;
	char path[PATH_MAX * 2];
	json_t *json;
	int ret;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ret = image_read_open_path(AT_FDCWD, path, &type, &r);
	json = ret ? NULL : image_json_file(r, type, &ret);
	if (ret || !json) {
		fprintf(stderr, "%s: %s\n", path, image_error());
		exit(2);
	}
	image_read_close(r);
	return json;
}

static void compare_images(struct compare *c)
{
	json_t *a = image_load(c->dirs[0], c->file), *b = image_load(c->dirs[1], c->file);

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
			compare_images(c);
		free(names[i]);
	}
	free(names);
}

/* What differs, by place, with words for it. */
static json_t *compare_dirs(struct compare *c, const char *one, const char *other)
{
	c->found = json_object();
	c->dirs[0] = one;
	c->dirs[1] = other;
	compare_dir(c, 0);
	compare_dir(c, 1);
	return c->found;
}

/* What is in the second dump as in neither of those around it. */
static json_t *compare_again(struct compare *c, const char *first, const char *second,
			     const char *again)
{
	json_t *found, *later, *value;
	const char *place;
	void *next;

	c->learning = true;
	json_decref(compare_dirs(c, first, again));
	c->learning = false;
	later = compare_dirs(c, again, second);
	c->nr_fields = c->nr_allowed = 0;
	found = compare_dirs(c, first, second);
	json_object_foreach_safe(found, next, place, value) {
		if (!json_object_get(later, place))
			json_object_del(found, place);
	}
	json_decref(later);
	return found;
}

int main(int argc, char **argv)
{
	struct compare c = { .moving = json_object() };
	json_t *found, *value;
	const char *place;
	int nr;

	if (argc != 4 && argc != 5) {
		fprintf(stderr, "usage: compare DIFFERENCES DIR DIR [AGAIN]\n");
		return 2;
	}
	rules_read(&c, argv[1]);
	found = argc == 5 ? compare_again(&c, argv[2], argv[3], argv[4]) :
			    compare_dirs(&c, argv[2], argv[3]);
	json_object_foreach(found, place, value)
		printf("%s: %s\n", place, json_string_value(value));
	nr = (int)json_object_size(found);
	printf("%d fields compared, %d differ as listed, %d otherwise\n", c.nr_fields,
	       c.nr_allowed, nr);
	json_decref(found);
	json_decref(c.moving);
	return nr ? 1 : 0;
}
