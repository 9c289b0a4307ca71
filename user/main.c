// SPDX-License-Identifier: GPL-2.0
/* crctl: one command line, one command, one exit code. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "lib/log.h"

static int print_version(void)
{
	printf("Version: %s\ncrctl %s\n", INTERFACE_LEVEL, CRCTL_VERSION);
	return EXIT_DONE;
}

static void log_start(const struct command *command)
{
	struct utsname name;

	if (log_level() < LOG_INFO || uname(&name) < 0)
		return;
	log_info("crctl %s %s on Linux %s %s", CRCTL_VERSION, command->name, name.release,
		 name.machine);
}

static int command_run(const struct command *command, struct options *opts, struct err *err)
{
	uint32_t bit = command->bit;

	if (command->refusal) {
		fail_refuse(err, "crctl %s is refused: %s", command->name, command->refusal);
		return err->exit_code;
	}
	if (command->prepare && command->prepare(opts, err, &bit) < 0)
		return err->exit_code;
	if (options_apply(opts, bit, err) < 0)
		return err->exit_code;
	log_set_level(opts->verbosity);
	opts->common.progress = isatty(STDERR_FILENO);
	if (bit & (ON_BOTH | ON_CPUINFO) || opts->log_file)
		if (options_open_dirs(opts, bit, err) < 0)
			return err->exit_code;
	if (options_open_log(opts, err) < 0)
		return err->exit_code;
	options_warn(opts, bit);
	if (bit & ON_BOTH && geteuid())
		log_warn("%s needs root, continuing without", command->name);
	log_start(command);
	return command->run(opts, err);
}

static int options_run(struct options *opts, int argc, char **argv, struct err *err)
{
	const struct command *command = NULL;

	if (options_parse(opts, argc, argv, err) < 0)
		return err->exit_code;
	if (opts->version)
		return print_version();
	if (opts->command) {
		command = command_find(opts->command, err);
		if (!command)
			return err->exit_code;
	}
	if (opts->help) {
		fputs(command && command->help ? command->help : help_general, stdout);
		return EXIT_DONE;
	}
	if (!command) {
		fputs(help_general, stderr);
		return EXIT_USAGE;
	}
	return command_run(command, opts, err);
}

/* A caller may have closed them; what is opened now must not take their place. */
static void fill_standard_fds(void)
{
	if (fcntl(STDIN_FILENO, F_GETFD) >= 0 && fcntl(STDOUT_FILENO, F_GETFD) >= 0 &&
	    fcntl(STDERR_FILENO, F_GETFD) >= 0)
		return;
	for (int fd = 0; fd >= 0 && fd <= STDERR_FILENO;) {
		fd = open("/dev/null", O_RDWR);
		if (fd > STDERR_FILENO)
			close(fd);
	}
}

int main(int argc, char **argv)
{
	struct options opts = { 0 };
	struct err err = { 0 };
	int code;

	fill_standard_fds();
	code = options_run(&opts, argc, argv, &err);
	if (err.ret)
		log_last("%s failed: %s", opts.command ? opts.command : "crctl", err.text);
	options_free(&opts);
	return code;
}
