#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What is not there yet is refused by name with exit code 3; what makes no difference to
# a tree that can be dumped is accepted.
# shellcheck source=tests/cli/common.bash
. "$(dirname "$0")/common.bash"

for command in pre-dump page-server lazy-pages dedup exec; do
	expect 3 "crctl $command is refused: " $command
done
expect 2 'needs the number' swrk
expect 2 'not open' swrk 98
expect 2 'dump or check' cpuinfo

gone="-t 99999999 -D $work/img"
# shellcheck disable=SC2086 # words on purpose
refuse_dump() { expect 3 "--$1 .*is refused" dump $gone "--$1" ${2:+"$2"}; }
for option in track-mem auto-dedup page-server lazy-pages stream tls tls-no-cn-verify \
	unprivileged; do
	refuse_dump $option
	# shellcheck disable=SC2086
	expect 1 'no process 99999999' dump $gone --$option --no-$option
done
for option in prev-images-dir ps-socket status-fd tls-key; do
	refuse_dump $option x
done
refuse_dump manage-cgroups=cpuset
for option in lsm-profile lsm-mount-context; do
	expect 3 "--$option is refused" restore -D "$work/img" --$option x
done

accept_dump() {
	# shellcheck disable=SC2086
	expect 1 '^Error: there is no process 99999999$' dump $gone "$@"
}
accept_dump --tcp-established --tcp-close --skip-in-flight --network-lock skip
accept_dump --no-tcp-established --no-file-locks --no-leave-running
accept_dump -l --ext-unix-sk -x17,18 --external "unix[19]" --evasive-devices --link-remap --force-irmap
accept_dump --manage-cgroups --manage-cgroups=soft --manage-cgroups=ignore --manage-cgroups=none --manage-cgroups=full
accept_dump --root / --root=/srv --enable-external-sharing --orphan-pts-master
accept_dump --external 'mnt[/data]:data' --ext-mount-map /a:b --empty-ns net
accept_dump --external 'mnt[]' --external 'mnt[]:ms' --ext-mount-map auto --skip-mnt /x --enable-fs all,x
accept_dump --enable-external-masters --mntns-compat-mode --log-pid
accept_dump --cpu-cap --cpu-cap=none --cpu-cap=cpu,fpu,ins,all
accept_dump --ghost-limit 0 --ghost-limit 1k --ghost-limit 3M --ghost-limit=2G
accept_dump --file-validation filesize --file-validation=buildid --skip-file-rwx-check
accept_dump --timeout 5 --pre-dump-mode read --irmap-scan-path /x --address :: --port 1
accept_dump --action-script true --display-stats --close 9 -j
finish
