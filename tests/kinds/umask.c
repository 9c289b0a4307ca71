// SPDX-License-Identifier: GPL-2.0
/* The umask. */
#include "kind.h"

static void set_up(void)
{
	umask(0026);
}

static void check(void)
{
	struct stat st;

	close(must(open("new", O_CREAT | O_RDWR, 0777)));
	must(stat("new", &st));
	same(st.st_mode & 0777, 0751, "mode of a new file");
	same(umask(0), 0026, "umask");
}

const struct kind kind = { .set_up = set_up, .check = check };
