// SPDX-License-Identifier: GPL-2.0
/*
 * Reading kernel memory through BPF; see peek.h. The programs are of type raw
 * tracepoint, run by BPF_PROG_TEST_RUN (Linux 5.10) and attached to nothing. One reads
 * a word at an address, one gives the address of the caller's task, and one the
 * address of a per-CPU slot whose per-CPU pointer is known, from which follows where a
 * CPU's variables lie. A run returns 32 bits, so that words take two.
 */
#include "kapi/peek.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kapi/bpf.h"
#include "kapi/btf.h"
#include "kapi/peek_prog.h"
#include "lib/cleanup.h"

#define NR_TRACEES_MAX 4000000

struct peek {
	int read_fd, current_fd, slot_fd, map_fd;
	/* where the kernel's structs have what is needed: task_struct, */
	uint32_t ptraced, ptrace_entry, thread_pid, mm;
	/* pid and upid, mm_struct and kioctx_table, */
	uint32_t level, numbers, upid_len, nr, ioctx_table, table_nr, table;
	/* kioctx, kioctx_cpu, bpf_array */
	uint32_t user_id, nr_events, available, cpu, completed, cpu_available, pptrs;
};

#define INSN(op, dst, src, offset, value)                                                          \
	{ .code = (op), .dst_reg = (dst), .src_reg = (src), .off = (offset), .imm = (value) }
#define LOAD(dst, src, offset)	 INSN(BPF_LDX | BPF_MEM | BPF_DW, dst, src, offset, 0)
#define STORE(dst, src, offset)	 INSN(BPF_STX | BPF_MEM | BPF_DW, dst, src, offset, 0)
#define MOVE(dst, src)		 INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define SET(dst, value)		 INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value)
#define ADD(dst, value)		 INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value)
#define SHIFT(dst, src)		 INSN(BPF_ALU64 | BPF_RSH | BPF_X, dst, src, 0, 0)
#define AND(dst, value)		 INSN(BPF_ALU64 | BPF_AND | BPF_K, dst, 0, 0, value)
#define CALL(function)		 INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define UNLESS_ZERO(reg, offset) INSN(BPF_JMP | BPF_JNE | BPF_K, reg, 0, offset, 0)
#define EXIT			 INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static int prog_load(const struct bpf_insn *insns, size_t len)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT, .insns = (uintptr_t)insns,
		.insn_cnt = (uint32_t)(len / sizeof(*insns)), .license = (uintptr_t)"GPL",
	};
	long fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	return fd < 0 ? -errno : (int)fd;
}

/* The word at argument 0, shifted right by argument 1; 0 where nothing can be read. */
int peek_prog_read(void)
{
	static const struct bpf_insn insns[] = {
		LOAD(3, 1, 0), LOAD(7, 1, 8), AND(7, 63),
		MOVE(1, 10), ADD(1, -8), SET(2, 8), CALL(BPF_FUNC_probe_read_kernel),
		LOAD(0, 10, -8), SHIFT(0, 7), EXIT,
	};

	return prog_load(insns, sizeof(insns));
}

int peek_prog_current(void)
{
	static const struct bpf_insn insns[] = {
		LOAD(7, 1, 8), AND(7, 63), CALL(BPF_FUNC_get_current_task), SHIFT(0, 7), EXIT,
	};

	return prog_load(insns, sizeof(insns));
}

/*
 * Argument 0 is 0: the address of this CPU's slot of the map; else that of the map
 * itself. Pointers become numbers by way of the slot.
 */
static int prog_load_slot(int map_fd)
{
	const struct bpf_insn insns[] = {
		LOAD(6, 1, 0), LOAD(7, 1, 8), AND(7, 63),
		INSN(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0),
		MOVE(2, 10), ADD(2, -4),
		INSN(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map_fd),
		INSN(0, 0, 0, 0, 0),
		CALL(BPF_FUNC_map_lookup_elem),
		UNLESS_ZERO(0, 2), SET(0, 0), EXIT,
		INSN(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map_fd),
		INSN(0, 0, 0, 0, 0),
		STORE(0, 1, 0),
		UNLESS_ZERO(6, 1), STORE(0, 0, 0),
		LOAD(0, 0, 0), SHIFT(0, 7), EXIT,
	};

	return prog_load(insns, sizeof(insns));
}

/* One run; @cpu -1: here. */
static int prog_run(int fd, uint64_t arg, uint64_t shift, int cpu, uint32_t *ret_value)
{
	uint64_t args[2] = { arg, shift };
	union bpf_attr attr = { .test = {
		.prog_fd = (uint32_t)fd, .ctx_in = (uintptr_t)args, .ctx_size_in = sizeof(args),
		.flags = cpu < 0 ? 0 : BPF_F_TEST_RUN_ON_CPU, .cpu = cpu < 0 ? 0 : (uint32_t)cpu,
	} };

	if (syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)))
		return -errno;
	*ret_value = attr.test.retval;
	return 0;
}

int peek_prog_word(int fd, uint64_t arg, int cpu, uint64_t *ret_word)
{
	uint32_t low, high;
	int ret = prog_run(fd, arg, 0, cpu, &low);

	if (!ret)
		ret = prog_run(fd, arg, 32, cpu, &high);
	if (!ret)
		*ret_word = (uint64_t)high << 32 | low;
	return ret;
}

static int peek_word(const struct peek *p, uint64_t addr, uint64_t *ret_word)
{
	return peek_prog_word(p->read_fd, addr, -1, ret_word);
}

static int peek_u32(const struct peek *p, uint64_t addr, uint32_t *ret_value)
{
	return prog_run(p->read_fd, addr, 0, -1, ret_value);
}

static int offsets_read(struct peek *p, const struct btf *btf)
{
	const struct btf_wanted wanted[] = {
		{ "task_struct", "ptraced", &p->ptraced },
		{ "task_struct", "ptrace_entry", &p->ptrace_entry },
		{ "task_struct", "thread_pid", &p->thread_pid },
		{ "task_struct", "mm", &p->mm },
		{ "pid", "level", &p->level },
		{ "pid", "numbers", &p->numbers },
		{ "upid", "nr", &p->nr },
		{ "mm_struct", "ioctx_table", &p->ioctx_table },
		{ "kioctx_table", "nr", &p->table_nr },
		{ "kioctx_table", "table", &p->table },
		{ "kioctx", "user_id", &p->user_id },
		{ "kioctx", "nr_events", &p->nr_events },
		{ "kioctx", "reqs_available", &p->available },
		{ "kioctx", "cpu", &p->cpu },
		{ "kioctx", "completed_events", &p->completed },
		{ "kioctx_cpu", "reqs_available", &p->cpu_available },
		{ "bpf_array", "pptrs", &p->pptrs },
	};

	int ret = btf_offsets(btf, wanted, sizeof(wanted) / sizeof(wanted[0]));

	return ret ? ret : btf_size(btf, "upid", &p->upid_len);
}

static int peek_prepare(struct peek *p)
{
	const struct bpf_map_info info = { .type = BPF_MAP_TYPE_PERCPU_ARRAY, .key_size = 4,
					   .value_size = 8, .max_entries = 1 };
	struct btf *btf;
	int ret = btf_open(&btf);

	if (ret)
		return ret;
	ret = offsets_read(p, btf);
	btf_close(btf);
	if (ret)
		return ret;
	p->map_fd = bpf_map_create(&info, -1);
	if (p->map_fd < 0)
		return p->map_fd;
	p->read_fd = peek_prog_read();
	p->current_fd = peek_prog_current();
	p->slot_fd = prog_load_slot(p->map_fd);
	return p->read_fd < 0 ? p->read_fd : p->current_fd < 0 ? p->current_fd :
	       p->slot_fd < 0 ? p->slot_fd : 0;
}

int peek_open(struct peek **ret_peek)
{
	struct peek *p = calloc(1, sizeof(*p));
	int ret;

	if (!p)
		return -ENOMEM;
	p->read_fd = p->current_fd = p->slot_fd = p->map_fd = -1;
	ret = peek_prepare(p);
	if (ret) {
		peek_close(p);
		return ret;
	}
	*ret_peek = p;
	return 0;
}

void peek_close(struct peek *p)
{
	if (!p)
		return;
	cleanup_close(&p->read_fd);
	cleanup_close(&p->current_fd);
	cleanup_close(&p->slot_fd);
	cleanup_close(&p->map_fd);
	free(p);
}

/* What the namespace of depth @level calls the task. */
static int task_number(const struct peek *p, uint64_t task, uint32_t level, uint32_t *ret_nr)
{
	uint64_t pid;
	int ret = peek_word(p, task + p->thread_pid, &pid);

	return ret ? ret : peek_u32(p, pid + p->numbers + (uint64_t)level * p->upid_len + p->nr,
				    ret_nr);
}

/* The kernel's struct of a tracee of this thread. */
static int tracee_find(const struct peek *p, pid_t tid, uint64_t *ret_task)
{
	uint64_t self, own_pid, head, at;
	uint32_t level = 0, nr = 0;
	int ret = peek_prog_word(p->current_fd, 0, -1, &self);

	if (!ret)
		ret = peek_word(p, self + p->thread_pid, &own_pid);
	if (!ret)
		ret = peek_u32(p, own_pid + p->level, &level);
	if (ret)
		return ret;
	head = self + p->ptraced;
	ret = peek_word(p, head, &at);
	for (int i = 0; !ret && at && at != head && i < NR_TRACEES_MAX; i++) {
		ret = task_number(p, at - p->ptrace_entry, level, &nr);
		if (!ret && nr == (uint32_t)tid) {
			*ret_task = at - p->ptrace_entry;
			return 0;
		}
		if (!ret)
			ret = peek_word(p, at, &at);
	}
	return ret ? ret : -ESRCH;
}

static int context_find(const struct peek *p, pid_t tid, uint32_t index, uint64_t id,
			uint64_t *ret_ctx)
{
	uint64_t task, mm, table, ctx, user_id = 0;
	uint32_t nr = 0;
	int ret = tracee_find(p, tid, &task);

	if (!ret)
		ret = peek_word(p, task + p->mm, &mm);
	if (!ret)
		ret = peek_word(p, mm + p->ioctx_table, &table);
	if (!ret && table)
		ret = peek_u32(p, table + p->table_nr, &nr);
	if (ret || index >= nr)
		return ret ? ret : -ESRCH;
	ret = peek_word(p, table + p->table + index * 8ul, &ctx);
	if (!ret && ctx)
		ret = peek_word(p, ctx + p->user_id, &user_id);
	if (ret || user_id != id)
		return ret ? ret : -ESRCH;
	*ret_ctx = ctx;
	return 0;
}

/* Slots that CPUs have taken in advance. */
static int cpus_available(const struct peek *p, uint64_t percpu, uint32_t *ret_nr)
{
	unsigned int nr_cpus = bpf_nr_cpus();
	uint64_t map, base, slot;
	uint32_t sum = 0, nr;
	int ret = peek_prog_word(p->slot_fd, 1, -1, &map);

	if (!ret)
		ret = peek_word(p, map + p->pptrs, &base);
	for (unsigned int cpu = 0; !ret && cpu < nr_cpus; cpu++) {
		ret = peek_prog_word(p->slot_fd, 0, (int)cpu, &slot);
		if (ret == -ENXIO) {
			ret = 0; /* not online, and so it took none */
			continue;
		}
		if (!ret)
			ret = peek_u32(p, percpu + (slot - base) + p->cpu_available, &nr);
		if (!ret)
			sum += nr;
	}
	if (!ret)
		*ret_nr = sum;
	return ret;
}

/* fs/aio.c: every slot is free, with a CPU, taken by an event, or by a request. */
int peek_aio_in_flight(struct peek *p, pid_t tid, uint32_t index, uint64_t id, uint32_t *ret_nr)
{
	uint32_t nr_events, available, with_cpus, completed;
	uint64_t ctx, percpu;
	int ret = context_find(p, tid, index, id, &ctx);

	if (!ret)
		ret = peek_u32(p, ctx + p->nr_events, &nr_events);
	if (!ret)
		ret = peek_u32(p, ctx + p->available, &available);
	if (!ret)
		ret = peek_u32(p, ctx + p->completed, &completed);
	if (!ret)
		ret = peek_word(p, ctx + p->cpu, &percpu);
	if (!ret)
		ret = cpus_available(p, percpu, &with_cpus);
	if (!ret)
		*ret_nr = nr_events - 1 - available - with_cpus - completed;
	return ret;
}
