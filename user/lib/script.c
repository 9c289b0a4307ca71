// SPDX-License-Identifier: GPL-2.0
/*
 * The action script; see script.h. It starts with every signal unblocked and at
 * its default, whatever the engine does with its own.
 */
#include "lib/script.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/cleanup.h"
#include "lib/log.h"

#define NR_OWN 3

static bool own_variable(const char *entry)
{
	return !strncmp(entry, "CRTOOLS_SCRIPT_ACTION=", 22) ||
	       !strncmp(entry, "CRTOOLS_IMAGE_DIR=", 18) ||
	       !strncmp(entry, "CRTOOLS_INIT_PID=", 17);
}

/* This process's environment without our three, which go to the end. */
static char **script_environ(char *const own[NR_OWN])
{
	size_t nr = 0, nr_old = 0;
	char **env;

	while (environ[nr_old])
		nr_old++;
	env = calloc(nr_old + NR_OWN + 1, sizeof(*env));
	if (!env)
		return NULL;
	for (size_t i = 0; i < nr_old; i++)
		if (!own_variable(environ[i]))
			env[nr++] = environ[i];
	for (size_t i = 0; i < NR_OWN; i++)
		if (own[i])
			env[nr++] = own[i];
	return env;
}

static int script_spawn(const char *path, char **env, pid_t *ret_pid)
{
	char *const argv[] = { "sh", "-c", (char *)path, NULL };
	posix_spawnattr_t attr;
	sigset_t none, all;
	int ret;

	sigemptyset(&none);
	sigfillset(&all);
	ret = posix_spawnattr_init(&attr);
	if (ret)
		return -ret;
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	ret = posix_spawn(ret_pid, "/bin/sh", NULL, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	return -ret;
}

static int script_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status ? -ECANCELED : 0;
}

int script_run(const char *path, const char *action, const char *images_path, pid_t init_pid)
{
	auto_free char *action_var = NULL, *dir_var = NULL, *pid_var = NULL;
	auto_free char **env = NULL;
	pid_t pid;
	int ret;

	if (!path)
		return 0;
	if (asprintf(&action_var, "CRTOOLS_SCRIPT_ACTION=%s", action) < 0 ||
	    asprintf(&dir_var, "CRTOOLS_IMAGE_DIR=%s", images_path) < 0 ||
	    (init_pid && asprintf(&pid_var, "CRTOOLS_INIT_PID=%d", init_pid) < 0))
		return -ENOMEM;
	env = script_environ((char *const[NR_OWN]){ action_var, dir_var, pid_var });
	if (!env)
		return -ENOMEM;
	log_debug("script %s: %s", path, action);
	ret = script_spawn(path, env, &pid);
	return ret < 0 ? ret : script_wait(pid);
}
