// SPDX-License-Identifier: GPL-2.0
/*
 * main() of every test program, and what they share. The verdict is a file in
 * the work directory, because after a restore the harness is not the parent:
 * `pass`, or `fail` or `skip` with a sentence. A mark is an empty file there.
 */
#include "kind.h"

#include <stdarg.h>

const char *kind_dir;
char **kind_argv;
int64_t kind_downtime_ms;

static void path_of(char *path, const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", kind_dir, name);
}

/* link(2) fails where a verdict exists: the first one stands. */
static void verdict(const char *text)
{
	char tmp[PATH_MAX], path[PATH_MAX], name[64];
	int fd;

	snprintf(name, sizeof(name), "verdict.%ld", syscall(SYS_gettid));
	path_of(tmp, name);
	path_of(path, "verdict");
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		close(fd);
		(void)!link(tmp, path);
		unlink(tmp);
	}
}

static void verdict_fmt(const char *word, const char *fmt, va_list args)
{
	char text[1024];
	int len = snprintf(text, sizeof(text), "%s ", word);

	vsnprintf(text + len, sizeof(text) - len, fmt, args);
	verdict(text);
}

void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	verdict_fmt("fail", fmt, args);
	va_end(args);
	_exit(1);
}

void skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	verdict_fmt("skip", fmt, args);
	va_end(args);
	_exit(77);
}

bool module_asked(void)
{
	const char *options = getenv("KIND_OPTIONS");

	return !access("/dev/crctl", F_OK) && !(options && strstr(options, "--no-module"));
}

long must_ok(long ret, const char *call, const char *file, int line)
{
	if (ret == -1)
		fail("%s:%d: %s: %s", file, line, call, strerror(errno));
	return ret;
}

void same_ok(long long got, long long want, const char *fmt, ...)
{
	char what[512];
	va_list args;

	if (got == want)
		return;
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	fail("%s: %lld (%#llx), not %lld (%#llx)", what, got, got, want, want);
}

void mark(const char *name)
{
	char path[PATH_MAX];

	path_of(path, name);
	must(close(must(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666))));
}

bool marked(const char *name)
{
	char path[PATH_MAX];

	path_of(path, name);
	return access(path, F_OK) == 0;
}

void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int slowness(void)
{
	const char *seconds = getenv("KIND_SECONDS");

	return seconds && atoi(seconds) > 30 ? atoi(seconds) / 30 : 1;
}

int64_t patience_end(void)
{
	return now_ms() + slowness() * 30000LL;
}

void await_mark(const char *name)
{
	int64_t end = patience_end();

	while (!marked(name)) {
		if (now_ms() > end)
			fail("no task set the mark %s", name);
		sleep_ms(2);
	}
}

void await_go(void)
{
	int64_t then = now_ms(), now;

	while (!marked("go")) {
		sleep_ms(4);
		now = now_ms();
		if (now - then > 10)
			kind_downtime_ms += now - then;
		then = now;
	}
}

static size_t proc_read(pid_t tid, const char *file, char *buf, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, file);
	return file_read(path, buf, size);
}

void await_syscall(pid_t tid, long nr)
{
	int64_t end = patience_end();
	char buf[256];

	while (!proc_read(tid, "syscall", buf, sizeof(buf)) || buf[0] < '0' || buf[0] > '9' ||
	       strtol(buf, NULL, 10) != nr) {
		if (now_ms() > end)
			fail("task %d never slept in system call %ld", tid, nr);
		sleep_ms(1);
	}
}

void await_state(pid_t tid, char state)
{
	int64_t end = patience_end();
	char buf[1024], *p;

	while (!proc_read(tid, "stat", buf, sizeof(buf)) || !(p = strrchr(buf, ')')) ||
	       p[2] != state) {
		if (now_ms() > end)
			fail("task %d never got into state %c", tid, state);
		sleep_ms(1);
	}
}

pid_t child_start(void (*body)(void))
{
	pid_t pid = must(fork());

	if (!pid) {
		body();
		_exit(0);
	}
	return pid;
}

int child_wait(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0));
	return status;
}

void child_done(pid_t pid)
{
	int status = child_wait(pid);

	if (status)
		fail("child %d ended with wait status %#x", pid, status);
}

pthread_t thread_start(void *(*body)(void *), void *arg)
{
	pthread_t thread;
	int ret = pthread_create(&thread, NULL, body, arg);

	if (ret)
		fail("thread: %s", strerror(ret));
	return thread;
}

void thread_join(pthread_t thread)
{
	int ret = pthread_join(thread, NULL);

	if (ret)
		fail("join: %s", strerror(ret));
}

static const char *line_value(char *line, size_t key_len)
{
	line[strcspn(line, "\n")] = 0;
	line += key_len;
	return line + strspn(line, ": \t");
}

const char *proc_line(pid_t pid, const char *file, const char *key)
{
	static __thread char line[4096];
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	f = fopen(path, "re");
	if (!f)
		fail("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)))
			continue;
		fclose(f);
		return line_value(line, strlen(key));
	}
	fclose(f);
	return "";
}

const char *smaps_line(const void *addr, const char *key)
{
	static char line[4096];
	unsigned long start, end;
	bool inside = false;
	FILE *f = fopen("/proc/self/smaps", "re");

	if (!f)
		fail("/proc/self/smaps: %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start <= (unsigned long)addr && (unsigned long)addr < end;
		if (!inside || strncmp(line, key, strlen(key)))
			continue;
		fclose(f);
		return line_value(line, strlen(key));
	}
	fclose(f);
	return "";
}

const char *smaps_header(const void *addr)
{
	static char line[4096];
	unsigned long start, end;
	FILE *f = fopen("/proc/self/maps", "re");

	if (!f)
		fail("/proc/self/maps: %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) != 2 || start > (unsigned long)addr ||
		    (unsigned long)addr >= end)
			continue;
		fclose(f);
		return line_value(line, 0);
	}
	fclose(f);
	return "";
}

size_t file_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0) {
		buf[0] = 0;
		return 0;
	}
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	close(fd);
	buf[len] = 0;
	return len;
}

void file_write(const char *path, const char *text)
{
	int fd = must(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));

	same(write(fd, text, strlen(text)), strlen(text), "bytes written to %s", path);
	close(fd);
}

void fill(void *mem, size_t len, unsigned int seed)
{
	unsigned char *p = mem;
	size_t i;

	for (i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = seed >> 16;
	}
}

bool filled(const void *mem, size_t len, unsigned int seed)
{
	const unsigned char *p = mem;
	size_t i;

	for (i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		if (p[i] != (unsigned char)(seed >> 16))
			return false;
	}
	return true;
}

/* One `key value` line each, for the harness. */
static int about(void)
{
	const struct {
		const char *key, *value;
	} lines[] = {
		{ "options", kind.options },
		{ "refuse", kind.refuse },
		{ "refuse_restore", kind.refuse_restore },
		{ "kill_limit", kind.kill_limit },
		{ "limit", kind.limit },
		{ "limit_twice", kind.limit_twice },
		{ "criu", kind.criu },
		{ "between", kind.between ? "yes" : NULL },
		{ "network", kind.network ? "yes" : NULL },
		{ "no_undisturbed", kind.no_undisturbed ? "yes" : NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (lines[i].value)
			printf("%s %s\n", lines[i].key, lines[i].value);
	return 0;
}

int main(int argc, char **argv)
{
	kind_argv = argv + 1;
	if (argc > 1 && !strcmp(argv[1], "--about"))
		return about();
	kind_dir = getenv("KIND_DIR");
	if (!kind_dir)
		kind_dir = ".";
	if (argc > 1 && !strcmp(argv[1], "--between")) {
		kind.between();
		return 0;
	}
	kind.set_up();
	mark("ready");
	await_go();
	kind.check();
	verdict("pass");
	return 0;
}
