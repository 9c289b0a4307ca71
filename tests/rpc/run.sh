#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The protocol of container runtimes, spoken by an independent client: the messages are those
# of CRIU's Python package, so a field that crctl reads wrongly shows. RPC_ROUNDS: how many
# damaged requests go to each of swrk and service (default 40).
# shellcheck source=tests/cli/namespace.bash
. "$(dirname "$0")/../cli/namespace.bash"
# shellcheck source=tests/cli/common.bash
. "$(dirname "$0")/../cli/common.bash"

criu=$(HOME=$(getent passwd root | cut -d: -f6) bash "$(dirname "$0")/../criu.sh") || exit 77
mount -t tmpfs -o mode=755 tmpfs /run
export PYTHONPATH=$criu/root/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1
export PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=python
python3 -W ignore "$(dirname "$0")/client.py" "$crctl" "$work"
