// SPDX-License-Identifier: GPL-2.0
/*
 * A checkpoint for people: the tree, then a block for each task. Text from images
 * goes through show_text_safe(), so that no name can steer the terminal.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/show.h"

#define TREE_DEPTH_MAX 500

void show_text_safe(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)(text ? text : "?"); *p; p++) {
		/* C0 controls, DEL, and the C1 controls, which UTF-8 writes as c2 80 to c2 9f. */
		if (*p < 0x20 || *p == 0x7f)
			printf("\\x%02x", *p);
		else if (*p == 0xc2 && p[1] < 0xa0)
			printf("\\u00%02x", *++p);
		else
			putchar(*p);
	}
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static long long number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void bytes_print(double bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	int unit = 0;

	while (bytes >= 1024 && unit < 6) {
		bytes /= 1024;
		unit++;
	}
	printf(unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

static void scalar_print(const json_t *value)
{
	if (json_is_string(value))
		show_text_safe(json_string_value(value));
	else if (json_is_integer(value))
		printf("%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		printf("%g", json_real_value(value));
	else if (json_is_boolean(value))
		printf("%s", json_is_true(value) ? "yes" : "no");
	else
		printf("none");
}

static bool is_compound(const json_t *value)
{
	return json_is_object(value) || (json_is_array(value) && json_array_size(value) &&
					 (json_is_object(json_array_get(value, 0))));
}

/* A list of plain values, wrapped. */
static void list_print(const json_t *list, int depth)
{
	const json_t *value;
	size_t i;

	json_array_foreach(list, i, value) {
		if (i && i % 8 == 0)
			printf("\n%*s", depth * 2 + 2, "");
		else
			putchar(' ');
		scalar_print(value);
	}
	putchar('\n');
}

void show_text_value(const json_t *value, int depth)
{
	const json_t *item;
	const char *key;
	size_t i;

	json_array_foreach(value, i, item) {
		printf("%*s-\n", depth * 2, "");
		show_text_value(item, depth + 1);
	}
	json_object_foreach((json_t *)value, key, item) {
		printf("%*s%s:", depth * 2, "", key);
		if (is_compound(item)) {
			putchar('\n');
			show_text_value(item, depth + 1);
		} else if (json_is_array(item)) {
			list_print(item, depth);
		} else {
			putchar(' ');
			scalar_print(item);
			putchar('\n');
		}
	}
}

/* The word at the left of each line of a task's block. */
static void label_print(const char *label)
{
	printf("  %-12s", label);
}

/* Takes each list out of @children as it is printed: a PID that comes twice costs nothing. */
static void tree_print(const json_t *tasks, json_t *children, size_t index, int depth)
{
	const json_t *task = json_array_get(tasks, index), *child;
	json_t *list;
	char pid[24];
	size_t i;

	printf("%7lld  %*s", number_of(task, "pid"), depth ? depth * 3 - 1 : 0, depth ? "\\_" : "");
	if (depth)
		putchar(' ');
	show_text_safe(text_of(task, "comm"));
	if (text_of(task, "state") && strcmp(text_of(task, "state"), "alive"))
		printf(" (%s)", text_of(task, "state"));
	if (json_array_size(json_object_get(task, "threads")) > 1)
		printf(", %zu threads", json_array_size(json_object_get(task, "threads")));
	putchar('\n');
	snprintf(pid, sizeof(pid), "%lld", number_of(task, "pid"));
	list = json_incref(json_object_get(children, pid));
	json_object_del(children, pid);
	if (depth == TREE_DEPTH_MAX && json_array_size(list))
		printf("%*s\\_ deeper ones are left out here\n", 9 + depth * 3, "");
	else
		json_array_foreach(list, i, child)
			tree_print(tasks, children, json_integer_value(child), depth + 1);
	json_decref(list);
}

/* Parents before children, as the format has it: what refers forward is a root. */
static void trees_print(const json_t *tasks)
{
	json_t *children = json_object(), *roots = json_array(), *list;
	const json_t *task, *root;
	char key[24];
	size_t i;

	json_array_foreach(tasks, i, task) {
		snprintf(key, sizeof(key), "%lld", number_of(task, "ppid"));
		list = json_object_get(children, key);
		json_array_append_new(list ? list : roots, json_integer(i));
		snprintf(key, sizeof(key), "%lld", number_of(task, "pid"));
		if (!json_object_get(children, key))
			json_object_set_new(children, key, json_array());
	}
	json_array_foreach(roots, i, root)
		tree_print(tasks, children, json_integer_value(root), 0);
	json_decref(children);
	json_decref(roots);
}

/* Four ids as one where they are equal. */
static void ids_print(const char *name, const json_t *ids)
{
	const json_t *first = json_array_get(ids, 0), *id;
	bool same = true;
	size_t i;

	json_array_foreach(ids, i, id)
		same = same && json_equal(first, id);
	printf("%s", name);
	json_array_foreach(ids, i, id)
		if (!i || !same)
			printf(" %lld", (long long)json_integer_value(id));
	if (!same)
		printf(" (real, effective, saved, fs)");
}

static void credentials_print(const json_t *creds)
{
	const json_t *groups = json_object_get(creds, "groups"), *group;
	const char *caps = text_of(creds, "effective");
	size_t i;

	label_print("user");
	ids_print("uid", json_object_get(creds, "uids"));
	ids_print(", gid", json_object_get(creds, "gids"));
	if (json_array_size(groups))
		printf(", groups");
	json_array_foreach(groups, i, group)
		printf(" %lld", (long long)json_integer_value(group));
	printf(", capabilities %s", caps && strcmp(caps, "0x0") ? caps : "none");
	if (json_is_true(json_object_get(creds, "no_new_privs")))
		printf(", no new privileges");
	putchar('\n');
}

static void threads_print(const json_t *threads)
{
	const json_t *thread;
	size_t i;

	if (json_array_size(threads) < 2)
		return;
	label_print("threads");
	json_array_foreach(threads, i, thread) {
		if (i == 16) {
			printf(" and %zu more", json_array_size(threads) - i);
			break;
		}
		printf(i ? ", %lld" : "%lld", number_of(thread, "tid"));
		if (text_of(thread, "comm")) {
			putchar(' ');
			show_text_safe(text_of(thread, "comm"));
		}
	}
	putchar('\n');
}

static void shares_print(const json_t *shares)
{
	const json_t *owner;
	const char *what;
	int nr = 0;

	if (!shares)
		return;
	label_print("shares");
	json_object_foreach((json_t *)shares, what, owner)
		printf("%s%s with %lld", nr++ ? ", " : "",
		       !strcmp(what, "signal_handlers") ? "signal handlers" : what,
		       (long long)json_integer_value(owner));
	putchar('\n');
}

static void place_print(const json_t *task)
{
	if (text_of(task, "exe")) {
		label_print("executable");
		show_text_safe(text_of(task, "exe"));
		putchar('\n');
	}
	if (!text_of(task, "cwd"))
		return;
	label_print("directory");
	show_text_safe(text_of(task, "cwd"));
	printf(", root ");
	show_text_safe(text_of(task, "root"));
	if (text_of(task, "umask"))
		printf(", umask %s", text_of(task, "umask"));
	putchar('\n');
}

static void signals_print(const json_t *task)
{
	const json_t *leader = json_array_get(json_object_get(task, "threads"), 0);
	const json_t *timers = json_object_get(task, "timers");
	const char *blocked = text_of(leader, "blocked");

	label_print("signals");
	printf("%lld handled", number_of(task, "signal_handlers"));
	if (blocked && strcmp(blocked, "0x0"))
		printf(", blocked %s", blocked);
	if (number_of(task, "pending") || number_of(leader, "pending"))
		printf(", %lld pending", number_of(task, "pending") + number_of(leader, "pending"));
	if (number_of(timers, "posix"))
		printf(", %lld POSIX timers", number_of(timers, "posix"));
	if (json_is_true(json_object_get(timers, "real")))
		printf(", alarm set");
	putchar('\n');
}

static void flags_print(const json_t *task)
{
	const json_t *leader = json_array_get(json_object_get(task, "threads"), 0);
	const char *personality = text_of(task, "personality");
	int nr = 0;

#define FLAG_PRINT(condition, ...)                                                                 \
	do {                                                                                       \
		if (condition) {                                                                   \
			if (nr++)                                                                  \
				printf(", ");                                                      \
			else                                                                       \
				label_print("flags");                                              \
			printf(__VA_ARGS__);                                                       \
		}                                                                                  \
	} while (0)
	FLAG_PRINT(number_of(leader, "nice"), "nice %lld", number_of(leader, "nice"));
	FLAG_PRINT(number_of(leader, "policy"), "scheduling policy %lld",
		   number_of(leader, "policy"));
	FLAG_PRINT(text_of(leader, "seccomp"), "seccomp %s", text_of(leader, "seccomp"));
	FLAG_PRINT(personality && strcmp(personality, "0x0"), "personality %s", personality);
	FLAG_PRINT(number_of(task, "oom_score_adj"), "oom_score_adj %lld",
		   number_of(task, "oom_score_adj"));
	FLAG_PRINT(json_is_true(json_object_get(task, "child_subreaper")), "child subreaper");
	FLAG_PRINT(json_object_get(task, "dumpable") && number_of(task, "dumpable") != 1,
		   "dumpable %lld", number_of(task, "dumpable"));
#undef FLAG_PRINT
	if (nr)
		putchar('\n');
}

static void memory_print(const json_t *memory)
{
	const json_t *kind;
	size_t i;

	if (!memory)
		return;
	label_print("memory");
	bytes_print(number_of(memory, "bytes"));
	printf(" in %zu mappings; ", json_array_size(json_object_get(memory, "mappings")));
	printf("%lld pages (", number_of(memory, "pages"));
	bytes_print(number_of(memory, "pages") * 4096.0);
	printf(") in the image");
	if (number_of(memory, "pages_in_parent"))
		printf(", %lld in the parent image", number_of(memory, "pages_in_parent"));
	putchar('\n');
	json_array_foreach(json_object_get(memory, "kinds"), i, kind) {
		printf("%14s%6lld  %-18s ", "", number_of(kind, "mappings"), text_of(kind, "kind"));
		bytes_print(number_of(kind, "bytes"));
		putchar('\n');
	}
}

static void file_print(const json_t *file)
{
	printf("%14s%6lld  %-9s ", "", number_of(file, "fd"), text_of(file, "type"));
	show_text_safe(text_of(file, "name"));
	if (json_object_get(file, "size") || number_of(file, "position"))
		printf(", at %lld", number_of(file, "position"));
	if (json_object_get(file, "size"))
		printf(" of %lld", number_of(file, "size"));
	if (text_of(file, "flags"))
		printf(", %s", text_of(file, "flags"));
	if (json_is_true(json_object_get(file, "close_on_exec")))
		printf(", close-on-exec");
	putchar('\n');
}

static void files_print(const json_t *files)
{
	const json_t *file;
	size_t i;

	if (!files)
		return;
	label_print("files");
	printf("%zu open\n", json_array_size(files));
	json_array_foreach(files, i, file)
		file_print(file);
}

/* Kinds of namespaces in which the task differs from @root_ids. */
static void namespaces_print(const json_t *task, const json_t *root_ids)
{
	static const char *const kinds[] = { "pid", "net",  "ipc",    "uts",
					     "mnt", "user", "cgroup", "time" };
	const json_t *ids = json_object_get(task, "ids");
	int nr = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char key[24];
		const json_t *id;

		snprintf(key, sizeof(key), "%s_ns_id", kinds[i]);
		id = json_object_get(ids, key);
		if (!id || json_equal(id, json_object_get(root_ids, key)))
			continue;
		if (!nr++)
			label_print("namespaces");
		printf("%s%s %lld", nr > 1 ? ", " : "", kinds[i],
		       (long long)json_integer_value(id));
	}
	if (nr)
		putchar('\n');
}

static void task_print(const json_t *task, const json_t *root_ids)
{
	printf("\n%lld ", number_of(task, "pid"));
	show_text_safe(text_of(task, "comm"));
	printf(": %s", text_of(task, "state") ? text_of(task, "state") : "its image is missing");
	if (text_of(task, "exit"))
		printf(", %s", text_of(task, "exit"));
	printf(", parent %lld, process group %lld, session %lld\n", number_of(task, "ppid"),
	       number_of(task, "pgid"), number_of(task, "sid"));
	place_print(task);
	if (json_object_get(task, "credentials"))
		credentials_print(json_object_get(task, "credentials"));
	threads_print(json_object_get(task, "threads"));
	shares_print(json_object_get(task, "shares"));
	if (json_object_get(task, "ids"))
		signals_print(task);
	flags_print(task);
	namespaces_print(task, root_ids);
	memory_print(json_object_get(task, "memory"));
	files_print(json_object_get(task, "files"));
}

static void summary_print(const json_t *dir)
{
	const json_t *tasks = json_object_get(dir, "tasks"), *task, *image;
	const json_t *stats = json_object_get(dir, "dump_statistics");
	size_t threads = 0, i;
	double bytes = 0;

	json_array_foreach(tasks, i, task)
		threads += json_array_size(json_object_get(task, "threads"));
	json_array_foreach(json_object_get(dir, "images"), i, image)
		bytes += number_of(image, "bytes");
	show_text_safe(text_of(dir, "directory"));
	printf(json_is_true(json_object_get(dir, "complete")) ? ": checkpoint of "
							      : ": unfinished checkpoint of ");
	printf("%zu tasks, %zu threads, ", json_array_size(tasks), threads);
	if (json_array_size(tasks))
		printf("%s, ", text_of(json_array_get(tasks, 0), "architecture"));
	bytes_print(bytes);
	printf(" in %zu files\n", json_array_size(json_object_get(dir, "images")));
	if (stats)
		printf("frozen for %.1f ms, %lld pages written in %.1f ms\n",
		       number_of(stats, "frozen_time") / 1000.0, number_of(stats, "pages_written"),
		       number_of(stats, "memwrite_time") / 1000.0);
}

void show_text_dir(const json_t *dir)
{
	const json_t *tasks = json_object_get(dir, "tasks"), *task, *problem;
	const json_t *root_ids = json_object_get(json_object_get(dir, "inventory"), "root_ids");
	size_t i;

	summary_print(dir);
	putchar('\n');
	trees_print(tasks);
	json_array_foreach(tasks, i, task)
		task_print(task, root_ids);
	if (json_array_size(json_object_get(dir, "problems")))
		printf("\nProblems\n");
	json_array_foreach(json_object_get(dir, "problems"), i, problem) {
		printf("  ");
		show_text_safe(json_string_value(problem));
		putchar('\n');
	}
}
