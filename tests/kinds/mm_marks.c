// SPDX-License-Identifier: GPL-2.0
/* The marks of the address space in /proc/PID/stat: code, data, brk, stack, arguments. */
#include "kind.h"

static unsigned long before[64], after[64];

static void read_all(unsigned long *fields)
{
	char buf[2048], *p;
	int i = 3;

	file_read("/proc/self/stat", buf, sizeof(buf));
	p = strrchr(buf, ')') + 3;
	for (p = strtok(p, " "); p && i < 64; p = strtok(NULL, " "), i++)
		fields[i] = strtoul(p, NULL, 10);
}

static void set_up(void)
{
	read_all(before);
}

static void check(void)
{
	static const struct {
		int field;
		const char *name;
	} marks[] = {
		{ 26, "startcode" },  { 27, "endcode" },  { 28, "startstack" },
		{ 45, "start_data" }, { 46, "end_data" }, { 47, "start_brk" },
		{ 48, "arg_start" },  { 49, "arg_end" },  { 50, "env_start" },
		{ 51, "env_end" },
	};
	size_t i;

	read_all(after);
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		same(after[marks[i].field], before[marks[i].field], "%s", marks[i].name);
}

const struct kind kind = { .set_up = set_up, .check = check };
