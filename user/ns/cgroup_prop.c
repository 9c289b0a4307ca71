// SPDX-License-Identifier: GPL-2.0
/*
 * Properties of a cgroup: the files in its directory that can be written. Those that
 * images have are named here, and by --cgroup-props. A file that a kernel does not have
 * is none of this machine's. Counters (usage, events) are not carried over.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/cleanup.h"
#include "ns/cgroup.h"

struct known {
	const char *controller;
	const char *names[18];	/* of version 1 and 2, in the order of setting them */
};

static const struct known known[] = {
	{ "cpu",
	  { "cpu.shares", "cpu.cfs_period_us", "cpu.cfs_quota_us", "cpu.rt_period_us",
	    "cpu.rt_runtime_us", "cpu.weight", "cpu.max", "cpu.max.burst", "cpu.idle" } },
	{ "cpuset",
	  { "cpuset.cpus", "cpuset.mems", "cpuset.memory_migrate", "cpuset.cpu_exclusive",
	    "cpuset.mem_exclusive", "cpuset.mem_hardwall", "cpuset.memory_spread_page",
	    "cpuset.memory_spread_slab", "cpuset.sched_load_balance",
	    "cpuset.sched_relax_domain_level", "cpuset.cpus.partition" } },
	{ "memory",
	  { "memory.use_hierarchy", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes",
	    "memory.swappiness", "memory.soft_limit_in_bytes", "memory.oom_control",
	    "memory.move_charge_at_immigrate", "memory.kmem.limit_in_bytes",
	    "memory.kmem.tcp.limit_in_bytes", "memory.min", "memory.low", "memory.high",
	    "memory.max", "memory.swap.high", "memory.swap.max", "memory.zswap.max",
	    "memory.oom.group" } },
	{ "blkio", { "blkio.weight", "blkio.bfq.weight" } },
	{ "io", { "io.weight", "io.max", "io.latency" } },
	{ "pids", { "pids.max" } },
	{ "net_cls", { "net_cls.classid" } },
	{ "net_prio", { "net_prio.ifpriomap" } },
	{ "devices", { "devices.list" } },
	{ "freezer", { "freezer.state" } },
};

static const char *const of_v1[] = { "cgroup.clone_children", "notify_on_release", "cgroup.procs",
				     "tasks", NULL };
static const char *const of_v2[] = { "cgroup.type", "cgroup.subtree_control",
				     "cgroup.max.descendants", "cgroup.max.depth", "cgroup.freeze",
				     NULL };

/* ---- dump ---- */

/* What "name 1 ..." says in the first line of memory.oom_control; and so on. */
static char *value_read(int dir_fd, const char *name)
{
	char *text, *word;

	if (!strcmp(name, "cgroup.procs") || !strcmp(name, "tasks"))
		return strdup("");	/* only who may write there */
	/* a cgroup that is frozen with one above it is not itself */
	if (!strcmp(name, "freezer.state")) {
		auto_free char *self = cgroup_file_read(dir_fd, "freezer.self_freezing");

		return strdup(self && *self == '1' ? "FROZEN" : "THAWED");
	}
	text = cgroup_file_read(dir_fd, name);
	if (text && !strcmp(name, "memory.oom_control")) {
		word = strchr(text, ' ');
		if (word) {
			word[1 + strcspn(word + 1, "\n")] = 0;
			memmove(text, word + 1, strlen(word));
		}
	}
	return text;
}

CgroupPerms *cgroup_perms_of(const struct stat *st)
{
	CgroupPerms *perms = malloc(sizeof(*perms));

	if (!perms)
		return NULL;
	cgroup_perms__init(perms);
	perms->mode = st->st_mode;
	perms->uid = st->st_uid;
	perms->gid = st->st_gid;
	return perms;
}

static int prop_add(int dir_fd, CgroupDirEntry *e, const char *name)
{
	auto_free CgroupPropEntry *p = NULL;
	CgroupPropEntry **more;
	struct stat st;
	char *value;

	if (fstatat(dir_fd, name, &st, 0) || !(st.st_mode & 0222))
		return 0;
	value = value_read(dir_fd, name);
	if (!value)
		return errno == ENOMEM ? -ENOMEM : 0;	/* this controller is off, or the like */
	more = realloc(e->properties, (e->n_properties + 1) * sizeof(*more));
	p = malloc(sizeof(*p));
	if (more)
		e->properties = more;
	if (!more || !p) {
		free(value);
		return -ENOMEM;
	}
	cgroup_prop_entry__init(p);
	p->value = value;
	p->name = strdup(name);
	p->perms = cgroup_perms_of(&st);
	e->properties[e->n_properties++] = p;
	return steal_ptr(p)->name && e->properties[e->n_properties - 1]->perms ? 0 : -ENOMEM;
}

/* Is controller @name of hierarchy @h? Version 2 has them all, as far as files are there. */
static bool hier_may_have(const struct cgroup_hier *h, const char *name)
{
	return !*h->names || cgroup_hier_has(h, name, strlen(name));
}

static bool is_replaced(const struct cgroup_options *o, const char *controller)
{
	array_for_each(&o->props, p) {
		if (!p->name && !strcmp(p->controller, controller))
			return true;
	}
	return false;
}

int cgroup_props_dump(const struct cgroup_options *o, const struct cgroup_hier *h, int dir_fd,
		      CgroupDirEntry *e)
{
	int ret = 0;

	for (const char *const *name = *h->names ? of_v1 : of_v2; *name && !ret; name++)
		ret = prop_add(dir_fd, e, *name);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && !ret; i++) {
		const struct known *k = &known[i];

		if (!hier_may_have(h, k->controller) || is_replaced(o, k->controller))
			continue;
		for (size_t j = 0; k->names[j] && !ret; j++)
			ret = prop_add(dir_fd, e, k->names[j]);
	}
	array_for_each(&o->props, p) {
		if (p->name && !ret && hier_may_have(h, p->controller))
			ret = prop_add(dir_fd, e, p->name);
	}
	return ret;
}

/* ---- restore ---- */

enum cgroup_when cgroup_prop_when(const char *name, const char *value)
{
	if (!strcmp(name, "cgroup.procs") || !strcmp(name, "tasks"))
		return CGROUP_NEVER;
	if (!strcmp(name, "freezer.state") || !strcmp(name, "cgroup.freeze"))
		return !strcmp(value, "FROZEN") || !strcmp(value, "1") ? CGROUP_LAST :
									 CGROUP_NEVER;
	if (!strcmp(name, "cgroup.type"))
		return !strcmp(value, "threaded") ? CGROUP_BEFORE : CGROUP_NEVER;
	if (!strncmp(name, "cpuset.", 7))
		return *value ? CGROUP_BEFORE : CGROUP_NEVER;
	if (!strcmp(name, "memory.use_hierarchy"))
		return CGROUP_BEFORE;
	/* limits: what makes the tree needs more than the tree */
	return CGROUP_AFTER;
}

/* One line at a time, each as "@before LINE". */
static int lines_write(int dir_fd, const char *name, const char *value, const char *before)
{
	auto_free char *text = strdup(value);
	char *save, *line;
	int ret = text ? 0 : -ENOMEM;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line && !ret;
	     line = strtok_r(NULL, "\n", &save)) {
		auto_free char *all = malloc(strlen(before) + strlen(line) + 1);

		if (!all)
			return -ENOMEM;
		strcpy(all, before);
		ret = cgroup_file_write(dir_fd, name, strcat(all, line));
	}
	return ret;
}

/* "cpu memory" as "+cpu +memory"; those that are not named stay as they are. */
static int subtree_write(int dir_fd, const char *value)
{
	auto_free char *lines = strdup(value);

	if (!lines)
		return -ENOMEM;
	for (char *at = lines; *at; at++)
		*at = *at == ' ' ? '\n' : *at;
	return lines_write(dir_fd, "cgroup.subtree_control", lines, "+");
}

static int devices_write(int dir_fd, const char *value)
{
	int ret = cgroup_file_write(dir_fd, "devices.deny", "a");

	return ret ? ret : lines_write(dir_fd, "devices.allow", value, "");
}

int cgroup_prop_set(int dir_fd, const char *name, const char *value, char **ret_old)
{
	auto_free char *now = value_read(dir_fd, name);
	int ret;

	*ret_old = NULL;
	if (!now)
		return -errno;
	if (!strcmp(now, value))
		return 0;
	if (!strcmp(name, "devices.list"))
		ret = devices_write(dir_fd, value);
	else if (!strcmp(name, "cgroup.subtree_control"))
		ret = subtree_write(dir_fd, value);
	else if (strchr(value, '\n'))
		ret = lines_write(dir_fd, name, value, "");
	else
		ret = cgroup_file_write(dir_fd, name, value);
	if (!ret)
		*ret_old = steal_ptr(now);
	return ret;
}
