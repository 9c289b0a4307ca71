// SPDX-License-Identifier: GPL-2.0
/* Questions with two answerers, about processes and threads; see ask.h. ask_fds.c has files. */
#include "kapi/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/cleanup.h"

#define ALL_OF (CRCTL_HAS_TASK | CRCTL_HAS_THREADS | CRCTL_HAS_TIMERS)
#define TASK_HAS (CRCTL_TASK_HAS_MM | CRCTL_TASK_HAS_FS | CRCTL_TASK_HAS_FILES | \
		  CRCTL_TASK_HAS_SIGNAL)

int told_read(struct dev *dev, pid_t pid, struct told **ret)
{
	struct told *told;
	int ret_code;

	if ((dev_features(dev) & ALL_OF) != ALL_OF)
		return -EOPNOTSUPP;
	told = calloc(1, sizeof(*told));
	if (!told)
		return -ENOMEM;
	ret_code = dev_read_task(dev, pid, &told->task);
	if (!ret_code && (told->task.has & TASK_HAS) != TASK_HAS)
		ret_code = -ESRCH;
	if (!ret_code)
		ret_code = dev_read_threads(dev, pid, &told->threads);
	if (!ret_code && told->task.nr_timers)
		ret_code = dev_read_timers(dev, pid, &told->timers);
	if (ret_code)
		told_free(told);
	else
		*ret = told;
	return ret_code;
}

void told_free(struct told *told)
{
	if (!told)
		return;
	dev_threads_free(&told->threads);
	array_free(&told->timers);
	free(told);
}

const struct dev_thread *told_thread(const struct told *told, pid_t tid, size_t *at)
{
	for (size_t i = 0; told && i < told->threads.nr; i++) {
		size_t k = (*at + i) % told->threads.nr;

		if (told->threads.items[k].facts.tid == tid) {
			*at = k + 1;
			return &told->threads.items[k];
		}
	}
	return NULL;
}

int ask_vmas(struct dev *dev, pid_t pid, int proc_fd, struct proc_buf *buf,
	     struct proc_vma_list *ret)
{
	int ret_code = dev_read_vmas(dev, pid, ret);

	return ret_code == -EOPNOTSUPP ? proc_read_vmas(proc_fd, buf, ret) : ret_code;
}

/* ---- threads ---- */

static int status_of_told(const struct told *told, const struct dev_thread *t,
			  struct proc_status *ret)
{
	const struct crctl_thread *f = &t->facts;

	*ret = (struct proc_status){
		.sig_pending = f->pending,
		.sig_shared_pending = told->task.shared_pending,
		.cap_inh = f->cap_inh, .cap_prm = f->cap_prm, .cap_eff = f->cap_eff,
		.cap_bnd = f->cap_bnd, .cap_amb = f->cap_amb,
		.nr_voluntary = f->nr_voluntary,
		.umask = told->task.umask,
		.no_new_privs = f->no_new_privs,
		.seccomp_mode = f->seccomp_mode,
		.nr_seccomp_filters = f->nr_seccomp_filters,
	};
	memcpy(ret->comm, f->comm, sizeof(ret->comm));
	memcpy(ret->uid, f->uid, sizeof(ret->uid));
	memcpy(ret->gid, f->gid, sizeof(ret->gid));
	if (!f->nr_groups)
		return 0;
	ret->groups = malloc(f->nr_groups * sizeof(*ret->groups));
	if (!ret->groups)
		return -ENOMEM;
	memcpy(ret->groups, t->groups, f->nr_groups * sizeof(*ret->groups));
	ret->nr_groups = f->nr_groups;
	return 0;
}

int ask_status(const struct asked *a, const struct dev_thread *t, const char *prefix,
	       struct proc_status *ret)
{
	return t ? status_of_told(a->told, t, ret)
		 : proc_read_status(a->proc_fd, prefix, a->buf, ret);
}

int ask_sigmask(const struct dev_thread *t, pid_t tid, uint64_t *ret)
{
	if (!t)
		return ptrace_get_sigmask(tid, ret);
	*ret = t->facts.blocked;
	return 0;
}

int ask_dispatch(const struct dev_thread *t, pid_t tid, bool *ret_on)
{
	if (!t)
		return ptrace_get_dispatch(tid, ret_on);
	*ret_on = t->facts.dispatch;
	return 0;
}

int ask_rseq(const struct dev_thread *t, pid_t tid, struct ptrace_rseq *ret)
{
	int ret_code;

	*ret = (struct ptrace_rseq){ 0 };
	if (t) {
		if (t->facts.has & CRCTL_THREAD_HAS_RSEQ)
			*ret = (struct ptrace_rseq){ t->facts.rseq, t->facts.rseq_len,
						     t->facts.rseq_signature };
		return 0;
	}
	ret_code = ptrace_get_rseq(tid, ret);
	return ret_code == -EIO || ret_code == -EINVAL ? -EOPNOTSUPP : ret_code;
}

int ask_sched(const struct dev_thread *t, pid_t tid, struct sys_sched_attr *ret)
{
	if (!t)
		return sys_sched_getattr(tid, ret);
	*ret = (struct sys_sched_attr){
		.size = sizeof(*ret),
		.policy = t->facts.policy,
		.flags = t->facts.sched_flags,
		.nice = t->facts.nice,
		.priority = t->facts.rt_priority,
		.runtime = t->facts.dl_runtime,
		.deadline = t->facts.dl_deadline,
		.period = t->facts.dl_period,
	};
	return 0;
}

int ask_cpus(const struct dev_thread *t, pid_t tid, uint8_t **ret_mask, size_t *ret_len)
{
	unsigned char mask[8192];
	const void *from = t ? t->cpus : mask;
	int len = t ? (int)t->facts.cpus_len : sys_sched_getaffinity(tid, mask, sizeof(mask));

	if (len < 0)
		return len;
	*ret_mask = malloc((size_t)len + 1);
	if (!*ret_mask)
		return -ENOMEM;
	if (len)
		memcpy(*ret_mask, from, (size_t)len);
	*ret_len = (size_t)len;
	return 0;
}

uint32_t ask_ioprio(const struct dev_thread *t, pid_t tid)
{
	int ioprio = t ? (int)t->facts.ioprio : sys_ioprio_get(tid);

	return ioprio > 0 ? (uint32_t)ioprio : 0;
}

int ask_robust_list(const struct dev_thread *t, pid_t tid, uint64_t *ret_head, uint64_t *ret_len)
{
	if (!t)
		return sys_robust_list(tid, ret_head, ret_len);
	*ret_head = t->facts.robust_list;
	*ret_len = t->facts.robust_len;
	return 0;
}

/* ---- processes ---- */

static int auxv_copy(const void *from, size_t nr, uint64_t **ret_words, size_t *ret_nr)
{
	uint64_t *words = calloc(nr + 1, sizeof(*words));

	if (!words)
		return -ENOMEM;
	memcpy(words, from, nr * sizeof(*words));
	*ret_words = words;
	*ret_nr = nr;
	return 0;
}

int ask_auxv(const struct asked *a, uint64_t **ret_words, size_t *ret_nr)
{
	int ret;

	if (a->told)
		return auxv_copy(a->told->task.auxv, a->told->task.nr_auxv, ret_words, ret_nr);
	ret = proc_read(a->proc_fd, "auxv", a->buf);
	return ret ? ret : auxv_copy(a->buf->data, a->buf->len / 8, ret_words, ret_nr);
}

int ask_limits(const struct asked *a, uint64_t (*ret)[2])
{
	if (!a->told)
		return proc_read_limits(a->proc_fd, a->buf, ret);
	memcpy(ret, a->told->task.rlimits, RLIM_NLIMITS * sizeof(*ret));
	return 0;
}

int ask_timers(const struct asked *a, struct timer_array *ret)
{
	int ret_code;

	if (!a->told) {
		ret_code = proc_read_timers(a->proc_fd, a->buf, ret);
		/* a kernel without CONFIG_CHECKPOINT_RESTORE or timers */
		return ret_code == -ENOENT ? 0 : ret_code;
	}
	array_for_each(&a->told->timers, from) {
		struct proc_timer *t = array_add(ret);

		if (!t)
			return -ENOMEM;
		*t = (struct proc_timer){
			.id = from->id, .signo = from->signo, .notify = (int)from->notify,
			.clock = from->clock, .sigval = from->sigval, .tid = from->notify_tid,
		};
	}
	return 0;
}

static void numbers_of_told(const struct told *told, struct task_numbers *ret)
{
	const struct crctl_thread *leader = &told->threads.items[0].facts;

	*ret = (struct task_numbers){
		.personality = leader->personality,
		.coredump_filter = told->task.coredump_filter,
		.has_coredump_filter = true,
		.loginuid = leader->loginuid,
		.has_loginuid = leader->has & CRCTL_THREAD_HAS_LOGINUID,
		.oom_score_adj = told->task.oom_score_adj,
		.has_oom_score_adj = true,
	};
}

/* A file that this kernel may not have. */
static int number_read(const struct asked *a, const char *name, int base, bool *ret_has,
		       uint32_t *ret_value, const char **ret_name)
{
	int64_t value = 0;
	int ret = proc_read_number(a->proc_fd, name, base, a->buf, &value);

	*ret_name = name;
	*ret_has = !ret;
	*ret_value = (uint32_t)value;
	return ret == -ENOENT ? 0 : ret;
}

int ask_numbers(const struct asked *a, struct task_numbers *ret, const char **ret_name)
{
	uint32_t adj = 0;
	bool has;
	int ret_code;

	memset(ret, 0, sizeof(*ret));
	if (a->told) {
		numbers_of_told(a->told, ret);
		return 0;
	}
	ret_code = number_read(a, "personality", 16, &has, &ret->personality, ret_name);
	if (!ret_code)
		ret_code = number_read(a, "loginuid", 10, &ret->has_loginuid, &ret->loginuid,
				       ret_name);
	if (!ret_code)
		ret_code = number_read(a, "oom_score_adj", 10, &ret->has_oom_score_adj, &adj,
				       ret_name);
	ret->oom_score_adj = (int32_t)adj;
	if (!ret_code)
		ret_code = number_read(a, "coredump_filter", 16, &ret->has_coredump_filter,
				       &ret->coredump_filter, ret_name);
	return ret_code;
}

static uint64_t namespace_of_told(const struct crctl_task *t, const char *name)
{
	const struct { const char *name; uint64_t ino; } all[] = {
		{ "mnt", t->ns_mnt }, { "uts", t->ns_uts }, { "ipc", t->ns_ipc },
		{ "net", t->ns_net }, { "user", t->ns_user }, { "cgroup", t->ns_cgroup },
		{ "pid", t->ns_pid_own }, { "pid_for_children", t->ns_pid_children },
		{ "time", t->ns_time }, { "time_for_children", t->ns_time_children },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i].name, name))
			return all[i].ino;
	return 0;
}

int ask_namespace(const struct asked *a, const char *name, uint64_t *ret_ino)
{
	uint64_t ino = a->told ? namespace_of_told(&a->told->task, name) : 0;
	char path[32], link[64];
	int ret;

	if (!ino) {
		snprintf(path, sizeof(path), "ns/%s", name);
		ret = proc_read_link(a->proc_fd, path, link, sizeof(link));
		if (ret)
			return ret;
		ino = strchr(link, '[') ? strtoull(strchr(link, '[') + 1, NULL, 10) : 0;
	}
	*ret_ino = ino;
	return 0;
}

/* ---- facts ---- */

static void itimer_of_told(const struct crctl_itimer *from, __u64 *to)
{
	to[0] = from->interval_ns / 1000000000;
	to[1] = from->interval_ns % 1000000000 / 1000;
	to[2] = from->value_ns / 1000000000;
	to[3] = from->value_ns % 1000000000 / 1000;
}

int facts_of_told(const struct told *told, struct stub_task_facts **ret)
{
	const struct crctl_task *t = &told->task;
	size_t nr = told->timers.nr;
	struct stub_task_facts *f = calloc(1, sizeof(*f) + nr * sizeof(f->timers[0]));

	if (!f)
		return -ENOMEM;
	_Static_assert(sizeof(f->actions) == sizeof(t->actions), "one and the same struct");
	memcpy(f->actions, t->actions, sizeof(f->actions));
	for (int i = 0; i < 3; i++)
		itimer_of_told(&t->itimers[i], f->itimers[i]);
	f->brk = t->brk;
	f->dumpable = t->dumpable;
	f->child_subreaper = (__s32)t->child_subreaper;
	f->thp_disabled = (__s32)t->thp_disabled;
	f->membarrier = (__s32)t->membarrier;
	f->io_flusher = (__s32)told->threads.items[0].facts.io_flusher;
	f->mdwe = (__s32)t->mdwe;
	f->nr_timers = (__u32)nr;
	for (size_t i = 0; i < nr; i++) {
		const struct crctl_timer *from = &told->timers.items[i];

		f->timers[i] = (struct stub_fact_timer){
			.id = from->id, .overrun = from->overrun,
			.isec = from->interval_ns / 1000000000,
			.insec = from->interval_ns % 1000000000,
			.vsec = from->value_ns / 1000000000,
			.vnsec = from->value_ns % 1000000000,
		};
	}
	*ret = f;
	return 0;
}

void thread_facts_of_told(const struct dev_thread *t, struct stub_thread_facts *ret)
{
	const struct crctl_thread *f = &t->facts;

	*ret = (struct stub_thread_facts){
		.tid_address = f->clear_child_tid,
		.sas_sp = f->sas_sp,
		.sas_flags = (__s32)f->sas_flags,
		.sas_size = f->sas_size,
		.pdeath_signal = f->pdeath_signal,
		.securebits = (__s32)f->securebits,
		.timer_slack_ns = f->timer_slack_ns,
	};
}
