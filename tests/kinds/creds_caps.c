// SPDX-License-Identifier: GPL-2.0
/* All five capability sets, each different from the others. */
#include "kind.h"

#include <linux/capability.h>

static const char *const keys[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };
static unsigned long long before[5];

static void read_all(unsigned long long *sets)
{
	int i;

	for (i = 0; i < 5; i++)
		sets[i] = strtoull(proc_line(getpid(), "status", keys[i]), NULL, 16);
}

static void set_up(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	must(prctl(PR_CAPBSET_DROP, CAP_SYS_TIME));
	must(prctl(PR_CAPBSET_DROP, CAP_MKNOD));
	must(syscall(SYS_capget, &header, data));
	data[0].inheritable = 1 << CAP_CHOWN | 1 << CAP_KILL | 1 << CAP_FOWNER;
	data[0].permitted &= ~(1 << CAP_NET_RAW);
	data[0].effective = data[0].permitted & ~(1 << CAP_KILL | 1 << CAP_NET_ADMIN);
	must(syscall(SYS_capset, &header, data));
	must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
	read_all(before);
	same(before[4], 1 << CAP_CHOWN, "ambient set at the start");
}

static void check(void)
{
	unsigned long long after[5];
	int i;

	read_all(after);
	for (i = 0; i < 5; i++)
		same(after[i], before[i], "%s", keys[i]);
}

const struct kind kind = { .set_up = set_up, .check = check };
