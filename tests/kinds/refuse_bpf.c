// SPDX-License-Identifier: GPL-2.0
/* A BPF program, and a map that user space cannot read, are refused by name. */
#include "kind.h"

#include <linux/bpf.h>

static int map, prog;

static void set_up(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_QUEUE, .value_size = 8, .max_entries = 4,
				.map_name = "jobs" };
	struct bpf_insn insns[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
				    { .code = BPF_JMP | BPF_EXIT } };

	map = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (map < 0)
		skip("no BPF maps here: %s", strerror(errno));
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t)"GPL";
	prog = must(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));
}

static void check(void)
{
	must(fcntl(map, F_GETFD));
	must(fcntl(prog, F_GETFD));
}

const struct kind kind = { .set_up = set_up, .check = check, .refuse = "\"jobs\"|a BPF program" };
