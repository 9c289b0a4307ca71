// SPDX-License-Identifier: GPL-2.0
/*
 * The init process of a container, by the name that its runtime knows it by. Runtimes are
 * asked by their own commands: where they keep their state is theirs to say. Everything
 * else the kernel tells (engine/container.c).
 */
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/container.h"
#include "lib/cleanup.h"

#define MAX_WORDS 32
#define MAX_ANSWER (1 << 20)

struct runtime {
	const char *name;
	const char *const ask[8];	/* after the command; NULL: the container's name */
	size_t nr_ask;
	/* From the answer; 0, or -ENOENT when the container is not there or does not run. */
	int (*read)(char *answer, const char *name, struct container *c);
};

static int take(struct container *c, const char *id, long long pid)
{
	if (pid <= 0 || pid > INT_MAX)
		return -ENOENT;
	c->id = strdup(id);
	c->pid = (pid_t)pid;
	return c->id ? 0 : -ENOMEM;
}

/* ID PID */
static int read_words(char *answer, const char *name, struct container *c)
{
	char *save, *id = strtok_r(answer, " \n", &save), *pid = strtok_r(NULL, " \n", &save);

	return id && pid ? take(c, id, atoll(pid)) : -ENOENT;
}

/* A table of ID, PID and state. */
static int read_tasks(char *answer, const char *name, struct container *c)
{
	char *save, *line = strtok_r(answer, "\n", &save);

	for (; line; line = strtok_r(NULL, "\n", &save)) {
		char *at, *id = strtok_r(line, " \t", &at), *pid = strtok_r(NULL, " \t", &at);

		if (id && pid && !strcmp(id, name))
			return take(c, id, atoll(pid));
	}
	return -ENOENT;
}

/* The state as the OCI runtime specification has it. */
static int read_state(char *answer, const char *name, struct container *c)
{
	json_t *state = json_loads(answer, 0, NULL);
	const char *id = json_string_value(json_object_get(state, "id"));
	int ret = id ? take(c, id, json_integer_value(json_object_get(state, "pid"))) : -ENOENT;

	json_decref(state);
	return ret;
}

#define FORMAT "{{.Id}} {{.State.Pid}}"

static const struct runtime runtimes[] = {
	{ "docker", { "container", "inspect", "--format", FORMAT, NULL }, 5, read_words },
	{ "podman", { "container", "inspect", "--format", FORMAT, NULL }, 5, read_words },
	{ "ctr", { "task", "ls" }, 2, read_tasks },
	{ "runc", { "state", NULL }, 2, read_state },
	{ "crun", { "state", NULL }, 2, read_state },
};

#define NR_RUNTIMES (sizeof(runtimes) / sizeof(runtimes[0]))

static void __attribute__((noreturn)) ask_run(char *const *argv, int out)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
		_exit(126);
	execvp(argv[0], argv);
	_exit(127);
}

/* What the command @argv prints. -ENOENT: it is not installed, or fails. */
static int ask(char *const *argv, char **ret_answer)
{
	auto_fclose FILE *f = NULL;
	auto_free char *text = malloc(MAX_ANSWER);
	int ends[2], status = 0;
	size_t len;
	pid_t pid;

	if (!text || pipe2(ends, O_CLOEXEC))
		return -ENOMEM;
	pid = fork();
	if (!pid)
		ask_run(argv, ends[1]);
	close(ends[1]);
	f = fdopen(ends[0], "r");
	len = f ? fread(text, 1, MAX_ANSWER - 1, f) : 0;
	text[len] = 0;
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0 || status)
		return -ENOENT;
	*ret_answer = steal_ptr(text);
	return 0;
}

static int runtime_ask(const struct runtime *rt, char *const *command, size_t nr_command,
		       const char *name, struct container *c)
{
	char *argv[MAX_WORDS + 8];
	auto_free char *answer = NULL;
	size_t nr = 0;
	int ret;

	for (size_t i = 0; i < nr_command; i++)
		argv[nr++] = command[i];
	for (size_t i = 0; i < rt->nr_ask; i++)
		argv[nr++] = (char *)(rt->ask[i] ? rt->ask[i] : name);
	argv[nr] = NULL;
	ret = ask(argv, &answer);
	if (!ret)
		ret = rt->read(answer, name, c);
	if (!ret)
		c->runtime = strdup(rt->name);
	return ret || c->runtime ? ret : -ENOMEM;
}

static const struct runtime *runtime_of(const char *command)
{
	const char *base = strrchr(command, '/') ? strrchr(command, '/') + 1 : command;

	for (size_t i = 0; i < NR_RUNTIMES; i++)
		if (!strcmp(runtimes[i].name, base))
			return &runtimes[i];
	return NULL;
}

static int find_by(const char *name, const char *runtime, struct err *err, struct container *c)
{
	auto_free char *text = strdup(runtime);
	char *words[MAX_WORDS], *save;
	const struct runtime *rt;
	size_t nr = 0;
	int ret;

	for (char *w = text ? strtok_r(text, " ", &save) : NULL; w && nr < MAX_WORDS;
	     w = strtok_r(NULL, " ", &save))
		words[nr++] = w;
	rt = nr ? runtime_of(words[0]) : NULL;
	if (!rt)
		return fail_usage(err, "--runtime %s: the runtimes are docker, podman, ctr "
				  "(containerd), runc and crun", runtime);
	ret = runtime_ask(rt, words, nr, name, c);
	return !ret ? 0 : ret == -ENOENT ?
		fail(err, ret, "%s has no running container %s", runtime, name) :
		fail_errno(err, ret, "asking %s", runtime);
}

int container_find(const char *name, const char *runtime, struct err *err, struct container *c)
{
	if (*name == '-' || !*name)
		return fail_usage(err, "\"%s\" is no name of a container", name);
	if (runtime)
		return find_by(name, runtime, err, c);
	for (size_t i = 0; i < NR_RUNTIMES; i++) {
		char *const command[] = { (char *)runtimes[i].name };
		int ret = runtime_ask(&runtimes[i], command, 1, name, c);

		if (ret != -ENOENT)
			return ret ? fail_errno(err, ret, "asking %s", command[0]) : 0;
	}
	return fail(err, -ENOENT, "neither docker, podman, containerd (ctr), runc nor crun has a "
		    "running container %s; one that keeps its state elsewhere is named with "
		    "--runtime, as --runtime \"runc --root DIR\"", name);
}
