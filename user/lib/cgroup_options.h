/* SPDX-License-Identifier: GPL-2.0 */
/* What the user wants to become of cgroups: --manage-cgroups and the options around it. */
#ifndef CRCTL_LIB_CGROUP_OPTIONS_H
#define CRCTL_LIB_CGROUP_OPTIONS_H

#include <stdbool.h>

#include "lib/array.h"
#include "lib/external.h"

enum cgroup_mode {
	CGROUPS_IGNORE,		/* the tree is where crctl is started */
	CGROUPS_NONE,		/* it goes into the cgroups that are there, as they are */
	CGROUPS_PROPS,		/* and their properties are set */
	CGROUPS_SOFT,		/* missing ones are made, and the properties of those set */
	CGROUPS_FULL,		/* the properties of all are set */
	CGROUPS_STRICT,		/* none may be there yet */
};

/* A property to dump besides those that crctl knows, or instead of them. */
struct cgroup_prop {
	char *controller;
	char *name;		/* NULL: none of the known ones of this controller */
};

struct cgroup_options {
	enum cgroup_mode mode;
	struct external_list roots;		/* [CTRL:]PATH */
	struct external_list controllers;	/* to be dumped with properties; none: all */
	ARRAY_OF(struct cgroup_prop) props;
	const char *yard;	/* where the hierarchies are mounted; NULL: crctl does it */
};

/*
 * Add what @text says, which has the form of YAML:
 * "CONTROLLER": - "strategy": "replace" or "append" - "properties": ["NAME", ..]
 * 0; -EINVAL: *ret_at is where it cannot be read; -ENOMEM.
 */
int cgroup_props_parse(struct cgroup_options *o, const char *text, const char **ret_at);

void cgroup_options_free(struct cgroup_options *o);

/* As one of --manage-cgroups=MODE; false: there is none of that name. */
bool cgroup_mode_parse(const char *text, enum cgroup_mode *ret);

#endif
