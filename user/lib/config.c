// SPDX-License-Identifier: GPL-2.0
/* Configuration files; see config.h. */
#include "lib/config.h"

#include <ctype.h>
#include <stdio.h>

#include "lib/cleanup.h"

static char *skip_space(char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

/* Ends the name with a NUL and returns what follows it, '=' and spaces skipped. */
static char *cut_name(char *name)
{
	size_t len = strcspn(name, "= \t\r\n#");
	char *rest = skip_space(name + len);
	bool equals = *rest == '=';

	if (equals)
		rest = skip_space(rest + 1);
	if (name[len] == '#')
		rest = name + strlen(name);
	name[len] = '\0';
	return rest;
}

/* Reads one value in place. NULL: not one value. */
static char *cut_value(char *p)
{
	bool quoted = *p == '"';
	char *from = quoted ? p + 1 : p, *to = from, *value = from;

	for (; *from; from++) {
		if (quoted ? *from == '"' : isspace((unsigned char)*from))
			break;
		if (quoted && *from == '\\' && (from[1] == '"' || from[1] == '\\'))
			from++;
		*to++ = *from;
	}
	if (quoted && *from != '"')
		return NULL;
	from = *from ? skip_space(from + 1) : from;
	if (*from && *from != '#')
		return NULL;
	*to = '\0';
	return value;
}

static int config_add(struct config *config, unsigned int nr, char *text, struct err *err)
{
	struct config_line *line;
	char *name = skip_space(text), *value;

	if (!*name || *name == '#')
		return 0;
	if (!strncmp(name, "--", 2))
		name += 2;
	value = cut_name(name);
	if (*value && *value != '#') {
		value = cut_value(value);
		if (!value) {
			err_set_exit(err, EXIT_USAGE);
			return fail(err, -EINVAL, "%s line %u: \"%s\" takes one value; put a "
				    "value with spaces in double quotes", config->path, nr, name);
		}
	} else {
		value = NULL;
	}
	line = array_add(&config->lines);
	if (!line || asprintf(&line->text, "--%s%s%s", name, value ? "=" : "",
			      value ? value : "") < 0)
		return fail(err, -ENOMEM, "no memory to read %s", config->path);
	line->line = nr;
	return 0;
}

int config_read(const char *path, struct err *err, struct config *ret_config)
{
	struct config config = { .path = strdup(path) };
	auto_fclose FILE *file = fopen(path, "re");
	auto_free char *text = NULL;
	size_t size = 0;
	int ret = 0;

	if (!file)
		ret = -errno;
	if (!config.path)
		ret = -ENOMEM;
	errno = 0;
	for (unsigned int nr = 1; !ret && getline(&text, &size, file) >= 0; nr++)
		ret = config_add(&config, nr, text, err);
	if (!ret && ferror(file))
		ret = -errno;
	if (ret < 0) {
		config_free(&config);
		if (ret != -ENOENT && !err->ret)
			return fail_errno(err, ret, "cannot read the configuration file %s", path);
		return ret;
	}
	*ret_config = config;
	return 0;
}

void config_free(struct config *config)
{
	array_for_each(&config->lines, line)
		free(line->text);
	array_free(&config->lines);
	free(config->path);
	config->path = NULL;
}
