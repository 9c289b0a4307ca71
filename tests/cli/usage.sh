#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Slips on the command line: exit code 2 and what was probably meant.
# shellcheck source=tests/cli/common.bash
. "$(dirname "$0")/common.bash"

expect 2 'unknown command dmp; did you mean dump\?' dmp
expect 2 'unknown command rstore; did you mean restore\?' rstore
expect 2 'unknown command xyzzyx; crctl --help' xyzzyx
expect 2 'unknown option --leavrunning; did you mean --leave-running\?' dump --leavrunning
expect 2 'unknown option --image-dir; did you mean --images-dir\?' dump --image-dir=x
expect 2 'unknown option --no-tree; did you mean' dump --no-tree
expect 2 'unknown option --xyzzyx; crctl --help' dump --xyzzyx
expect 2 'unknown option -q' dump -q
expect 2 'unknown option -q' dump -Rq
expect 2 'write .CONTROLLER:./PATH' restore --cgroup-root cpu:x
expect 2 'the modes are ignore, none, props' restore --manage-cgroups=all
expect 2 'cannot be read from ..props' dump --cgroup-props '"cpu": - [props]'
expect 2 'did you mean' dump --cgroup 1		# several begin so
expect 2 '-t needs a value' dump -t
expect 2 '--tree needs a value' dump --tree
expect 2 'takes no value.*--leave-running=1' dump --leave-running=1
expect 2 '--no-leave-running takes no value' dump --no-leave-running=1
expect 2 'dump needs -t PID' dump
expect 2 'dump takes no argument.*"17"' dump 17
expect 2 'exclude each other' dump -t 1 -R -s
expect 2 'verbosity x' dump -t 1 -vx
expect 2 'verbosity -1' dump -t 1 --verbosity=-1
expect 2 'no process ID' dump -t 12x -v9
expect 2 '--ghost-limit 3X is no size' dump -t 1 --ghost-limit 3X
expect 2 '--ghost-limit K is no size' dump -t 1 --ghost-limit K
expect 2 '--irmap-scan-path etc: the path must begin with /' dump -t 1 --irmap-scan-path etc
expect 2 '--ghost-limit 99999999999999T is no size' dump -t 1 --ghost-limit 99999999999999T
expect 2 '--timeout soon' dump -t 1 --timeout soon
expect 2 '--timeout -5' dump -t 1 --timeout -5
expect 2 'filesize and buildid' dump -t 1 --file-validation md5
expect 2 'all, cpu, fpu, ins and none' dump -t 1 --cpu-cap=sse
expect 2 'all, cpu, fpu, ins and none' dump -t 1 --cpu-cap=cpu,
expect 2 'iptables, nftables and skip' dump -t 1 --network-lock ipset
expect 2 'splice and read' dump -t 1 --pre-dump-mode copy
expect 2 '--close x is no descriptor' dump -t 1 --close x
expect 2 'standard stream' dump -t 1 --close 2
expect 2 'KIND.ID.:NAME' dump -t 1 --external x
expect 2 'KIND.ID.:NAME' dump -t 1 --external '[x]:y'
expect 2 'only net' dump -t 1 --empty-ns mnt
expect 2 'KEY:VALUE' dump -t 1 --ext-mount-map x
expect 2 'needs checkpoint NAME' container
expect 2 'needs the name or ID' container checkpoint
expect 2 'too many' container checkpoint a b
expect 2 'the runtimes are' container checkpoint a --runtime rkt -D "$work"
expect 2 'or -D DIR' container restore
expect 2 'the letters are' dump -t 1 --external 'mnt[]:x'
expect 2 'must begin with /' dump -t 1 --skip-mnt x
expect 2 'names of file systems' dump -t 1 --enable-fs ''
expect 2 'fd.NUMBER.:ID' restore --inherit-fd 5:x
expect 2 'descriptor 999 is not open' restore --inherit-fd 'fd[999]:x'
expect 2 'restore takes no argument.*"echo"' restore -D "$work/img" echo
expect 2 '--exec-cmd needs a command' restore -D "$work/img" --exec-cmd
expect 2 'check takes one process ID.*"2"' check 1 2
expect 2 'no feature ufd; did you mean uffd\?' check --feature ufd
expect 2 'no feature nothing_like_it' check --feature nothing_like_it
expect 2 'show takes one' show a b

# Options stand anywhere, also where POSIX wants them first.
export POSIXLY_CORRECT=1
expect 2 'unknown option --xyzzyx' dump --xyzzyx
expect 2 'exclude each other' -R dump -t 1 -s
finish
