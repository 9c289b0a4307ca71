#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The first program of a guest: makes a small Linux, runs /vm/command, says how it ended
# on the second serial line, and switches the machine off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm /dev/mqueue /run /tmp
mount -t devpts -o ptmxmode=666,mode=620,gid=5 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t mqueue mqueue /dev/mqueue 2>/dev/null
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null
ln -sf /proc/self/fd /dev/fd
ip link set lo up 2>/dev/null || ifconfig lo 127.0.0.1 up
hostname guest
# shellcheck disable=SC3045 # busybox has it
ulimit -n 1048576
# before Linux 5.11 BPF maps are locked memory
# shellcheck disable=SC3045 # likewise
ulimit -l unlimited
echo 32 >/proc/sys/vm/nr_hugepages
cd /crctl 2>/dev/null || cd /
setsid sh /vm/command </dev/null >/dev/ttyS1 2>&1
echo "vm: exit $?" >/dev/ttyS1
sync
mount -o remount,ro / 2>/dev/null
# What is still to be written to the lines takes a moment.
sleep 0.3
poweroff -f 2>/dev/null
# A root without such a program.
echo o >/proc/sysrq-trigger
sleep 60
