// SPDX-License-Identifier: GPL-2.0
/* The sixteen SSE registers, held by a spinning thread. */
#define FEATURE "sse2"
#define NAME "xmm"
#define WIDTH 16
#define COUNT 16
#define MOVE "movdqa"
#define END ""
#define ALL(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) \
	op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)
#include "regs_vector.h"
