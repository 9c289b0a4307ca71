/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command line and the configuration files. Only the commands see these
 * structs whole; each hands the engine its part.
 */
#ifndef CRCTL_CMD_OPTIONS_H
#define CRCTL_CMD_OPTIONS_H

#include "engine/engine.h"
#include "lib/array.h"
#include "lib/config.h"
#include "lib/err.h"

/* Which commands an option belongs to. */
enum command_bit {
	ON_DUMP = 1, ON_RESTORE = 2, ON_CHECK = 4, ON_SHOW = 8,
	ON_PRE_DUMP = 16, ON_PAGE_SERVER = 32, ON_LAZY_PAGES = 64, ON_SERVICE = 128,
	ON_DEDUP = 256, ON_CPUINFO = 512, ON_SWRK = 1024, ON_MODULE = 2048,
	ON_CONTAINER = 4096,
	ON_BOTH = ON_DUMP | ON_RESTORE,
	ON_ALL = 8191,
};

struct option_row;

struct option_given {
	const struct option_row *row;
	const char *arg;
	bool negated;
	char *place;		/* "FILE line N: ", NULL on the command line */
};

struct given_list {
	struct option_given *items;
	size_t nr, cap;
};

struct options {
	struct common_options common;
	int verbosity;
	bool help, version, no_default_config;
	const char *config, *images_dir, *work_dir, *log_file;
	const char *tree;			/* -t */
	bool leave_running, leave_stopped;
	unsigned int timeout;
	bool detached, sibling, exec_cmd;
	const char *address;			/* of the service */
	const char *runtime;			/* of a container, as a command; NULL: any */
	bool daemon;
	bool check_all, check_extra, check_experimental;
	const char *feature;
	bool json;

	const char *command;			/* NULL: none given */
	ARRAY_OF(char *) args;			/* what follows it; a NULL stands after the last */

	ARRAY_OF(char *) made;			/* strings that options made, freed at the end */

	/* What was given, in order, until options_apply(). */
	struct given_list files_given, argv_given;
	ARRAY_OF(struct config) files;
	ARRAY_OF(char *) owned;			/* values that options_give() made */
};

enum option_does {
	SETS_FLAG,	/* the bool at offset */
	SETS_STRING,	/* the const char * at offset */
	CALLS,		/* call() */
	EARLY,		/* SETS_FLAG or SETS_STRING before the command is known */
	HARMLESS,	/* concerns what crctl refuses to dump anyway: nothing to do */
	REFUSED,	/* would change the result; why says so */
};

enum option_arg { NO_ARG, TAKES_ARG, MAY_ARG };

struct option_row {
	const char *name;
	char letter;
	enum option_arg arg;
	uint32_t commands;
	enum option_does does;
	size_t offset;
	int (*call)(struct options *opts, const char *arg, struct err *err);
	const char *why;
};

/* The table; NULL name at the end. */
extern const struct option_row option_rows[];

/*
 * Read the command line and the configuration files it asks for. Nothing but the
 * EARLY options is set yet. 0 or -errno with the sentence in @err.
 */
int options_parse(struct options *opts, int argc, char **argv, struct err *err);

/*
 * As options_parse() for a request that came another way: the defaults, and the
 * configuration files that @from, a command line, asks for.
 */
int options_begin(struct options *opts, const struct options *from, struct err *err);

/*
 * As if --@name were given, or --no-@name when @on is false; @fmt makes its value,
 * NULL: none. The name is one of the table's.
 */
int options_give(struct options *opts, bool on, struct err *err, const char *name, const char *fmt,
		 ...) __attribute__((format(printf, 5, 6)));

/* The options in the file @path, which has the last word; one that does not exist has none. */
int options_read(struct options *opts, const char *path, struct err *err);

/*
 * Set everything that was given for the command @bit: files first, then the command
 * line, the last one wins. Options of other commands are passed over.
 */
int options_apply(struct options *opts, uint32_t bit, struct err *err);

/* Only where the log goes, and how much of it: before anything can be refused. */
int options_apply_log(struct options *opts, struct err *err);

/* Warn of options of the command line that are no business of the command @bit. */
void options_warn(const struct options *opts, uint32_t bit);

/* Open the images directory (-D) and the work directory (-W, else -D). */
int options_open_dirs(struct options *opts, uint32_t bit, struct err *err);

/* Open the log file (-o), relative to the work directory, and log into it. */
int options_open_log(struct options *opts, struct err *err);

void options_free(struct options *opts);

#endif
