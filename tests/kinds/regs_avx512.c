// SPDX-License-Identifier: GPL-2.0
/* The thirty-two AVX-512 registers, held by a spinning thread. */
#define FEATURE "avx512f"
#define NAME "zmm"
#define WIDTH 64
#define COUNT 32
#define MOVE "vmovdqa64"
#define END "vzeroupper\n\t"
#define ALL(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) \
	op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15) \
	op(16) op(17) op(18) op(19) op(20) op(21) op(22) op(23) \
	op(24) op(25) op(26) op(27) op(28) op(29) op(30) op(31)
#include "regs_vector.h"
