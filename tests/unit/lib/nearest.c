// SPDX-License-Identifier: GPL-2.0
#include "lib/nearest.h"

#include "unit/check.h"

static const char *best_of(const char *word)
{
	static const char *const words[] = { "dump", "restore", "check", "show", "pre-dump" };
	struct nearest n = { .word = word };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		nearest_add(&n, words[i]);
	return n.best ? n.best : "";
}

int main(void)
{
	char longer[200];

	CHECK(!strcmp(best_of("dump"), "dump"));
	CHECK(!strcmp(best_of("dmp"), "dump"));
	CHECK(!strcmp(best_of("dupm"), "dump"));
	CHECK(!strcmp(best_of("dumpp"), "dump"));
	CHECK(!strcmp(best_of("predump"), "pre-dump"));
	CHECK(!strcmp(best_of("rest"), "restore"));
	CHECK(!strcmp(best_of("chekc"), "check"));
	CHECK(!strcmp(best_of("xyzzy"), ""));
	CHECK(!strcmp(best_of(""), ""));
	memset(longer, 'd', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	CHECK(!strcmp(best_of(longer), ""));
	return check_failed;
}
