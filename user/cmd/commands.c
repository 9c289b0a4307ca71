// SPDX-License-Identifier: GPL-2.0
/* The table of subcommands. */
#include "cmd/cmd.h"
#include "lib/nearest.h"

static const struct command commands[] = {
	{ "dump", ON_DUMP, cmd_dump, help_dump, NULL, NULL },
	{ "restore", ON_RESTORE, cmd_restore, help_restore, NULL, NULL },
	{ "check", ON_CHECK, cmd_check, help_check, NULL, NULL },
	{ "show", ON_SHOW, cmd_show, help_show, NULL, NULL },
	{ "module", ON_MODULE, cmd_module, help_module, NULL, NULL },
	{ "pre-dump", ON_PRE_DUMP, NULL, NULL,
	  "incremental dumps are not supported yet; make a full dump with crctl dump", NULL },
	{ "page-server", ON_PAGE_SERVER, NULL, NULL,
	  "pages are not sent over a network yet; write the images to a directory and copy it",
	  NULL },
	{ "lazy-pages", ON_LAZY_PAGES, NULL, NULL,
	  "memory is not restored on demand yet; restore without it", NULL },
	{ "container", ON_CONTAINER | ON_BOTH, cmd_container, help_container, NULL,
	  container_prepare },
	{ "service", ON_SERVICE, cmd_service, help_rpc, NULL, NULL },
	{ "swrk", ON_SWRK, cmd_swrk, help_rpc, NULL, NULL },
	{ "dedup", ON_DEDUP, NULL, NULL,
	  "incremental dumps are not supported yet, so there is nothing to deduplicate", NULL },
	{ "cpuinfo", ON_CPUINFO, cmd_cpuinfo, help_cpuinfo, NULL, NULL },
	{ "exec", 0, NULL, NULL, "running system calls in another process is no part of crctl",
	  NULL },
	{ 0 },
};

const struct command *command_find(const char *name, struct err *err)
{
	struct nearest n = { .word = name };

	for (const struct command *command = commands; command->name; command++) {
		if (!strcmp(command->name, name))
			return command;
		nearest_add(&n, command->name);
	}
	if (n.best)
		(void)fail_usage(err, "unknown command %s; did you mean %s?", name, n.best);
	else
		(void)fail_usage(err, "unknown command %s; crctl --help lists them", name);
	return NULL;
}
