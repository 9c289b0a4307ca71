// SPDX-License-Identifier: GPL-2.0
/* Memory that was written cannot become executable (PR_SET_MDWE). */
#include "kind.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE		 65
#define PR_GET_MDWE		 66
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

static void set_up(void)
{
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0))
		skip("no PR_SET_MDWE here: %s", strerror(errno));
}

static void check(void)
{
	void *mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	same(prctl(PR_GET_MDWE, 0, 0, 0, 0), PR_MDWE_REFUSE_EXEC_GAIN, "MDWE");
	if (mprotect(mem, 4096, PROT_READ | PROT_EXEC) == 0)
		fail("written memory became executable");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "does not know PR_SET_MDWE",
};
