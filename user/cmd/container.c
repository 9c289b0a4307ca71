// SPDX-License-Identifier: GPL-2.0
/*
 * crctl container: a dump of a container from outside of its runtime, and a restore without
 * it. That needs nothing of the runtime (docker checkpoints with an experimental daemon
 * only, which must find crctl as criu), is the same for all of them, and the images do not
 * depend on one. Who wants the container to stay the runtime's uses its own commands.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/container.h"
#include "lib/cleanup.h"
#include "lib/log.h"

#define STORE "/var/lib/crctl/containers"

static const char *word_of(const struct options *opts, size_t i)
{
	return i < opts->args.nr ? opts->args.items[i] : NULL;
}

static bool dir_given(const struct options *opts)
{
	const struct given_list *lists[] = { &opts->files_given, &opts->argv_given };

	for (size_t i = 0; i < 2; i++)
		array_for_each(lists[i], given)
			if (!strcmp(given->row->name, "images-dir"))
				return true;
	return false;
}

/* STORE/NAME where no -D is given; a checkpoint makes it. */
static int dir_choose(struct options *opts, const char *name, bool make, struct err *err)
{
	char **slot;

	if (dir_given(opts))
		return 0;
	if (!name || strchr(name, '/') || *name == '.')
		return fail_usage(err, "container restore needs the name that was checkpointed, or "
				  "-D DIR");
	slot = array_add(&opts->made);
	if (!slot || asprintf(slot, STORE "/%s", name) < 0)
		return fail_errno(err, -ENOMEM, "options");
	opts->images_dir = *slot;
	if (make && ((mkdir("/var/lib/crctl", 0755) && errno != EEXIST) ||
		     (mkdir(STORE, 0700) && errno != EEXIST) ||
		     (mkdir(*slot, 0700) && errno != EEXIST)))
		return fail_errno(err, -errno, "the images directory %s", *slot);
	return 0;
}

int container_prepare(struct options *opts, struct err *err, uint32_t *ret_bit)
{
	const char *verb = word_of(opts, 0), *name = word_of(opts, 1);
	bool checkpoint = verb && !strcmp(verb, "checkpoint");

	if (!verb || (!checkpoint && strcmp(verb, "restore")))
		return fail_usage(err, "container needs checkpoint NAME, or restore");
	if (checkpoint && !name)
		return fail_usage(err, "container checkpoint needs the name or ID of a container");
	if (opts->args.nr > 2)
		return fail_usage(err, "container %s was given \"%s\" too many", verb,
				  word_of(opts, 2));
	*ret_bit = ON_CONTAINER | (checkpoint ? ON_DUMP : ON_RESTORE);
	return dir_choose(opts, name, checkpoint, err);
}

/* The path of the first cgroup of @pid; "": the root, or it is gone. */
static void cgroup_read(pid_t pid, char *path, size_t size)
{
	auto_fclose FILE *f = NULL;
	char name[64], line[PATH_MAX];
	const char *at = NULL;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	f = fopen(name, "re");
	if (f && fgets(line, sizeof(line), f))
		at = strchr(line, '/');
	snprintf(path, size, "%s", at && at[1] != '\n' ? at : "");
	path[strcspn(path, "\n")] = 0;
}

/* In the one hierarchy of version 2, or any beside it. */
static bool cgroup_exists(const char *cgroup)
{
	DIR *dir = opendir("/sys/fs/cgroup");
	char path[PATH_MAX * 2];
	struct dirent *e;
	bool found = false;

	while (dir && !found && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s%s", e->d_name, cgroup);
		found = strcmp(e->d_name, "..") && !access(path, F_OK);
	}
	if (dir)
		closedir(dir);
	return found;
}

/*
 * A daemon, or conmon of podman, tidies up after the end of a container, and takes cgroups
 * away that a restore has just made again: wait until it has.
 */
static void end_await(const struct container *c, const char *cgroup)
{
	bool alone = !strcmp(c->runtime, "runc") || !strcmp(c->runtime, "crun");
	struct timespec moment = { .tv_nsec = 20000000 };

	for (int i = 0; !alone && *cgroup && i < 250 && cgroup_exists(cgroup); i++)
		nanosleep(&moment, NULL);
}

static int checkpoint(const struct options *opts, struct err *err, struct container *c)
{
	struct options with = *opts;
	struct dump_options dump;
	char tree[16], cgroup[PATH_MAX];
	int ret = container_find(word_of(opts, 1), opts->runtime, err, c);

	if (!ret)
		ret = container_look(c, err);
	if (ret)
		return ret;
	log_info("%s has container %s as process %d", c->runtime, c->id, c->pid);
	cgroup_read(c->pid, cgroup, sizeof(cgroup));
	snprintf(tree, sizeof(tree), "%d", c->pid);
	with.tree = tree;
	with.args.nr = 0;
	with.common.mnt_auto = with.common.mnt_masters = with.common.mnt_sharing = true;
	if (!with.common.cgroups.mode)
		with.common.cgroups.mode = CGROUPS_SOFT;
	ret = dump_from_options(&with, err, &dump);
	if (!ret)
		ret = container_save(c, opts->common.images_fd, err);
	if (!ret)
		ret = engine_dump(&dump, err);
	if (!ret && dump.final == DUMP_KILL)
		end_await(c, cgroup);
	return ret;
}

struct stream_list {
	char text[3][64];
	struct external_list inherit;
};

/* The runtime's ends of pipes are gone: crctl's own standard streams take their place. */
static int streams_give(const struct options *opts, const struct container *c,
			struct stream_list *l, struct err *err)
{
	const struct external_list *given = &opts->common.inherit;

	for (size_t i = 0; i < given->items.nr + 3; i++) {
		size_t nr = i - given->items.nr;
		const char *link = i < given->items.nr ? NULL : c->streams[nr];
		const char **item;

		if (i >= given->items.nr && (!link || strncmp(link, "pipe:[", 6) ||
					     external_fd(&l->inherit, link) >= 0))
			continue;
		item = array_add(&l->inherit.items);
		if (!item)
			return fail_errno(err, -ENOMEM, "options");
		if (link)
			snprintf(l->text[nr], sizeof(l->text[nr]), "fd[%zu]:%s", nr, link);
		*item = link ? l->text[nr] : given->items.items[i];
	}
	return 0;
}

static int restore(const struct options *opts, struct err *err, struct container *c)
{
	struct stream_list streams = { 0 };
	struct options with = *opts;
	struct restore_options how;
	int status, ret = container_load(opts->common.images_fd, err, c);
	pid_t pid;

	if (ret)
		return ret;
	ret = streams_give(opts, c, &streams, err);
	with.args.nr = 0;
	with.common.inherit = streams.inherit;
	with.common.mnt_auto = with.common.mnt_masters = with.common.mnt_sharing = true;
	if (!with.common.cgroups.mode)
		with.common.cgroups.mode = CGROUPS_SOFT;
	if (!ret && !with.common.root)
		ret = container_root_make(c, err, &with.common.root);
	if (!ret)
		ret = restore_from_options(&with, err, &how);
	if (!ret) {
		how.detached = true;
		ret = engine_restore(&how, err, &pid, &status);
	}
	if (!ret)
		printf("%d\n", pid);
	array_free(&streams.inherit.items);
	return ret;
}

int cmd_container(const struct options *opts, struct err *err)
{
	struct container c = { 0 };
	int ret = !strcmp(word_of(opts, 0), "checkpoint") ? checkpoint(opts, err, &c) :
							    restore(opts, err, &c);

	container_free(&c);
	return ret ? err->exit_code : EXIT_DONE;
}
