/* SPDX-License-Identifier: GPL-2.0 */
/* The subcommands: one file each, with a row in commands.c. */
#ifndef CRCTL_CMD_CMD_H
#define CRCTL_CMD_CMD_H

#include "cmd/options.h"
#include "lib/err.h"

#define CRCTL_VERSION	 "0.1"
/* The level of the command line, protocol and images that is spoken; runtimes parse it. */
#define INTERFACE_LEVEL "4.2"

struct command {
	const char *name;
	uint32_t bit;		/* ON_DUMP, ...; 0 with @refusal */
	/*
	 * Do the work and print. Returns the exit code; a sentence in @err is
	 * printed by main().
	 */
	int (*run)(const struct options *opts, struct err *err);
	const char *help;	/* at most 24 lines of 80 characters */
	const char *refusal;	/* why the command is refused, or NULL */
	/* Before options are applied: which are, by the command's words. NULL: those of bit. */
	int (*prepare)(struct options *opts, struct err *err, uint32_t *ret_bit);
};

/* The row of that name, or NULL with the sentence in @err. */
const struct command *command_find(const char *name, struct err *err);

int cmd_dump(const struct options *opts, struct err *err);
int cmd_restore(const struct options *opts, struct err *err);
int cmd_check(const struct options *opts, struct err *err);
int cmd_show(const struct options *opts, struct err *err);
int cmd_module(const struct options *opts, struct err *err);

int cmd_container(const struct options *opts, struct err *err);
int container_prepare(struct options *opts, struct err *err, uint32_t *ret_bit);
int cmd_cpuinfo(const struct options *opts, struct err *err);
int cmd_swrk(const struct options *opts, struct err *err);
int cmd_service(const struct options *opts, struct err *err);

/* From options to what the engine takes; also for requests. 0 or -errno. */
int dump_from_options(const struct options *opts, struct err *err, struct dump_options *ret_dump);
int restore_from_options(const struct options *opts, struct err *err,
			 struct restore_options *ret_restore);
/* Let the command of --exec-cmd take crctl's place. Returns -errno where it cannot. */
int restore_exec(char *const *argv, struct err *err);

/* Whether the kernel gives what every dump and restore needs; a sentence when not. */
int check_needed(struct err *err);

extern const char help_general[], help_dump[], help_restore[], help_check[], help_show[],
	help_rpc[], help_cpuinfo[], help_module[], help_container[];

/*
 * The process that -t or `check` names: a number, a living process, not crctl, not
 * above crctl, not a thread or kernel thread. 0 or -errno with the sentence in @err.
 */
int target_parse(const char *text, struct err *err, pid_t *ret_pid);

/* A usage error: sets EXIT_USAGE and records the sentence. Evaluates to -EINVAL. */
#define fail_usage(err, ...) (err_set_exit(err, EXIT_USAGE), fail(err, -EINVAL, __VA_ARGS__))
/* A refusal: sets EXIT_UNSUPPORTED and records the sentence. Evaluates to -EOPNOTSUPP. */
#define fail_refuse(err, ...)                                                                      \
	(err_set_exit(err, EXIT_UNSUPPORTED), fail(err, -EOPNOTSUPP, __VA_ARGS__))

#endif
