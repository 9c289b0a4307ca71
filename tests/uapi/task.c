// SPDX-License-Identifier: GPL-2.0
/* CRCTL_TASK, CRCTL_THREADS and CRCTL_TIMERS against what the target itself is told. */
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "uapi.h"

#define NR_THREADS 40
#define NR_TIMERS 900

/* What the target knows of itself, in memory that both see. */
struct truth {
	struct crctl_sigaction actions[64];
	struct itimerval itimers[3];
	struct timespec asked;
	uint64_t brk;
	int dumpable, subreaper, thp, mdwe, io_flusher, securebits;
	int pdeath, slack, tid_sleeping, tid_altstack, ids[3];
	int *tid_address;
	stack_t altstack;
	struct itimerspec timers[3];
	int overrun;
	struct timespec sleep_began;
	int ready;
};

static struct truth *truth;

static void handler(int sig)
{
}

static void *sleeper(void *arg)
{
	struct timespec ts = { 1000, 0 };

	prctl(PR_SET_TIMERSLACK, 123456);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	prctl(PR_SET_NAME, "sleeper");
	truth->tid_sleeping = (int)syscall(SYS_gettid);
	clock_gettime(CLOCK_MONOTONIC, &truth->sleep_began);
	__atomic_fetch_add(&truth->ready, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_nanosleep, &ts, NULL);
	return NULL;
}

static void *with_altstack(void *arg)
{
	stack_t st = { .ss_sp = malloc(65536), .ss_size = 65536, .ss_flags = (int)(1u << 31) };
	check(!sigaltstack(&st, NULL) && !sigaltstack(NULL, &truth->altstack));
	truth->tid_altstack = (int)syscall(SYS_gettid);
	syscall(SYS_prctl, PR_GET_TID_ADDRESS, &truth->tid_address);
	syscall(SYS_tgkill, getpid(), truth->tid_altstack, SIGRTMIN + 3);
	__atomic_fetch_add(&truth->ready, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
	return NULL;
}

static void *idle(void *arg)
{
	__atomic_fetch_add(&truth->ready, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
	return NULL;
}

static void timers_set_up(void)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE },
			sig = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 5,
				.sigev_value.sival_ptr = (void *)0x123456789abc };
	struct itimerspec far = { { 7, 5 }, { 5000, 0 } },
			  fast = { { 0, 1000000 }, { 0, 1000000 } },
			  cpu = { { 0, 0 }, { 3000, 0 } };
	timer_t id;

	check(!timer_create(CLOCK_MONOTONIC, &sig, &id) && !timer_settime(id, 0, &far, NULL));
	truth->ids[0] = (int)(intptr_t)id;
	check(!timer_create(CLOCK_REALTIME, &sig, &id) && !timer_settime(id, 0, &fast, NULL));
	truth->ids[1] = (int)(intptr_t)id;
	check(!timer_create(CLOCK_PROCESS_CPUTIME_ID, &sig, &id) &&
	      !timer_settime(id, 0, &cpu, NULL));
	truth->ids[2] = (int)(intptr_t)id;
	for (int i = 0; i < NR_TIMERS; i++)
		check(!timer_create(CLOCK_BOOTTIME, &none, &id));
	usleep(30000);		/* the fast one waits for its signal to be taken */
}

static void actions_set_up(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART | SA_ONSTACK };

	sigaddset(&sa.sa_mask, SIGHUP);
	sigaddset(&sa.sa_mask, 64);
	for (int sig = 3; sig <= 64; sig += 7)
		sigaction(sig, &sa, NULL);
	signal(SIGUSR1, SIG_IGN);
}

static void marks_set_up(void)
{
	truth->brk = (uint64_t)syscall(SYS_brk, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	truth->dumpable = prctl(PR_GET_DUMPABLE);
	prctl(PR_GET_CHILD_SUBREAPER, &truth->subreaper);
	truth->thp = prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0);
	truth->mdwe = prctl(66 /* PR_GET_MDWE */, 0, 0, 0, 0);
	truth->io_flusher = prctl(58 /* PR_GET_IO_FLUSHER */, 0, 0, 0, 0);
	truth->securebits = prctl(PR_GET_SECUREBITS);
	prctl(PR_GET_PDEATHSIG, &truth->pdeath);
	truth->slack = prctl(PR_GET_TIMERSLACK);
	umask(0127);
	check(!mlockall(MCL_FUTURE));
	check(!munlockall() && !mlockall(MCL_FUTURE | 4 /* MCL_ONFAULT */));
}

static void target_set_up(void *arg)
{
	struct itimerval real = { { 3, 0 }, { 4000, 0 } }, prof = { { 0, 0 }, { 2000, 0 } };
	struct rlimit lim = { 777, 888 };
	sigset_t set;
	pthread_t t;

	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	actions_set_up();
	marks_set_up();
	check(!setrlimit(RLIMIT_NOFILE, &lim));
	check(!setitimer(ITIMER_REAL, &real, NULL) && !setitimer(ITIMER_PROF, &prof, NULL));
	timers_set_up();
	check(!pthread_create(&t, NULL, sleeper, NULL));
	check(!pthread_create(&t, NULL, with_altstack, NULL));
	for (int i = 2; i < NR_THREADS; i++)
		check(!pthread_create(&t, NULL, idle, NULL));
	while (__atomic_load_n(&truth->ready, __ATOMIC_SEQ_CST) < NR_THREADS)
		usleep(1000);
	/* the C library has handlers of its own once there are threads */
	for (int sig = 1; sig <= 64; sig++)
		check(!syscall(SYS_rt_sigaction, sig, NULL, &truth->actions[sig - 1], 8));
	kill(getpid(), SIGHUP);
	for (int i = 0; i < 3; i++)
		getitimer(i, &truth->itimers[i]);
}

static uint64_t tv_ns(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000000 + (uint64_t)tv.tv_usec * 1000;
}

static bool near(uint64_t a, uint64_t b, uint64_t by)
{
	return a > b ? a - b <= by : b - a <= by;
}

static uint64_t number_read(pid_t pid, const char *file, const char *key, int base)
{
	char path[64], line[256];
	uint64_t v = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	in = fopen(path, "r");
	check(in);
	while (fgets(line, sizeof(line), in))
		if (!strncmp(line, key, strlen(key)))
			v = strtoull(line + strlen(key), NULL, base);
	fclose(in);
	return v;
}

static void namespace_check(pid_t pid, const char *name, uint64_t inum)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	check(stat(path, &st) || inum == st.st_ino, "%s %llu", name, (unsigned long long)inum);
}

static void stat_check(pid_t pid, const struct crctl_task *t)
{
	char path[64], line[4096], *p;
	unsigned long v[60] = { 0 };
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	in = fopen(path, "r");
	check(in && fgets(line, sizeof(line), in));
	fclose(in);
	p = strrchr(line, ')') + 4;
	for (int i = 4; i <= 52; i++)
		v[i] = strtoul(p, &p, 10);
	check(t->ppid == (int)v[4] && t->pgid == (int)v[5] && t->sid == (int)v[6]);
	check(t->nr_threads == v[20] && t->start_ns / 10000000 == v[22]);
	check(t->start_code == v[26] && t->end_code == v[27] && t->start_stack == v[28]);
	check(t->start_data == v[45] && t->end_data == v[46] && t->start_brk == v[47]);
	check(t->arg_start == v[48] && t->arg_end == v[49] && t->env_start == v[50] &&
	      t->env_end == v[51] && t->exit_signal == (int)v[38]);
}

static void task_check(int fd, pid_t pid)
{
	struct crctl_task t = { .size = sizeof(t), .pid = pid }, self = t;
	uint64_t auxv[256];
	char path[64];
	ssize_t n;
	int in;

	check(!ioctl(fd, CRCTL_TASK, &t));
	check(t.pid == pid && t.ppid == getpid() && t.nr_threads == NR_THREADS + 1);
	check(t.has == (CRCTL_TASK_HAS_MM | CRCTL_TASK_HAS_FS | CRCTL_TASK_HAS_FILES |
			CRCTL_TASK_HAS_SIGNAL));
	check(!memcmp(t.actions, truth->actions, sizeof(t.actions)));
	for (int i = 0; i < 3; i++) {
		check(t.itimers[i].interval_ns == tv_ns(truth->itimers[i].it_interval));
		check(near(t.itimers[i].value_ns, tv_ns(truth->itimers[i].it_value), 20000000000));
		check(!t.itimers[i].value_ns == !tv_ns(truth->itimers[i].it_value));
	}
	check(t.brk >= truth->brk && t.dumpable == truth->dumpable);
	check(t.child_subreaper == 1 && truth->subreaper == 1);
	check((int)t.thp_disabled == truth->thp && t.thp_disabled == 1);
	check((int)t.mdwe == (truth->mdwe < 0 ? 0 : truth->mdwe));
	check(t.umask == 0127 && t.mlock_future == (MCL_FUTURE | 4));
	check(t.rlimits[RLIMIT_NOFILE][0] == 777 && t.rlimits[RLIMIT_NOFILE][1] == 888);
	check(t.shared_pending & 1ull << (SIGHUP - 1) && t.nr_timers == NR_TIMERS + 3);
	check(t.coredump_filter == number_read(pid, "coredump_filter", "", 16));
	check(t.oom_score_adj == (int)number_read(pid, "oom_score_adj", "", 10));
	snprintf(path, sizeof(path), "/proc/%d/auxv", pid);
	in = open(path, O_RDONLY);
	n = read(in, auxv, sizeof(auxv));
	close(in);
	check(n > 0 && t.nr_auxv * 8 == n && !memcmp(auxv, t.auxv, (size_t)n));
	stat_check(pid, &t);
	namespace_check(pid, "mnt", t.ns_mnt);
	namespace_check(pid, "uts", t.ns_uts);
	namespace_check(pid, "ipc", t.ns_ipc);
	namespace_check(pid, "net", t.ns_net);
	namespace_check(pid, "user", t.ns_user);
	namespace_check(pid, "cgroup", t.ns_cgroup);
	namespace_check(pid, "pid", t.ns_pid_own);
	namespace_check(pid, "pid_for_children", t.ns_pid_children);
	namespace_check(pid, "time", t.ns_time);
	namespace_check(pid, "time_for_children", t.ns_time_children);
	self.pid = getpid();
	check(!ioctl(fd, CRCTL_TASK, &self));
	check(self.mm_id != t.mm_id && self.files_id != t.files_id && self.fs_id != t.fs_id &&
	      self.sighand_id != t.sighand_id);
}

static void thread_check(const void *record, uint32_t size, void *arg)
{
	const struct crctl_thread *t = record;
	unsigned char mask[1024];
	char path[64], comm[32];
	struct robust_list_head *robust;
	struct sched_param param;
	size_t robust_len;
	long len;
	int *nr = arg, in;
	ssize_t n;

	(*nr)++;
	check(t->uid[0] == 0 && t->gid[3] == 0);
	check(t->cap_eff == number_read(t->tid, "status", "CapEff:", 16));
	check(t->cap_bnd == number_read(t->tid, "status", "CapBnd:", 16));
	check(t->blocked == number_read(t->tid, "status", "SigBlk:", 16));
	check(t->pending == number_read(t->tid, "status", "SigPnd:", 16));
	check(t->nr_voluntary == number_read(t->tid, "status", "voluntary_ctxt_switches:", 10));
	len = syscall(SYS_sched_getaffinity, t->tid, sizeof(mask), mask);
	check(len > 0 && t->cpus_len >= (uint32_t)len &&
	      !memcmp((const char *)record + t->cpus_at, mask, (size_t)len));
	check(!syscall(SYS_get_robust_list, t->tid, &robust, &robust_len));
	check(t->robust_list == (uintptr_t)robust && t->robust_len == robust_len);
	check((int)t->policy == sched_getscheduler(t->tid) && !sched_getparam(t->tid, &param) &&
	      (int)t->rt_priority == param.sched_priority);
	check((int)t->ioprio == syscall(SYS_ioprio_get, 1, t->tid), "%u", t->ioprio);
	snprintf(path, sizeof(path), "/proc/%d/comm", t->tid);
	in = open(path, O_RDONLY);
	n = read(in, comm, sizeof(comm));
	close(in);
	check(n > 1 && !strncmp((const char *)t->comm, comm, (size_t)n - 1));
	if (t->tid == truth->tid_sleeping) {
		check(t->timer_slack_ns == 123456 && t->pdeath_signal == SIGUSR1);
		check(t->sas_flags == SS_DISABLE && !t->sas_size);
	}
	if (t->tid == truth->tid_altstack) {
		check(t->sas_sp == (uintptr_t)truth->altstack.ss_sp &&
		      t->sas_size == truth->altstack.ss_size &&
		      t->sas_flags == (uint32_t)truth->altstack.ss_flags);
		check(t->clear_child_tid == (uintptr_t)truth->tid_address);
		check(t->pending == 1ull << (SIGRTMIN + 2));
	}
}

static void timer_check(const void *record, uint32_t size, void *arg)
{
	const struct crctl_timer *t = record;

	if (t->id == truth->ids[0]) {
		check(t->clock == CLOCK_MONOTONIC && t->signo == SIGRTMIN + 5 && t->notify == 0);
		check(t->sigval == 0x123456789abc && t->interval_ns == 7000000005);
		check(near(t->value_ns, 5000000000000, 30000000000));
	} else if (t->id == truth->ids[1]) {
		check(t->interval_ns == 1000000 && t->value_ns && t->value_ns <= 1000000);
		check(t->overrun_next >= 20, "%llu", (unsigned long long)t->overrun_next);
	} else if (t->id == truth->ids[2]) {
		/* a busy guest counts the time of its host */
		check(near(t->value_ns, 3000000000000, 60000000000), "%llu",
		      (unsigned long long)t->value_ns);
	} else {
		check(t->notify == SIGEV_NONE && !t->value_ns && t->clock == CLOCK_BOOTTIME);
	}
}

/* A sleep that a stop interrupted: how much is left, and of what. */
static void restart_check(int fd, pid_t pid)
{
	struct timespec now;
	struct crctl_list l = { .size = sizeof(l), .pid = truth->tid_sleeping,
				.flags = CRCTL_THREADS_ONE };
	char buf[4096];
	struct crctl_thread *t = (struct crctl_thread *)buf;
	uint64_t slept;

	l.buf = (uintptr_t)buf;
	l.buf_len = sizeof(buf);
	kill(pid, SIGSTOP);
	usleep(200000);
	check(!ioctl(fd, CRCTL_THREADS, &l) && l.nr == 1 && l.cursor == CRCTL_CURSOR_END);
	clock_gettime(CLOCK_MONOTONIC, &now);
	slept = (uint64_t)(now.tv_sec - truth->sleep_began.tv_sec) * 1000000000;
	check(t->restart == CRCTL_RESTART_SLEEP && t->restart_clock == CLOCK_MONOTONIC &&
	      t->restart_has_timeout && !t->restart_addr, "%u", t->restart);
	check(near(t->restart_left_ns, 1000000000000 - slept, 3000000000));
	kill(pid, SIGCONT);
}

static void wrong(int fd)
{
	struct crctl_task good = { .size = sizeof(good), .pid = getpid() }, t = good;
	struct crctl_list l = { .pid = getpid() };

	t = good, t.size = 8;
	check_errno(fd, CRCTL_TASK, &t, EINVAL);
	t = good, t.flags = 1;
	check_errno(fd, CRCTL_TASK, &t, EOPNOTSUPP);
	t = good, t.pid = 0;
	check_errno(fd, CRCTL_TASK, &t, EINVAL);
	t = good, t.pid = 0x3fffffff;
	check_errno(fd, CRCTL_TASK, &t, ESRCH);
	check_errno(fd, CRCTL_TASK, NULL, EFAULT);
	list_wrong(fd, CRCTL_THREADS, l, false);
	timer_t id;

	check(!timer_create(CLOCK_MONOTONIC, NULL, &id));
	list_wrong(fd, CRCTL_TIMERS, l, false);
}

int main(void)
{
	static const uint32_t pieces[] = { 2048, 65536, 1 << 20 };
	int fd = dev_open();
	struct crctl_list l = { 0 };
	pid_t pid;

	truth = mmap(NULL, sizeof(*truth), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	pid = l.pid = child_start(target_set_up, NULL);
	task_check(fd, pid);
	for (int i = 0; i < 3; i++) {
		int nr = 0;

		list_all(fd, CRCTL_THREADS, l, pieces[i], thread_check, &nr);
		check(nr == NR_THREADS + 1);
		check(list_all(fd, CRCTL_TIMERS, l, pieces[i], timer_check, NULL) == NR_TIMERS + 3);
	}
	restart_check(fd, pid);
	child_end(pid);
	wrong(fd);
	return 0;
}
