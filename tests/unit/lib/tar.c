// SPDX-License-Identifier: GPL-2.0
/*
 * Trees as archives: there and back, to tar(1), from tar(1), and what an archive that means
 * ill cannot do.
 */
#include "lib/tar.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../check.h"

#define HOLE (256 << 20)

static int run(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void tree_fill(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = "from/socket" };
	struct timespec times[2] = { { 1000000000, 1 }, { 1000000001, 123456789 } };
	int fd = open("from/file", O_CREAT | O_RDWR, 0600);

	CHECK(write(fd, "content", 7) == 7 && !fchmod(fd, 04751) && !futimens(fd, times));
	close(fd);
	fd = open("from/\xff\xfe \303\266", O_CREAT | O_RDWR, 0644);
	CHECK(!ftruncate(fd, HOLE) && pwrite(fd, "far", 3, HOLE - 4096) == 3);
	close(fd);
	CHECK(!link("from/file", "from/link") && !symlink("/etc/passwd", "from/symlink"));
	CHECK(!mkdir("from/dir", 0) && !mkfifo("from/dir/fifo", 0640) && !chmod("from/dir", 0111));
	CHECK(!mknod("from/null", S_IFCHR | 0666, makedev(1, 3)) || geteuid());
	CHECK(!lchown("from/symlink", 12345, 54321) && !chown("from", 7, 8) &&
	      !chmod("from", 01777));
	CHECK(!setxattr("from/dir", "trusted.kept", "a\0b", 3, 0) || errno == EOPNOTSUPP);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(!bind(fd, (struct sockaddr *)&sun, sizeof(sun)));
	close(fd);
}

static void tree_check(const char *dir)
{
	char buf[16], cwd[64];
	struct stat st;
	int fd;

	CHECK(getcwd(cwd, sizeof(cwd)) && !chdir(dir));
	CHECK(!stat(".", &st) && st.st_uid == 7 && st.st_gid == 8 &&
	      st.st_mode == (S_IFDIR | 01777));
	CHECK(!stat("file", &st) && st.st_mode == (S_IFREG | 04751) && st.st_nlink == 2);
	CHECK(st.st_mtim.tv_sec == 1000000001 && st.st_mtim.tv_nsec == 123456789);
	fd = open("link", O_RDONLY);
	CHECK(read(fd, buf, sizeof(buf)) == 7 && !memcmp(buf, "content", 7));
	close(fd);
	fd = open("\xff\xfe \303\266", O_RDONLY);
	CHECK(!fstat(fd, &st) && st.st_size == HOLE && st.st_blocks < 1024);
	CHECK(pread(fd, buf, 4, HOLE - 4096) == 4 && !memcmp(buf, "far", 4));
	close(fd);
	CHECK(!lstat("symlink", &st) && S_ISLNK(st.st_mode) && st.st_uid == 12345);
	CHECK(readlink("symlink", buf, sizeof(buf)) == 11 && !memcmp(buf, "/etc/passwd", 11));
	CHECK(!stat("dir", &st) && st.st_mode == (S_IFDIR | 0111));
	CHECK(!stat("dir/fifo", &st) && st.st_mode == (S_IFIFO | 0640));
	CHECK(!stat("null", &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
	CHECK(getxattr("dir", "trusted.kept", buf, sizeof(buf)) == 3 && !memcmp(buf, "a\0b", 3));
	CHECK(lstat("socket", &st) && errno == ENOENT);
	CHECK(!chdir(cwd));
}

/* tar_load() of the archive into a new directory; the sentence of a failure in @err. */
static int load(struct err *err, const char *archive, const char *dir)
{
	int fd = open(archive, O_RDONLY), tree, ret;

	mkdir(dir, 0755);
	tree = open(dir, O_RDONLY | O_DIRECTORY);
	*err = (struct err){ 0 };
	ret = tar_load(err, "the tree", tree, fd);
	close(tree);
	close(fd);
	return ret;
}

static void hostile(void)
{
	struct err err;

	/* a name that climbs, and one through a link that the archive has made before */
	CHECK(!run("touch victim; mkdir -p in/a; (cd in/a; tar -Pczf ../../climb.tgz ../../victim);"
		   "ln -s .. in/way; tar -czf link.tgz -C in way; rm in/way;"
		   "mkdir in/way; touch in/way/out; tar -czf below.tgz -C in way/out;"
		   "gunzip link.tgz below.tgz; tar -Af link.tar below.tar; gzip -S .gz link.tar"));
	CHECK(load(&err, "climb.tgz", "climbed") < 0 &&
	      strstr(err.text, "the tree cannot be restored"));
	CHECK(load(&err, "link.tar.gz", "linked") < 0 && access("out", F_OK));
	CHECK(!run("head -c 100 ours.tgz > cut.tgz; echo nonsense > no.tgz; : > empty.tgz"));
	CHECK(load(&err, "cut.tgz", "cut") < 0 && strstr(err.text, "the tree cannot be restored"));
	CHECK(load(&err, "no.tgz", "no") < 0);
}

int main(void)
{
	char dir[] = "/dev/shm/crctl-tar.XXXXXX";
	struct err err = { 0 };
	int tree, fd;
	char cwd[64];

	umask(0);
	CHECK(mkdtemp(dir) && !chdir(dir) && !mkdir("from", 0755));
	tree_fill();
	tree = open("from", O_RDONLY | O_DIRECTORY);
	fd = open("ours.tgz", O_CREAT | O_WRONLY, 0600);
	CHECK(!tar_save(&err, "the tree", tree, fd));
	CHECK(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, dir));
	CHECK(lseek(fd, 0, SEEK_END) < 65536);
	CHECK(!load(&err, "ours.tgz", "back"));
	tree_check("back");
	CHECK(!run("mkdir to-tar; tar -xzpf ours.tgz --xattrs --xattrs-include='*' -C to-tar "
		   "2>/dev/null"));
	tree_check("to-tar");
	CHECK(!run("tar -czSf theirs.tgz --numeric-owner --xattrs --xattrs-include='*' -C from . "
		   "2>/dev/null"));
	CHECK(!load(&err, "theirs.tgz", "of-tar"));
	tree_check("of-tar");
	hostile();
	fd = open("/dev/full", O_WRONLY);
	CHECK(tar_save(&err, "the tree", tree, fd) < 0);
	CHECK(strstr(err.text, "the tree cannot be saved") && strstr(err.text, "No space"));
	CHECK(!chdir("/") && !run("rm -rf /dev/shm/crctl-tar.??????"));
	return check_failed;
}
