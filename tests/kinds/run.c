// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the test programs: run [-j N] [-m MODES] [-v] [-l] PROGRAM...
 *
 * Each program and mode gets a PID and mount namespace of its own, whose init is
 * this harness, so that PIDs are free again and nothing survives a run that is
 * killed. Modes: undisturbed, killed (dump -R, five times, each killed at some
 * moment), leave-running (dump -R), restored (dump, gone,
 * restored), twice (the restored tree dumped and restored again), parity (stopped,
 * dumped with and without the module; COMPARE says whether both are the same). A
 * program that dump or restore has to refuse has the one mode `refused`.
 *
 * Environment: CRCTL the tool, or DUMP_TOOL and RESTORE_TOOL where they differ,
 * KIND_OPTIONS more options for them. With a tool named criu, a failure that
 * kind.criu explains is expected; so is one that kind.limit explains, unless that
 * begins with "without the module" and it is there. KIND_SECONDS is how long a program
 * may take to be ready, 30 where nothing is said. COMPARE, DIFFERENCES: tests/vm/parity.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORK	 "/run/crctl-kinds"
#define ROOT_PID 2
#define MAX_JOBS 16

enum mode { UNDISTURBED, KILLED, LEAVE_RUNNING, RESTORED, TWICE, REFUSED, PARITY, NR_MODES };

static const char *const mode_names[] = {
	"undisturbed", "killed", "leave-running", "restored", "twice", "refused", "parity",
};

struct about {
	char options[256];
	char refuse[256];
	char refuse_restore[256];
	char kill_limit[256];
	char limit[256];
	char limit_twice[256];
	char criu[256];
	bool between;
	bool no_undisturbed;
	bool network;
};

struct test {
	const char *program;
	enum mode mode;
	struct about about;
	pid_t pid;
	int result_fd;
	int64_t started_ms;
};

struct totals {
	int passed, failed, skipped, expected;
};

static const char *dump_tool, *restore_tool, *more_options;
static bool verbose, whole_logs;
static const char *compare_tool, *differences;
static bool criu_dumps, criu_restores; /* then failures named in kind.criu are expected */
static bool module_answers;	       /* then limits without it are none */
static int result_fd = -1;	       /* in a namespace's init: where its sentence goes */

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void pause_us(long us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&ts, NULL);
}

static void pause_ms(long ms)
{
	pause_us(ms * 1000);
}

/* Seconds that a program may take to be ready. */
static int patience(void)
{
	const char *seconds = getenv("KIND_SECONDS");

	return seconds ? atoi(seconds) : 30;
}

/* ---- Inside the namespace: this process is init, the program PID 2. ---- */

/* What a log says of a failure goes out with the sentence: its errors, or all of it with -l. */
static void log_errors(const char *path)
{
	static char buf[1 << 18];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t n = 0;
	char *line;

	if (fd >= 0) {
		n = pread(fd, buf, sizeof(buf) - 1,
			  end >= (off_t)sizeof(buf) ? end - (off_t)sizeof(buf) + 1 : 0);
		close(fd);
	}
	buf[n > 0 ? n : 0] = 0;
	if (whole_logs)
		dprintf(result_fd, "\n--- %s\n%s", path, buf);
	for (line = strtok(buf, "\n"); line && !whole_logs; line = strtok(NULL, "\n"))
		if (strstr(line, "rror") || strstr(line, "crctl:"))
			dprintf(result_fd, "\n        %s", line);
}

static _Noreturn void done(const char *word, const char *fmt, ...)
{
	va_list args;

	dprintf(result_fd, "%s ", word);
	va_start(args, fmt);
	vdprintf(result_fd, fmt, args);
	va_end(args);
	if (!strcmp(word, "fail")) {
		log_errors(WORK "/img/dump.log");
		log_errors(WORK "/img/restore.log");
		log_errors(WORK "/log");
	}
	_exit(0);
}

static void mark(const char *name)
{
	int fd;

	(void)!chdir(WORK);
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		done("fail", "harness: %s: %s", name, strerror(errno));
	close(fd);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static size_t read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = 0;
	return n > 0 ? n : 0;
}

static void child_ended(int signal)
{
	(void)signal;
}

/*
 * Sleep until a child ends, at most @us: no polling, which costs a slow machine more than what
 * is waited for. SIGCHLD is blocked but here, so that none is missed.
 */
static void await_child(int64_t us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };
	sigset_t none;

	sigemptyset(&none);
	if (us > 0)
		ppoll(NULL, 0, &ts, &none);
}

/* Reap whatever ended; true when @pid was among them. */
static bool reap(pid_t pid)
{
	bool seen = false;
	pid_t dead;

	while ((dead = waitpid(-1, NULL, WNOHANG)) > 0)
		seen |= dead == pid;
	return seen;
}

/* PIDs in the namespace other than this one, as text; false when there are none. */
static bool others(char *buf, size_t size)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	size_t len = 0;

	buf[0] = 0;
	while (dir && (entry = readdir(dir))) {
		char path[300], comm[64];

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || !strcmp(entry->d_name, "1"))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		read_text(path, comm, sizeof(comm));
		comm[strcspn(comm, "\n")] = 0;
		if (len < size - 100)
			len += snprintf(buf + len, size - len, " %s(%s)", entry->d_name, comm);
	}
	if (dir)
		closedir(dir);
	return len > 0;
}

static void await_empty(const char *when)
{
	int64_t end = now_ms() + patience() * 1000LL;
	char buf[1024];

	for (;;) {
		reap(0);
		if (!others(buf, sizeof(buf)))
			return;
		if (now_ms() > end)
			done("fail", "%s, these processes are left:%s", when, buf);
		await_child(5000);
	}
}

static void set_stdio(const char *out)
{
	int fd = open("/dev/null", O_RDONLY);

	dup2(fd, 0);
	if (fd > 2)
		close(fd);
	fd = open(out, O_WRONLY | O_CREAT | O_APPEND, 0644);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
}

static pid_t spawn(char *const *argv, bool session)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (session)
		setsid();
	(void)!chdir(WORK);
	set_stdio(WORK "/log");
	close_range(3, ~0U, 0);
	execv(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* The exit status of a tool, or -1 when it had to be killed. */
static int run_tool(char *const *argv, long limit_us)
{
	int64_t end = now_us() + limit_us, left;
	pid_t pid = spawn(argv, false), dead;
	int status;

	for (;;) {
		while ((dead = waitpid(-1, &status, WNOHANG)) > 0)
			if (dead == pid)
				return WIFEXITED(status) ? WEXITSTATUS(status)
							 : 256 + WTERMSIG(status);
		left = end - now_us();
		if (left <= 0) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
			return -1;
		}
		await_child(left);
	}
}

static int add_options(char **argv, int nr, char *text)
{
	char *word;

	for (word = strtok(text, " "); word && nr < 60; word = strtok(NULL, " "))
		argv[nr++] = word;
	return nr;
}

static int tool_for(const char *command, const struct test *t, char *const *more, long limit_us)
{
	char *argv[64], options[256], common[256], log[32];
	bool dumps = !strcmp(command, "dump");
	int nr = 0;

	snprintf(options, sizeof(options), "%s", t->about.options);
	snprintf(common, sizeof(common), "%s", more_options ? more_options : "");
	snprintf(log, sizeof(log), "%s.log", command);
	argv[nr++] = (char *)(dumps ? dump_tool : restore_tool);
	argv[nr++] = (char *)command;
	argv[nr++] = "-D";
	argv[nr++] = WORK "/img";
	argv[nr++] = "-o";
	argv[nr++] = log;
	argv[nr++] = "-v4";
	while (*more)
		argv[nr++] = *more++;
	nr = add_options(argv, nr, options);
	nr = add_options(argv, nr, common);
	argv[nr] = NULL;
	return run_tool(argv, limit_us);
}

static int tool(const char *command, const struct test *t, char *const *more)
{
	return tool_for(command, t, more, patience() * 3 * 1000000L);
}

static void check_modes(void)
{
	DIR *dir = opendir(WORK "/img");
	struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (len < 5 || strcmp(entry->d_name + len - 4, ".img"))
			continue;
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    (st.st_mode & 07777) != 0600 && !criu_dumps)
			done("fail", "image %s has mode %o, not 600", entry->d_name,
			     st.st_mode & 07777);
	}
	if (dir)
		closedir(dir);
}

static void clear_dir(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

static void clear_images(void)
{
	clear_dir(WORK "/img");
}

static void dump(const struct test *t, bool leave_running)
{
	char *const more[] = { "-t", "2", leave_running ? "-R" : NULL, NULL };
	int ret = tool("dump", t, more);

	if (ret)
		done("fail", "dump exited %d", ret);
	check_modes();
	if (!leave_running)
		await_empty("after the dump");
}

/* Dumps that are killed must not be noticed, whatever they were at. */
static void dump_and_kill(const struct test *t)
{
	char *const more[] = { "-t", "2", "-R", NULL };
	int64_t began = now_us(), took;
	int i, ret = tool("dump", t, more);

	if (ret)
		done("fail", "dump exited %d", ret);
	took = now_us() - began;
	srand(getpid() ^ (unsigned int)began);
	for (i = 0; i < 5; i++)
		tool_for("dump", t, more, (long)(rand() % (took + 1)));
}

static void between(const struct test *t)
{
	char *const argv[] = { (char *)t->program, "--between", NULL };
	int ret;

	if (!t->about.between)
		return;
	ret = run_tool(argv, patience() * 1000000L);
	if (ret)
		done("fail", "the program's --between exited %d", ret);
}

static void restore(const struct test *t)
{
	char *const more[] = { "-d", NULL };
	int ret = tool("restore", t, more);

	if (ret)
		done("fail", "restore exited %d", ret);
}

static bool log_says(const char *path, const char *what)
{
	static char buf[1 << 20];

	read_text(path, buf, sizeof(buf));
	return strstr(buf, what);
}

/* The first of the words, which bars separate, that dump did not say. */
static const char *unsaid(const char *words)
{
	static char text[256];
	char *word;

	snprintf(text, sizeof(text), "%s", words);
	for (word = strtok(text, "|"); word; word = strtok(NULL, "|"))
		if (!log_says(WORK "/img/dump.log", word) && !log_says(WORK "/log", word))
			return word;
	return NULL;
}

static void refuse(const struct test *t)
{
	char *const more[] = { "-t", "2", NULL };
	int ret = tool("dump", t, more);
	const char *missing;

	if (!ret)
		done("fail", "dump exited 0 but had to refuse: %s", t->about.refuse);
	if (ret != 3 && !criu_dumps)
		done("fail", "dump refused with exit status %d, not 3", ret);
	missing = unsaid(t->about.refuse);
	if (!criu_dumps && missing)
		done("fail", "dump refused without saying: %s", missing);
	if (exists(WORK "/img/inventory.img"))
		done("fail", "a refused dump left an inventory.img");
}

static void refuse_restore(const struct test *t)
{
	char *const more[] = { "-d", NULL };
	int ret;

	dump(t, false);
	between(t);
	ret = tool("restore", t, more);
	if (!ret)
		done("fail", "restore exited 0 but had to refuse: %s", t->about.refuse_restore);
	if (!criu_restores && !log_says(WORK "/img/restore.log", t->about.refuse_restore) &&
	    !log_says(WORK "/log", t->about.refuse_restore))
		done("fail", "restore refused without saying: %s", t->about.refuse_restore);
	await_empty("after the refused restore");
	done("pass", " ");
}

/* Stop every process of the namespace, as far as they can be within a second or a few. */
static void stop_all(void)
{
	int64_t end = now_ms() + patience() * 1000LL / 30;
	bool stopped = false, first = true;

	while (!stopped && now_ms() < end) {
		DIR *dir = opendir("/proc");
		struct dirent *entry;

		stopped = true;
		while (dir && (entry = readdir(dir))) {
			char path[300], stat[512], *state;
			pid_t pid = atoi(entry->d_name);

			if (pid <= 1)
				continue;
			snprintf(path, sizeof(path), "/proc/%d/stat", pid);
			read_text(path, stat, sizeof(stat));
			state = strrchr(stat, ')');
			/* once: a second one would be pending */
			if (first && state && !strchr("TX", state[2]))
				kill(pid, SIGSTOP);
			stopped &= !state || strchr("TZX", state[2]);
		}
		if (dir)
			closedir(dir);
		first = false;
		pause_ms(1);
	}
}

static void parity_dump(const struct test *t, bool by_module, const char *to)
{
	char *const more[] = { "-t", "2", "-R", by_module ? NULL : "--no-module", NULL };
	int ret = tool("dump", t, more);

	if (ret)
		done("fail", "dump%s exited %d", by_module ? "" : " --no-module", ret);
	if (rename(WORK "/img", to) || mkdir(WORK "/img", 0700))
		done("fail", "harness: %s", strerror(errno));
}

/*
 * Dumps of one and the same state by the two answerers; where they differ, one more, to know
 * what changed with the time.
 */
static _Noreturn void parity(const struct test *t)
{
	char *compare[] = { (char *)compare_tool, (char *)differences, WORK "/img-module",
			    WORK "/img-user", NULL, NULL };
	static char text[1 << 16];
	int ret;

	stop_all();
	parity_dump(t, true, WORK "/img-module");
	parity_dump(t, false, WORK "/img-user");
	ret = run_tool(compare, patience() * 1000000L);
	if (ret == 1) {
		parity_dump(t, true, WORK "/img-again");
		compare[4] = WORK "/img-again";
		ret = truncate(WORK "/log", 0) ? 2 : run_tool(compare, patience() * 1000000L);
	}
	read_text(WORK "/log", text, sizeof(text));
	done(ret ? "fail" : "pass", "%s", text);
}

static void disturb(const struct test *t)
{
	int rounds = t->mode == TWICE ? 2 : 1;

	if (t->mode == UNDISTURBED)
		return;
	if (t->mode == REFUSED) {
		if (t->about.refuse_restore[0])
			refuse_restore(t);
		refuse(t);
		return;
	}
	if (t->mode == KILLED) {
		dump_and_kill(t);
		return;
	}
	if (t->mode == LEAVE_RUNNING) {
		dump(t, true);
		return;
	}
	if (t->mode == PARITY)
		parity(t);
	while (rounds--) {
		clear_images();
		dump(t, false);
		between(t);
		restore(t);
	}
}

/* Until PID 2 has ended or, where @path is given, exists. */
static bool await_end(const char *path, int seconds)
{
	int64_t end = now_ms() + seconds * 1000LL;

	for (;;) {
		if (reap(ROOT_PID) || kill(ROOT_PID, 0))
			return true;
		if (path && exists(path))
			return false;
		if (now_ms() > end)
			done("fail", path ? "not ready after %d s" : "still running %d s later",
			     seconds);
		await_child(path ? 4000 : 50000);
	}
}

static _Noreturn void report_verdict(void)
{
	char text[1024];

	if (!read_text(WORK "/verdict", text, sizeof(text)))
		done("fail", "the program ended without a verdict");
	if (!strncmp(text, "pass", 4))
		done("pass", " ");
	text[4] = 0;
	done(text, "%s", text + 5);
}

static void set_up_namespace(void)
{
	struct sigaction action = { .sa_handler = child_ended };
	sigset_t chld;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGCHLD, &action, NULL);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) ||
	    (mkdir(WORK, 0755) && errno != EEXIST) ||
	    mount("kinds", WORK, "tmpfs", 0, "mode=777") || mkdir(WORK "/img", 0700) ||
	    mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "ptmxmode=666"))
		done("fail", "harness: namespace: %s", strerror(errno));
}

static void set_up_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo))
		done("fail", "harness: loopback: %s", strerror(errno));
	close(fd);
}

static _Noreturn void run_in_namespace(const struct test *t)
{
	char *const argv[] = { (char *)t->program, NULL };

	set_up_namespace();
	if (t->about.network)
		set_up_network();
	setenv("KIND_DIR", WORK, 1);
	if (spawn(argv, true) != ROOT_PID)
		done("fail", "harness: the program is not PID %d", ROOT_PID);
	if (await_end(WORK "/ready", patience()))
		report_verdict();
	disturb(t);
	mark("go");
	await_end(NULL, patience() * 2);
	reap(0);
	if (exists(WORK "/verdict"))
		await_empty("after the program's end");
	report_verdict();
}

/* ---- Outside. ---- */

static void about_line(struct about *about, char *line)
{
	char *value = line + strcspn(line, " ");

	value[strcspn(value, "\n")] = 0;
	if (*value)
		*value++ = 0;
	if (!strcmp(line, "options"))
		snprintf(about->options, sizeof(about->options), "%s", value);
	else if (!strcmp(line, "refuse"))
		snprintf(about->refuse, sizeof(about->refuse), "%s", value);
	else if (!strcmp(line, "refuse_restore"))
		snprintf(about->refuse_restore, sizeof(about->refuse_restore), "%s", value);
	else if (!strcmp(line, "limit_twice"))
		snprintf(about->limit_twice, sizeof(about->limit_twice), "%s", value);
	else if (!strcmp(line, "kill_limit"))
		snprintf(about->kill_limit, sizeof(about->kill_limit), "%s", value);
	else if (!strcmp(line, "limit"))
		snprintf(about->limit, sizeof(about->limit), "%s", value);
	else if (!strcmp(line, "criu"))
		snprintf(about->criu, sizeof(about->criu), "%s", value);
	else if (!strcmp(line, "between"))
		about->between = true;
	else if (!strcmp(line, "network"))
		about->network = true;
	else if (!strcmp(line, "no_undisturbed"))
		about->no_undisturbed = true;
}

static bool about_read(const char *program, struct about *about)
{
	char command[PATH_MAX + 16], line[512];
	FILE *f;

	memset(about, 0, sizeof(*about));
	snprintf(command, sizeof(command), "'%s' --about", program);
	f = popen(command, "re");
	while (f && fgets(line, sizeof(line), f))
		about_line(about, line);
	return f && pclose(f) == 0;
}

static void test_start(struct test *t)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC)) {
		perror("pipe");
		exit(2);
	}
	t->started_ms = now_ms();
	fflush(stdout);
	t->pid = syscall(SYS_clone, SIGCHLD | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC |
			 (t->about.network ? CLONE_NEWNET : 0), 0, 0, 0, 0);
	if (t->pid < 0) {
		perror("clone with new PID and mount namespaces (are you root?)");
		exit(2);
	}
	if (!t->pid) {
		close(fds[0]);
		/* The program must not inherit it: O_CLOEXEC. */
		result_fd = fds[1];
		run_in_namespace(t);
	}
	close(fds[1]);
	t->result_fd = fds[0];
}

/* A limit that stands, or that only the module lifts and it is not there. */
static bool limits(const char *limit)
{
	return limit[0] && !(module_answers && !strncmp(limit, "without the module", 18));
}

/* Why a failure is no surprise; NULL: it is one. */
static const char *known_reason(const struct test *t)
{
	if ((criu_dumps || criu_restores) && t->about.criu[0])
		return t->about.criu;
	if (limits(t->about.limit_twice) && t->mode == TWICE)
		return t->about.limit_twice;
	if (t->mode == KILLED && limits(t->about.kill_limit))
		return t->about.kill_limit;
	return limits(t->about.limit) && t->mode > LEAVE_RUNNING ? t->about.limit : NULL;
}

static void test_report(const struct test *t, const char *word, const char *text,
			struct totals *totals)
{
	const char *name = strrchr(t->program, '/');

	name = name ? name + 1 : t->program;
	if (!strcmp(word, "fail") && known_reason(t)) {
		totals->expected++;
		printf("known %s %s: %s\n", name, mode_names[t->mode], known_reason(t));
	} else if (!strcmp(word, "fail")) {
		totals->failed++;
		printf("FAIL %s %s: %s\n", name, mode_names[t->mode], text);
	} else if (!strcmp(word, "skip")) {
		totals->skipped++;
		printf("skip %s %s: %s\n", name, mode_names[t->mode], text);
	} else {
		totals->passed++;
		if (verbose)
			printf("ok   %s %s (%lld ms)\n", name, mode_names[t->mode],
			       (long long)(now_ms() - t->started_ms));
	}
	fflush(stdout);
}

static void test_end(struct test *t, struct totals *totals)
{
	static char text[1 << 18];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(text) - 1 &&
	       (n = read(t->result_fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	text[len] = 0;
	close(t->result_fd);
	waitpid(t->pid, NULL, 0);
	t->pid = 0;
	if (len < 5) {
		test_report(t, "fail", "harness: the namespace's init said nothing", totals);
		return;
	}
	text[4] = 0;
	test_report(t, text, text + 5, totals);
}

/* Wait for one running test to end. */
static void tests_wait(struct test *running, int nr, struct totals *totals)
{
	struct pollfd fds[MAX_JOBS];
	int i;

	for (i = 0; i < nr; i++) {
		fds[i].fd = running[i].pid ? running[i].result_fd : -1;
		/* Nothing is written before the sentence, and that at the end. */
		fds[i].events = POLLIN;
	}
	poll(fds, nr, -1);
	for (i = 0; i < nr; i++)
		if (fds[i].fd >= 0 && fds[i].revents)
			test_end(&running[i], totals);
}

static void test_submit(const struct test *t, struct test *running, int jobs, struct totals *totals)
{
	int i;

	for (;;) {
		for (i = 0; i < jobs && running[i].pid; i++)
			;
		if (i < jobs)
			break;
		tests_wait(running, jobs, totals);
	}
	running[i] = *t;
	test_start(&running[i]);
}

static unsigned int modes_parse(const char *text)
{
	unsigned int modes = 0;
	int i;

	for (i = 0; i < NR_MODES; i++)
		if (strstr(text, mode_names[i]))
			modes |= 1U << i;
	return modes;
}

static void program_submit(const char *program, unsigned int modes, struct test *running, int jobs,
			   struct totals *totals)
{
	struct test t = { .program = realpath(program, NULL) };
	int mode;

	if (!t.program || !about_read(t.program, &t.about)) {
		fprintf(stderr, "%s: not a test program\n", program);
		totals->failed++;
		return;
	}
	if (t.about.refuse[0] || t.about.refuse_restore[0])
		modes &= t.about.refuse_restore[0] ? 1U << REFUSED
						   : 1U << REFUSED | 1U << UNDISTURBED;
	else
		modes &= ~(1U << REFUSED);
	if (!compare_tool)
		modes &= ~(1U << PARITY);
	if (t.about.no_undisturbed)
		modes &= ~(1U << UNDISTURBED);
	/* twice begins with being restored once, but shows nothing of it where it may fail */
	if (modes & 1U << TWICE && limits(t.about.limit_twice))
		modes |= 1U << RESTORED;
	for (mode = 0; mode < NR_MODES; mode++) {
		if (!(modes & 1U << mode))
			continue;
		t.mode = mode;
		test_submit(&t, running, jobs, totals);
	}
}

/* A tmpfs on /run, for this harness and what it starts: CRIU keeps its cache there. */
static void set_up_mounts(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("run", "/run", "tmpfs", 0, "mode=755")) {
		perror("private mounts (are you root?)");
		exit(2);
	}
}

static const char *tool_path(const char *name, const char *otherwise)
{
	const char *path = getenv(name);
	char *full;

	if (!path)
		return otherwise;
	full = realpath(path, NULL);
	if (!full) {
		fprintf(stderr, "%s=%s: %s\n", name, path, strerror(errno));
		exit(2);
	}
	return full;
}

static bool is_criu(const char *path)
{
	const char *name = path ? strrchr(path, '/') : NULL;

	return name && !strcmp(name, "/criu");
}

int main(int argc, char **argv)
{
	unsigned int modes = (1U << NR_MODES) - 1;
	struct test running[MAX_JOBS] = {};
	struct totals totals = {};
	int jobs = 2, opt, i;

	while ((opt = getopt(argc, argv, "j:m:vl")) != -1) {
		if (opt == 'j')
			jobs = atoi(optarg);
		else if (opt == 'm')
			modes = modes_parse(optarg);
		else if (opt == 'v')
			verbose = true;
		else if (opt == 'l')
			whole_logs = true;
		else
			return 2;
	}
	if (jobs < 1 || jobs > MAX_JOBS)
		return 2;
	dump_tool = tool_path("CRCTL", realpath("build/crctl", NULL));
	restore_tool = tool_path("RESTORE_TOOL", dump_tool);
	dump_tool = tool_path("DUMP_TOOL", dump_tool);
	more_options = getenv("KIND_OPTIONS");
	compare_tool = tool_path("COMPARE", NULL);
	differences = tool_path("DIFFERENCES", NULL);
	module_answers = !access("/dev/crctl", F_OK) &&
			 !(more_options && strstr(more_options, "--no-module"));
	criu_dumps = is_criu(dump_tool);
	criu_restores = is_criu(restore_tool);
	if (modes != 1U << UNDISTURBED && (!dump_tool || !restore_tool)) {
		fprintf(stderr, "build/crctl is not built; run make, or set CRCTL\n");
		return 2;
	}
	set_up_mounts();
	for (i = optind; i < argc; i++)
		program_submit(argv[i], modes, running, jobs, &totals);
	for (;;) {
		for (i = 0; i < jobs && !running[i].pid; i++)
			;
		if (i == jobs)
			break;
		tests_wait(running, jobs, &totals);
	}
	if (totals.expected)
		printf("%d failed as the programs say\n", totals.expected);
	printf("kinds: %d passed, %d failed, %d skipped\n", totals.passed, totals.failed,
	       totals.skipped);
	return totals.failed ? 1 : 0;
}
