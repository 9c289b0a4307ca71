// SPDX-License-Identifier: GPL-2.0
#include "lib/cgroup_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"

bool cgroup_mode_parse(const char *text, enum cgroup_mode *ret)
{
	static const char *const names[] = {
		[CGROUPS_IGNORE] = "ignore", [CGROUPS_NONE] = "none", [CGROUPS_PROPS] = "props",
		[CGROUPS_SOFT] = "soft",     [CGROUPS_FULL] = "full", [CGROUPS_STRICT] = "strict",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i])) {
			*ret = (enum cgroup_mode)i;
			return true;
		}
	}
	return false;
}

/* Past blanks, the dashes of list items included. */
static const char *skip(const char *at)
{
	while (isspace((unsigned char)*at) || *at == '-')
		at++;
	return at;
}

/* The word @c comes next: step over it. */
static bool take(const char **at, char c)
{
	const char *next = skip(*at);

	if (*next != c)
		return false;
	*at = next + 1;
	return true;
}

/* A word in quotes, or one without; NULL: there is none, or no memory. */
static char *take_word(const char **at)
{
	const char *start = skip(*at);
	size_t len;

	if (*start == '"' || *start == '\'') {
		const char *end = strchr(start + 1, *start);

		if (!end || end == start + 1)
			return NULL;
		*at = end + 1;
		return strndup(start + 1, (size_t)(end - start) - 1);
	}
	len = strcspn(start, " \t\n:,[]\"'");
	if (!len)
		return NULL;
	*at = start + len;
	return strndup(start, len);
}

static int prop_add(struct cgroup_options *o, const char *controller, const char *name)
{
	struct cgroup_prop *p = array_add(&o->props);

	if (!p)
		return -ENOMEM;
	p->controller = strdup(controller);
	p->name = name ? strdup(name) : NULL;
	return p->controller && (p->name || !name) ? 0 : -ENOMEM;
}

static int properties_parse(struct cgroup_options *o, const char *controller, const char **at)
{
	if (!take(at, '['))
		return -EINVAL;
	while (!take(at, ']')) {
		auto_free char *name = take_word(at);
		int ret = !name || strchr(name, '/') || *name == '.' ? -EINVAL :
			  prop_add(o, controller, name);

		if (ret)
			return ret;
		(void)take(at, ',');	/* the last has none */
	}
	return 0;
}

static int strategy_parse(struct cgroup_options *o, const char *controller, const char **at)
{
	auto_free char *word = take_word(at);

	if (word && !strcmp(word, "append"))
		return 0;
	return word && !strcmp(word, "replace") ? prop_add(o, controller, NULL) : -EINVAL;
}

static int controller_parse(struct cgroup_options *o, const char **at)
{
	auto_free char *controller = take_word(at);
	bool known = controller && take(at, ':');

	if (!known)
		return -EINVAL;
	for (;;) {
		const char *before = *at;
		auto_free char *key = take_word(at);
		int ret;

		/* what is neither is the next controller */
		if (!key || (strcmp(key, "strategy") && strcmp(key, "properties"))) {
			*at = before;
			return 0;
		}
		if (!take(at, ':'))
			return -EINVAL;
		ret = *key == 's' ? strategy_parse(o, controller, at) :
				    properties_parse(o, controller, at);
		if (ret)
			return ret;
	}
}

int cgroup_props_parse(struct cgroup_options *o, const char *text, const char **ret_at)
{
	const char *at = text;
	int ret = 0;

	while (*skip(at) && !ret)
		ret = controller_parse(o, &at);
	*ret_at = skip(at);
	return ret;
}

void cgroup_options_free(struct cgroup_options *o)
{
	array_for_each(&o->props, p) {
		free(p->controller);
		free(p->name);
	}
	array_free(&o->props);
	array_free(&o->roots.items);
	array_free(&o->controllers.items);
}
