#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh [-t SECONDS] [-m MIB] [-a WORDS] [-r ROOT] [-c CONSOLE] SERIES COMMAND...: boot a fetched
# kernel under QEMU, without KVM, with a Debian-like root on a disk that holds busybox, bash,
# the built crctl and its test programs (/crctl/build), and the module (/crctl/crctl.ko)
# where build.sh made one; run the shell command there as root; show what it writes.
# VM_SLOW=4 in the environment waits four times as long, on a busy machine; VM_LOCK is a
# file to hold while the guest runs, where there should be one at a time.
# -a: more words for the kernel's command line; -r: a root folder to use instead.
# The exit code is the command's; 125 when the guest did not get to its end, 124 after
# SECONDS, 126 when the command went well but the kernel's log has a complaint (shown).
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/vm/common.bash

processors=4 seconds=900 memory=1024 append='' root='' console=''
while getopts t:m:a:r:c: option; do
	case $option in
	t)	seconds=$OPTARG ;;
	m)	memory=$OPTARG ;;
	a)	append=$OPTARG ;;
	r)	root=$OPTARG ;;
	c)	console=$OPTARG ;;
	*)	exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 1 ] || { sed -n '4,9s/^# //p' "$0" >&2; exit 2; }
series=$1
shift
seconds=$((seconds * ${VM_SLOW:-1}))
series_known "$series"
release=$(release_of "$series")
mkdir -p "$out/$series"
console=${console:-$out/$series/console.log}
work=$(mktemp -d "$out/$series/guest.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Programs with the libraries they name, at the same places.
libraries_copy()
{
	local into=$1 lib
	shift
	# ldd fails for static programs, which need none.
	(ldd "$@" 2>/dev/null || true) | sed -n 's/^\t\(.* => \)\?\(\/[^ ]*\) (.*/\2/p' | sort -u |
		while read -r lib; do
			mkdir -p "$into${lib%/*}"
			cp -Lu "$lib" "$into$lib"
		done
}

# Test programs that changed since the last guest, without debugging information: most of
# such a program, and of no use there. Those that are gone go.
programs_copy()
{
	local dir from program fresh=()
	for dir in kinds uapi vm; do
		from=${B:-build}/tests/$dir
		mkdir -p "$1/crctl/build/tests/$dir" "$1/crctl/tests"
		for program in "$1/crctl/build/tests/$dir"/*; do
			[ -e "$from/${program##*/}" ] || rm -f "$program"
		done
		for program in "$from"/*; do
			[ -x "$program" ] && [ -f "$program" ] || continue
			[ "$program" -nt "$1/crctl/build/tests/$dir/${program##*/}" ] || continue
			strip -g -o "$1/crctl/build/tests/$dir/${program##*/}" "$program" || continue
			fresh+=("$program")
		done
	done
	[ ${#fresh[@]} = 0 ] || libraries_copy "$1" "${fresh[@]}"
	[ ! -x "${B:-build}/crctl" ] || cp -u "${B:-build}/crctl" "$1/crctl/build/"
	cp -r tests/vm/*.sh tests/vm/parity "$1/crctl/tests/"
}

base_make()
{
	local dir
	for dir in bin dev etc proc root run sbin sys tmp usr/bin usr/sbin lib/modules lib64 var mnt; do
		mkdir -p "$1/$dir"
	done
	cp "$(command -v busybox)" "$1/bin/busybox"
	cp /bin/bash "$1/bin/bash"
	libraries_copy "$1" /bin/bash
	"$1/bin/busybox" --list-full | while read -r dir; do
		[ -e "$1/$dir" ] || ln -s /bin/busybox "$1/$dir"
	done
	# that of busybox does not wait for a module that another one is loading
	cp "$(readlink -f "$(command -v modprobe)")" "$1/bin/kmod"
	libraries_copy "$1" "$1/bin/kmod"
	ln -sf /bin/kmod "$1/sbin/modprobe"
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' > "$1/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' > "$1/etc/group"
	echo '127.0.0.1 localhost guest' > "$1/etc/hosts"
}

# What all guests have is kept, and linked into the root of each.
root_make()
{
	local base=$out/base
	exec 8> "$out/.lock"
	flock 8
	if [ ! -f "$base.ready" ]; then
		rm -rf "$base"
		base_make "$base"
		touch "$base.ready"
	fi
	programs_copy "$base"
	cp -al "$base" "$1"
	flock -u 8
	cp -al "$cache/$series/lib/modules/$release" "$1/lib/modules/" 2>/dev/null ||
		cp -r "$cache/$series/lib/modules/$release" "$1/lib/modules/"
	[ ! -f "$out/$series/crctl.ko" ] || cp "$out/$series/crctl.ko" "$1/crctl/"
}

# What mounts the disk: its drivers, in the order in which they need each other.
initramfs_make()
{
	local modules=$cache/$series/lib/modules/$release name
	mkdir -p "$1/bin" "$1/dev" "$1/proc" "$1/root" "$1/modules"
	cp "$(command -v busybox)" "$1/bin/busybox"
	for name in virtio_blk virtio_pci ext4 crc32c_generic crc32c_intel; do
		# Nothing for what this kernel has built in.
		modprobe -d "$cache/$series" -S "$release" -D "$name" 2>/dev/null || true
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' > "$work/modules"
	[ -s "$work/modules" ] || die "$release: found no modules for its disk in $modules"
	while read -r name; do
		cp "$name" "$1/modules/"
		echo "/bin/busybox insmod /modules/${name##*/}"
	done < "$work/modules" > "$work/insmods"
	cat > "$1/init" <<-END
		#!/bin/busybox sh
		/bin/busybox mount -t proc proc /proc
		/bin/busybox mount -t devtmpfs devtmpfs /dev
		$(cat "$work/insmods")
		/bin/busybox mount -t ext4 /dev/vda /root
		/bin/busybox umount /proc
		exec /bin/busybox switch_root /root /bin/sh /vm/init
	END
	chmod 755 "$1/init"
	(cd "$1" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) > "$work/initrd"
}

# The guest is on a machine that may be busy: no alarm for what is only slow. Its clock is the
# machine's, and never one that has to be read from a device: that takes longer than most
# system calls.
boot()
{
	local quiet="rcupdate.rcu_cpu_stall_timeout=300 watchdog_thresh=60 hung_task_timeout_secs=0"
	quiet+=" tsc=reliable"
	timeout -k 5 "$seconds" qemu-system-x86_64 -nodefaults -no-user-config -machine q35 \
		-accel tcg,thread=multi -cpu max -smp "$processors" -m "$memory" -kernel "$cache/$series/vmlinuz" \
		-initrd "$work/initrd" -append "console=ttyS0 panic=-1 oops=panic $quiet $append" \
		-drive "file=$work/disk,if=virtio,format=raw,cache=unsafe" -display none -no-reboot \
		-serial "file:$console" -serial stdio < /dev/null
}

complaints='WARNING:|BUG:|BUG |Oops|general protection|Kernel panic|refcount_t:|UBSAN:|KASAN:'
complaints+='|soft lockup|detected stall|self-detected|blocked for more than|Bad page|bad page|double free|Poison overwritten'
complaints+='|Objects remaining|still has locks|scheduling while atomic|segfault at .* in crctl'

if [ -z "$root" ]; then
	root=$work/root
	root_make "$root"
fi
mkdir -p "$root/vm"
cp tests/vm/init.sh "$root/vm/init"
printf '%s\n' "$*" > "$root/vm/command"
initramfs_make "$work/initramfs"
truncate -s 2G "$work/disk"
mke2fs -q -F -t ext4 -O ^has_journal -m 0 -d "$root" "$work/disk" || die "cannot make the disk"

if [ -n "${VM_LOCK:-}" ]; then
	exec 9> "$VM_LOCK"
	flock 9
fi
set +e
boot | sed -u 's/\r$//' | tee "$work/output" | grep -a --line-buffered -v '^vm: exit '
status=${PIPESTATUS[0]}
set -e
[ $status != 124 ] || { say "$release: still running after $seconds s"; exit 124; }
code=$(sed -n 's/^vm: exit \([0-9]*\)$/\1/p' "$work/output" | tail -n 1)
if [ -z "$code" ]; then
	say "$release: the guest ended before its command; the kernel said:"
	tail -n 40 "$console" >&2
	exit 125
fi
if grep -aqE "$complaints" "$console"; then
	say "$release: the kernel complained:"
	grep -aE -A 25 "$complaints" "$console" | head -n 100 >&2
	[ "$code" != 0 ] || code=126
fi
exit "$code"
