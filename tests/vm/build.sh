#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# build.sh SERIES [MAKE-ARGUMENT...]: the module for a fetched kernel, with the tree's own
# Kbuild and the fetched compiler: build/vm/SERIES/crctl.ko. MODULE_SOURCE is another
# folder with a Kbuild. W=1 of 5.10 wants to check documentation too, with a program
# that its headers lack: cmd_checkdoc. C=2 has sparse look at it too, the one of this machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/vm/common.bash

[ $# -gt 0 ] || { echo "usage: build.sh SERIES [MAKE-ARGUMENT...]" >&2; exit 2; }
series=$1
shift
series_known "$series"
release=$(release_of "$series")
from=${MODULE_SOURCE:-.}
into=$out/$series/module

rm -rf "$into"
mkdir -p "$into"
for part in "$from"/Kbuild "$from"/*.[ch] "$from"/kmod "$from"/uapi; do
	[ ! -e "$part" ] || cp -r "$part" "$into/"
done

# Mounts of its own, so that builds do not meet and none is left over.
cat > "$out/$series/chroot" <<END
set -e
mount --bind '$into' '$cc_root/src'
mount -t proc proc '$cc_root/proc'
mount -t tmpfs tmpfs '$cc_root/dev'
mknod -m 666 '$cc_root/dev/null' c 1 3
if sparse=\$(command -v sparse); then
	touch '$cc_root/usr/bin/sparse'
	mount --bind "\$sparse" '$cc_root/usr/bin/sparse'
fi
# headers of 7.x ask a script that they lack whether sparse works
valid='$cc_root/usr/src/linux-headers-${release%-cloud-amd64}-common/scripts/checker-valid.sh'
[ -x "\$valid" ] || { printf '#!/bin/sh\necho 1\n' > "\$valid" && chmod 755 "\$valid"; }
exec chroot '$cc_root' /usr/bin/env -i PATH=/usr/bin:/bin make -s -C '/usr/src/linux-headers-$release' \
	M=/src CC=gcc-14 CONFIG_DEBUG_INFO_BTF_MODULES= cmd_checkdoc=: "\$@" modules
END
unshare --mount --propagation private sh "$out/$series/chroot" "$@"
cp "$into"/*.ko "$out/$series/"
