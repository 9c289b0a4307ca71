// SPDX-License-Identifier: GPL-2.0
/*
 * From argv and configuration files to struct options. Everything given is first
 * listed, then, once the command is known, applied in order: /etc and home files,
 * $CRIU_CONFIG_FILE, --config, the command line.
 */
#include "cmd/options.h"

#include <getopt.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "lib/cleanup.h"
#include "lib/log.h"
#include "lib/nearest.h"

#define NEGATED 0x10000
#define FIRST_LONG 0x100

struct getopt_tables {
	char shorts[128];
	struct option *longs;
	char *names;		/* the "no-" spellings */
};

static bool row_negatable(const struct option_row *row)
{
	return row->arg == NO_ARG && row->does != EARLY;
}

static size_t row_count(void)
{
	size_t nr = 0;

	while (option_rows[nr].name)
		nr++;
	return nr;
}

static int tables_build(struct getopt_tables *t)
{
	size_t nr = row_count(), len = 0, nr_long = 0, nr_short = 0;
	char *name;

	for (size_t i = 0; i < nr; i++)
		len += strlen(option_rows[i].name) + 4;
	t->longs = calloc(2 * nr + 1, sizeof(*t->longs));
	name = t->names = malloc(len);
	if (!t->longs || !name)
		return -ENOMEM;
	/* '-': everything in order, also where POSIXLY_CORRECT is set; ':': own messages. */
	t->shorts[nr_short++] = '-';
	t->shorts[nr_short++] = ':';
	for (size_t i = 0; i < nr; i++) {
		const struct option_row *row = &option_rows[i];

		t->longs[nr_long++] = (struct option){ row->name, row->arg, NULL,
						       FIRST_LONG + (int)i };
		if (row_negatable(row)) {
			t->longs[nr_long++] = (struct option){ name, no_argument, NULL,
							       NEGATED + (int)i };
			name += sprintf(name, "no-%s", row->name) + 1;
		}
		if (!row->letter)
			continue;
		t->shorts[nr_short++] = row->letter;
		for (int colons = row->arg; colons > 0; colons--)
			t->shorts[nr_short++] = ':';
	}
	return 0;
}

static void tables_free(struct getopt_tables *t)
{
	free(t->longs);
	free(t->names);
}

static const struct option_row *row_of(int code)
{
	if (code >= NEGATED)
		return &option_rows[code - NEGATED];
	if (code >= FIRST_LONG)
		return &option_rows[code - FIRST_LONG];
	for (const struct option_row *row = option_rows; row->name; row++)
		if (row->letter == code)
			return row;
	return NULL;
}

static int unknown_option(const char *word, const char *place, struct err *err)
{
	auto_free char *name = strndup(word, strcspn(word, "="));
	auto_free char *command = NULL;
	struct nearest n = { .word = name + 2 };

	if (name[0] != '-' || name[1] != '-')
		return fail_usage(err, "%sunknown option %s; crctl --help lists the options",
				  place, word);
	for (const struct option_row *row = option_rows; row->name; row++)
		nearest_add(&n, row->name);
	if (n.best)
		return fail_usage(err, "%sunknown option %s; did you mean --%s?", place, name,
				  n.best);
	return fail_usage(err, "%sunknown option %s; crctl --help lists the options", place, name);
}

/* What getopt_long() did not like: @code is '?' or ':', @word the word it stood in. */
static int bad_option(int code, const char *word, const char *place, struct err *err)
{
	const struct option_row *row;
	char letter[3] = { '-', (char)optopt, '\0' };

	if (!optopt)
		return unknown_option(word, place, err);
	row = row_of(optopt);
	if (code == ':')
		return fail_usage(err, "%s%s needs a value", place,
				  optopt < FIRST_LONG ? letter : word);
	if (row && optopt >= FIRST_LONG)
		return fail_usage(err, "%s--%s%s takes no value, but was given one: %s", place,
				  optopt >= NEGATED ? "no-" : "", row->name, word);
	return unknown_option(letter, place, err);
}

static int early_set(struct options *opts, const struct option_row *row, const char *arg)
{
	if (row->arg == NO_ARG)
		*(bool *)((char *)opts + row->offset) = true;
	else
		*(const char **)((char *)opts + row->offset) = arg;
	return 0;
}

static int given_add(struct given_list *list, int code, const char *arg, char *place)
{
	struct option_given *given = array_add(list);

	if (!given) {
		free(place);
		return -ENOMEM;
	}
	*given = (struct option_given){ row_of(code), arg, code >= NEGATED, place };
	return 0;
}

static int word_add(struct options *opts, char *word)
{
	char **slot;

	if (!opts->command) {
		opts->command = word;
		return 0;
	}
	/* Always one more than needed: exec wants a NULL at the end. */
	if (array_grow(&opts->args.items, &opts->args.cap, opts->args.nr + 2, sizeof(char *)))
		return -ENOMEM;
	slot = array_add(&opts->args);
	slot[0] = word;
	slot[1] = NULL;
	return 0;
}

static int parse_argv(struct options *opts, const struct getopt_tables *t, int argc, char **argv,
		      struct err *err)
{
	int ret = 0, code, at = 1;

	optind = 0;
	while (!ret && (code = getopt_long(argc, argv, t->shorts, t->longs, NULL)) != -1) {
		if (code == 1)
			ret = word_add(opts, optarg);
		else if (code == '?' || code == ':')
			ret = bad_option(code, argv[at], "", err);
		else if (row_of(code)->does == EARLY)
			early_set(opts, row_of(code), optarg);
		else
			ret = given_add(&opts->argv_given, code, optarg, NULL);
		at = optind;
	}
	for (int i = optind; !ret && i < argc; i++)
		ret = word_add(opts, argv[i]);
	return ret == -ENOMEM ? fail(err, ret, "no memory to read the command line") : ret;
}

static int parse_line(struct given_list *list, const struct getopt_tables *t, const char *path,
		      const struct config_line *line, struct err *err)
{
	char *argv[] = { (char *)"crctl", line->text, NULL };
	auto_free char *place = NULL;
	int code;

	if (asprintf(&place, "%s line %u: ", path, line->line) < 0)
		return fail(err, -ENOMEM, "no memory to read %s", path);
	optind = 0;
	code = getopt_long(2, argv, t->shorts, t->longs, NULL);
	if (code < FIRST_LONG)
		return bad_option(code, line->text, place, err);
	if (row_of(code)->does == EARLY)
		return fail_usage(err, "%s%s belongs on the command line", place, line->text);
	if (given_add(list, code, optarg, steal_ptr(place)) < 0)
		return fail(err, -ENOMEM, "no memory to read %s", path);
	return 0;
}

/* @must: a missing file is an error. */
static int parse_file_into(struct options *opts, struct given_list *list,
			   const struct getopt_tables *t, const char *path, bool must,
			   struct err *err)
{
	struct config *file = array_add(&opts->files);
	int ret;

	if (!file)
		return fail(err, -ENOMEM, "no memory to read %s", path);
	ret = config_read(path, err, file);
	if (ret == -ENOENT && !must)
		return 0;
	if (ret == -ENOENT)
		return fail_usage(err, "there is no configuration file %s", path);
	for (size_t i = 0; !ret && i < file->lines.nr; i++)
		ret = parse_line(list, t, path, &file->lines.items[i], err);
	return ret;
}

static int parse_file(struct options *opts, const struct getopt_tables *t, const char *path,
		      bool must, struct err *err)
{
	return parse_file_into(opts, &opts->files_given, t, path, must, err);
}

static int parse_home_file(struct options *opts, const struct getopt_tables *t, const char *name,
			   struct err *err)
{
	const char *home = getenv("HOME");
	auto_free char *path = NULL;

	if (!home)
		return 0;
	if (asprintf(&path, "%s/%s", home, name) < 0)
		return fail(err, -ENOMEM, "no memory to read ~/%s", name);
	return parse_file(opts, t, path, false, err);
}

static int parse_files(struct options *opts, const struct getopt_tables *t, struct err *err)
{
	static const char *const variables[] = { "CRIU_CONFIG_FILE", "CRCTL_CONFIG_FILE" };
	int ret = 0;

	if (!opts->no_default_config) {
		ret = parse_file(opts, t, "/etc/criu/default.conf", false, err);
		if (!ret)
			ret = parse_file(opts, t, "/etc/crctl/default.conf", false, err);
		if (!ret)
			ret = parse_home_file(opts, t, ".criu/default.conf", err);
		if (!ret)
			ret = parse_home_file(opts, t, ".crctl/default.conf", err);
	}
	for (size_t i = 0; !ret && i < 2; i++) {
		const char *path = getenv(variables[i]);

		if (path && *path)
			ret = parse_file(opts, t, path, true, err);
	}
	if (!ret && opts->config)
		ret = parse_file(opts, t, opts->config, true, err);
	return ret;
}

static void options_init(struct options *opts)
{
	opts->verbosity = LOG_WARN;
	opts->common.images_fd = opts->common.work_fd = -1;
	opts->common.ghost_limit = 1024 * 1024;
	opts->common.cpu_cap = CPU_CAP_DEFAULT;
	opterr = 0;
}

int options_begin(struct options *opts, const struct options *from, struct err *err)
{
	struct getopt_tables t = { 0 };
	int ret;

	options_init(opts);
	opts->no_default_config = from->no_default_config;
	opts->config = from->config;
	ret = tables_build(&t);
	ret = ret ? fail(err, ret, "no memory to read options") : parse_files(opts, &t, err);
	tables_free(&t);
	return ret;
}

int options_read(struct options *opts, const char *path, struct err *err)
{
	struct getopt_tables t = { 0 };
	int ret = tables_build(&t);

	ret = ret ? fail(err, ret, "no memory to read options") :
		    parse_file_into(opts, &opts->argv_given, &t, path, false, err);
	tables_free(&t);
	return ret;
}

int options_give(struct options *opts, bool on, struct err *err, const char *name, const char *fmt,
		 ...)
{
	const struct option_row *row = option_rows;
	struct option_given *given;
	char **arg = NULL;
	va_list ap;

	while (row->name && strcmp(row->name, name))
		row++;
	if (!row->name)
		return fail(err, -EINVAL, "there is no option --%s", name);
	given = array_add(&opts->argv_given);
	if (given && fmt)
		arg = array_add(&opts->owned);
	if (!given || (fmt && !arg))
		return fail(err, -ENOMEM, "no memory to read options");
	va_start(ap, fmt);
	if (fmt && vasprintf(arg, fmt, ap) < 0)
		*arg = NULL;
	va_end(ap);
	*given = (struct option_given){ row, arg ? *arg : NULL, !on, NULL };
	return fmt && !*arg ? fail(err, -ENOMEM, "no memory to read options") : 0;
}

int options_parse(struct options *opts, int argc, char **argv, struct err *err)
{
	struct getopt_tables t = { 0 };
	int ret;

	options_init(opts);
	ret = tables_build(&t);
	if (ret < 0)
		fail(err, ret, "no memory to read the command line");
	if (!ret)
		ret = parse_argv(opts, &t, argc, argv, err);
	if (!ret && !opts->help && !opts->version)
		ret = parse_files(opts, &t, err);
	tables_free(&t);
	return ret;
}

/* Does a later --no- take back what the item @i of @list says? */
static bool given_withdrawn(const struct options *opts, const struct given_list *list, size_t i)
{
	const struct option_row *row = list->items[i].row;

	for (size_t j = i + 1; j < list->nr; j++)
		if (list->items[j].row == row && list->items[j].negated)
			return true;
	if (list == &opts->argv_given)
		return false;
	array_for_each(&opts->argv_given, given)
		if (given->row == row && given->negated)
			return true;
	return false;
}

static int given_apply(struct options *opts, const struct option_given *given, struct err *err)
{
	const struct option_row *row = given->row;
	void *field = (char *)opts + row->offset;

	switch (row->does) {
	case SETS_FLAG:
		*(bool *)field = !given->negated;
		return 0;
	case SETS_STRING:
		*(const char **)field = given->arg;
		return 0;
	case CALLS:
		return row->call(opts, given->arg, err);
	case REFUSED:
		return fail_refuse(err, "%s--%s is refused: %s", given->place ? given->place : "",
				   row->name, row->why);
	case HARMLESS:
	case EARLY:
		break;
	}
	return 0;
}

static int list_apply(struct options *opts, const struct given_list *list, uint32_t bit,
		      struct err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < list->nr; i++) {
		const struct option_given *given = &list->items[i];

		if (!(given->row->commands & bit))
			continue;
		if (given->row->does == REFUSED &&
		    (given->negated || given_withdrawn(opts, list, i)))
			continue;
		ret = given_apply(opts, given, err);
	}
	return ret;
}

int options_apply(struct options *opts, uint32_t bit, struct err *err)
{
	int ret = list_apply(opts, &opts->files_given, bit, err);

	return ret < 0 ? ret : list_apply(opts, &opts->argv_given, bit, err);
}

static int list_apply_log(struct options *opts, const struct given_list *list, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < list->nr; i++) {
		const char *name = list->items[i].row->name;

		if (!strcmp(name, "log-file") || !strcmp(name, "verbosity"))
			ret = given_apply(opts, &list->items[i], err);
	}
	return ret;
}

int options_apply_log(struct options *opts, struct err *err)
{
	int ret = list_apply_log(opts, &opts->files_given, err);

	ret = ret ? ret : list_apply_log(opts, &opts->argv_given, err);
	log_set_level(opts->verbosity);
	/* what comes now says it all again */
	opts->verbosity = LOG_WARN;
	return ret;
}

void options_warn(const struct options *opts, uint32_t bit)
{
	array_for_each(&opts->argv_given, given)
		if (!(given->row->commands & bit))
			log_warn("--%s means nothing to %s, continuing without it",
				 given->row->name, opts->command);
}

static void given_free(struct given_list *list)
{
	array_for_each(list, given)
		free(given->place);
	array_free(list);
}

void options_free(struct options *opts)
{
	cleanup_close(&opts->common.images_fd);
	cleanup_close(&opts->common.work_fd);
	free(opts->common.ext_unix);
	given_free(&opts->files_given);
	given_free(&opts->argv_given);
	array_for_each(&opts->files, file)
		config_free(file);
	array_free(&opts->files);
	array_for_each(&opts->owned, text)
		free(*text);
	array_free(&opts->owned);
	array_free(&opts->args);
	array_for_each(&opts->made, made)
		free(*made);
	array_free(&opts->made);
	array_free(&opts->common.external.items);
	array_free(&opts->common.skip_mnt.items);
	array_free(&opts->common.enable_fs.items);
	array_free(&opts->common.inherit.items);
	array_free(&opts->common.join.items);
	cgroup_options_free(&opts->common.cgroups);
}
