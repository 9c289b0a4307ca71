// SPDX-License-Identifier: GPL-2.0
/* Sizes and offsets of the contract, frozen, for 64 and for 32 bits. */
#include <stddef.h>

#include <crctl.h>

#define SIZE(type, n) _Static_assert(sizeof(struct type) == (n), "size of " #type)
#define AT(type, member, n) \
	_Static_assert(offsetof(struct type, member) == (n), "offset of " #type "." #member)

SIZE(crctl_query, 24);
AT(crctl_query, features, 16);
SIZE(crctl_list, 48);
AT(crctl_list, cursor, 16);
AT(crctl_list, needed, 44);
SIZE(crctl_vma, 120);
AT(crctl_vma, file_id, 40);
AT(crctl_vma, nlink, 88);
AT(crctl_vma, name_len, 116);
SIZE(crctl_file, 168);
AT(crctl_file, pos, 24);
AT(crctl_file, inode_ino, 64);
AT(crctl_file, ino, 80);
AT(crctl_file, mtime_sec, 136);
AT(crctl_file, ops_len, 164);
SIZE(crctl_sigaction, 32);
SIZE(crctl_itimer, 16);
SIZE(crctl_task, 3760);
AT(crctl_task, start_ns, 64);
AT(crctl_task, mm_id, 88);
AT(crctl_task, ns_mnt, 144);
AT(crctl_task, umask, 224);
AT(crctl_task, start_code, 264);
AT(crctl_task, auxv, 376);
AT(crctl_task, shared_pending, 1400);
AT(crctl_task, actions, 1408);
AT(crctl_task, itimers, 3456);
AT(crctl_task, rlimits, 3504);
SIZE(crctl_thread, 400);
AT(crctl_thread, start_ns, 40);
AT(crctl_thread, rseq, 72);
AT(crctl_thread, blocked, 128);
AT(crctl_thread, uid, 200);
AT(crctl_thread, cap_inh, 232);
AT(crctl_thread, policy, 288);
AT(crctl_thread, restart, 348);
AT(crctl_thread, restart_flags, 396);
SIZE(crctl_timer, 64);
AT(crctl_timer, sigval, 24);
AT(crctl_timer, overrun_next, 56);
SIZE(crctl_aio, 48);
AT(crctl_aio, nr_in_flight, 40);
SIZE(crctl_overlay, 136);
AT(crctl_overlay, addr, 24);
AT(crctl_overlay, has, 48);
AT(crctl_overlay, real_ino, 80);
AT(crctl_overlay, real_len, 132);
SIZE(crctl_watch, 104);
AT(crctl_watch, mask, 16);
AT(crctl_watch, ino, 40);
AT(crctl_watch, path_len, 100);
SIZE(crctl_uring, 64);
AT(crctl_uring, sq_thread, 60);
SIZE(crctl_range, 16);
SIZE(crctl_memory_run, 24);
AT(crctl_memory_run, state, 16);
SIZE(crctl_memory, 64);
AT(crctl_memory, pos, 16);
AT(crctl_memory, next_at, 40);
AT(crctl_memory, nr_runs, 60);

int main(void)
{
	return 0;
}
