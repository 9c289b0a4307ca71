#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# -D, -W and -o: what is wrong with them is said; logs are private and stay where they belong.
# shellcheck source=tests/cli/common.bash
. "$(dirname "$0")/common.bash"
need_root

gone='-t 99999999'
touch "$work/file"
# shellcheck disable=SC2086 # words on purpose
{
expect 1 "images directory $work/no does not exist" dump $gone -D "$work/no"
expect 1 "$work/file is not a directory" dump $gone -D "$work/file"
expect 1 "work directory $work/no does not exist" dump $gone -D "$work/img" -W "$work/no"
expect 1 "images directory $work/no does not exist" restore -D "$work/no"
cat >"$work/read-only" <<-END
	#!/bin/sh
	exec unshare -m sh -c 'mount -t tmpfs -o ro none "$work/img" && exec "$crctl" "\$@"' sh "\$@"
END
chmod +x "$work/read-only"
real=$crctl crctl=$work/read-only
expect 1 "cannot write into the images directory $work/img: Read-only" dump $gone -D "$work/img"
crctl=$real

# Without -D the images are in the current directory.
cd "$work/img" || exit 1
expect 1 'no process 99999999' dump $gone -o here
check "-o without -D and -W is relative to the current directory" test -s here
cd / || exit 1

expect 1 'no process' dump $gone -D "$work/img" -o log
check "-o is relative to -D" test -s "$work/img/log"
mkdir "$work/w"
expect 1 'no process' dump $gone -D "$work/img" -W "$work/w" -o log
check "-o is relative to -W" test -s "$work/w/log"
expect 1 'no process' dump $gone -D "$work/img" -o "$work/w/absolute"
check "-o may be absolute" test -s "$work/w/absolute"
check "a log is 0600" test "$(stat -c %a "$work/img/log")" = 600
check "the last line of a log is the sentence" \
	bash -c "tail -n 1 '$work/img/log' | grep -q 'Error: dump failed: there is no process 99999999'"

touch "$work/img/old"; chmod 644 "$work/img/old"
expect 1 'no process' dump $gone -D "$work/img" -o old
check "an old log becomes 0600" test "$(stat -c %a "$work/img/old")" = 600
ln -s "$work/file" "$work/img/link"
expect 1 'link is a symbolic link' dump $gone -D "$work/img" -o link
check "a log does not follow a link out of its directory" test ! -s "$work/file"
mode=$(stat -c %a /dev/null)
expect 1 'no process' dump $gone -D "$work/img" -o /dev/null
check "/dev/null keeps its mode" test "$(stat -c %a /dev/null)" = "$mode"
expect 1 'cannot write the log file no/log' dump $gone -D "$work/img" -o no/log

# Verbosity.
expect 1 '^Error: dump failed: there is no process 99999999$' dump $gone -v0 -D "$work/img"
for v in -vv -v4 --verbosity=4 -vvvvv -v99; do
	expect 1 'no process' dump $gone -D "$work/img" -o log $v
	check "$v puts time stamps into the log" grep -qE '^\([0-9]+\.[0-9]{6}\) ' "$work/img/log"
done
expect 1 'no process' dump $gone -D "$work/img" -o log -v1
check "-v1 has no time stamps" bash -c "! grep -q '^(' '$work/img/log'"
expect 1 '^Warn: --restore-detached means nothing to dump, continuing' \
	dump $gone -D "$work/img" -d
}
finish
