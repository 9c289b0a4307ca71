// SPDX-License-Identifier: GPL-2.0
/*
 * What CPUID says of the processor, word by word in the order of the images, and what
 * of an image this processor lacks: extended registers (fpu), instructions that
 * programs use (ins), or anything at all (cpu).
 */
#include "engine/cpuinfo.h"

#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "image/cpuinfo.pb-c.h"
#include "image/image.h"

#define NR_WORDS       19
#define CAPABILITY_VER 2
#define WORD_LINUX     3	/* what Linux itself found out */
#define LINUX_BITS     (1u << 16 | 1u << 20 | 1u << 25) /* rep_good, nopl, cpuid */
#define HYPERVISOR_BIT 31	/* of word 4 */

enum { EAX, EBX, ECX, EDX };

/* Where CPUID has each word; a leaf of 0: the word is always 0. */
static const struct {
	uint32_t leaf, subleaf;
	int reg;
} words[NR_WORDS] = {
	[0] = { 1, 0, EDX },	       [1] = { 0x80000001, 0, EDX },  [4] = { 1, 0, ECX },
	[6] = { 0x80000001, 0, ECX },  [9] = { 7, 0, EBX },	      [10] = { 13, 1, EAX },
	[11] = { 7, 0, ECX },	       [13] = { 0x80000008, 0, EBX }, [14] = { 6, 0, EAX },
	[15] = { 0x8000000a, 0, EDX }, [17] = { 0x80000007, 0, EBX }, [18] = { 7, 0, EDX },
};

/* What programs can have compiled in, or found at their start. */
static const struct {
	const char *name;
	uint8_t word, bit;
} instructions[] = {
	{ "cx8", 0, 8 },	   { "cmov", 0, 15 },	     { "mmx", 0, 23 },
	{ "sse", 0, 25 },	   { "sse2", 0, 26 },	     { "rdtscp", 1, 27 },
	{ "sse3", 4, 0 },	   { "pclmulqdq", 4, 1 },    { "ssse3", 4, 9 },
	{ "fma", 4, 12 },	   { "cx16", 4, 13 },	     { "sse4_1", 4, 19 },
	{ "sse4_2", 4, 20 },	   { "movbe", 4, 22 },	     { "popcnt", 4, 23 },
	{ "aes", 4, 25 },	   { "avx", 4, 28 },	     { "f16c", 4, 29 },
	{ "rdrand", 4, 30 },	   { "lahf_lm", 6, 0 },	     { "abm", 6, 5 },
	{ "sse4a", 6, 6 },	   { "3dnowprefetch", 6, 8 },{ "xop", 6, 11 },
	{ "fma4", 6, 16 },	   { "tbm", 6, 21 },	     { "fsgsbase", 9, 0 },
	{ "bmi1", 9, 3 },	   { "avx2", 9, 5 },	     { "bmi2", 9, 8 },
	{ "rtm", 9, 11 },	   { "avx512f", 9, 16 },     { "avx512dq", 9, 17 },
	{ "rdseed", 9, 18 },	   { "adx", 9, 19 },	     { "avx512ifma", 9, 21 },
	{ "clflushopt", 9, 23 },   { "clwb", 9, 24 },	     { "avx512cd", 9, 28 },
	{ "sha_ni", 9, 29 },	   { "avx512bw", 9, 30 },    { "avx512vl", 9, 31 },
	{ "avx512_vbmi", 11, 1 },  { "pku", 11, 3 },	     { "avx512_vbmi2", 11, 6 },
	{ "gfni", 11, 8 },	   { "vaes", 11, 9 },	     { "vpclmulqdq", 11, 10 },
	{ "avx512_vnni", 11, 11 }, { "rdpid", 11, 22 },	     { "movdiri", 11, 27 },
	{ "movdir64b", 11, 28 },   { "avx512_fp16", 18, 23 },{ "amx_tile", 18, 24 },
};

struct cpu {
	CpuinfoX86Entry entry;
	uint32_t capability[NR_WORDS];
	char model[49];
};

static uint32_t cpuid_word(uint32_t leaf, uint32_t subleaf, int reg)
{
	uint32_t r[4];

	if (__get_cpuid_max(leaf & 0x80000000, NULL) < leaf)
		return 0;
	__cpuid_count(leaf, subleaf, r[EAX], r[EBX], r[ECX], r[EDX]);
	return r[reg];
}

static void cpu_identify(struct cpu *c)
{
	uint32_t sign = cpuid_word(1, 0, EAX), ebx = cpuid_word(0, 0, EBX);
	CpuinfoX86Entry *e = &c->entry;

	e->vendor_id = ebx == signature_INTEL_ebx ? CPUINFO_X86_ENTRY__VENDOR__INTEL :
		       ebx == signature_AMD_ebx	  ? CPUINFO_X86_ENTRY__VENDOR__AMD :
						    CPUINFO_X86_ENTRY__VENDOR__UNKNOWN;
	e->cpu_family = sign >> 8 & 15;
	if (e->cpu_family == 15)
		e->cpu_family += sign >> 20 & 255;
	e->model = sign >> 4 & 15;
	if (e->cpu_family >= 6)
		e->model += (sign >> 16 & 15) << 4;
	e->stepping = sign & 15;
	for (uint32_t i = 0; i < 12; i++) {
		uint32_t part = cpuid_word(0x80000002 + i / 4, 0, (int)i % 4);

		memcpy(c->model + i * 4, &part, 4);
	}
	e->model_id = c->model;
}

static void cpu_look(struct cpu *c)
{
	CpuinfoX86Entry *e = &c->entry;

	memset(c, 0, sizeof(*c));
	cpuinfo_x86_entry__init(e);
	cpu_identify(c);
	for (int i = 0; i < NR_WORDS; i++)
		if (words[i].leaf)
			c->capability[i] =
				cpuid_word(words[i].leaf, words[i].subleaf, words[i].reg);
	c->capability[WORD_LINUX] = LINUX_BITS;
	e->capability = c->capability;
	e->n_capability = NR_WORDS;
	e->capability_ver = CAPABILITY_VER;
	e->has_xfeatures_mask = e->has_xsave_size = e->has_xsave_size_max = true;
	/* SSE has no part of its own in the area; others leave it out too */
	e->xfeatures_mask =
		((uint64_t)cpuid_word(13, 0, EDX) << 32 | cpuid_word(13, 0, EAX)) & ~2ull;
	e->xsave_size = cpuid_word(13, 0, EBX);
	e->xsave_size_max = cpuid_word(13, 0, ECX);
}

int cpuinfo_dump(int images_fd, struct err *err)
{
	CpuinfoEntry all = CPUINFO_ENTRY__INIT;
	struct cpu here;
	CpuinfoX86Entry *list[] = { &here.entry };
	int ret;

	cpu_look(&here);
	all.x86_entry = list;
	all.n_x86_entry = 1;
	ret = image_write_one(images_fd, IMG_CPUINFO, 0, &all.base);
	return ret ? fail(err, ret, "%s", image_error()) : 0;
}

static uint32_t word_of(const CpuinfoX86Entry *e, size_t word)
{
	return word < e->n_capability ? e->capability[word] : 0;
}

static int check_instructions(const CpuinfoX86Entry *then, const struct cpu *here, struct err *err)
{
	char names[512] = "";
	size_t len = 0;

	for (size_t i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
		uint32_t bit = 1u << instructions[i].bit;

		if (word_of(then, instructions[i].word) & ~here->capability[instructions[i].word] &
		    bit)
			len += (size_t)snprintf(names + len, sizeof(names) - len, " %s",
						instructions[i].name);
		if (len >= sizeof(names))
			break;
	}
	return len ? fail(err, -EOPNOTSUPP,
			  "this processor lacks instructions that the image's had:%s", names)
		   : 0;
}

static int check_registers(const CpuinfoX86Entry *then, const struct cpu *here, struct err *err)
{
	uint64_t lacking = then->has_xfeatures_mask ?
				   then->xfeatures_mask & ~here->entry.xfeatures_mask & ~2ull : 0;

	if (lacking)
		return fail(err, -EOPNOTSUPP, "this processor lacks extended registers that the "
			    "image's had (XSAVE components %#lx)", lacking);
	if (then->has_xsave_size && then->xsave_size > here->entry.xsave_size_max)
		return fail(err, -EOPNOTSUPP, "the image's processor saved %u bytes of registers, "
			    "this one at most %u", then->xsave_size, here->entry.xsave_size_max);
	return 0;
}

static int check_processor(const CpuinfoX86Entry *then, const struct cpu *here, struct err *err)
{
	if (then->vendor_id != here->entry.vendor_id ||
	    then->cpu_family != here->entry.cpu_family)
		return fail(err, -EOPNOTSUPP, "this processor (family %u) is of another vendor or "
			    "family than the image's (%u, %s)", here->entry.cpu_family,
			    then->cpu_family, then->model_id ? then->model_id : "no name");
	for (size_t i = 0; i < NR_WORDS; i++) {
		uint32_t lacking = word_of(then, i) & ~here->capability[i];

		if (i == 4)
			lacking &= ~(1u << HYPERVISOR_BIT);
		if (lacking)
			return fail(err, -EOPNOTSUPP, "this processor lacks features that the "
				    "image's had (word %zu, bits %#x)", i, lacking);
	}
	return 0;
}

int cpuinfo_check(int images_fd, uint32_t caps, struct err *err)
{
	const CpuinfoX86Entry *then;
	ProtobufCMessage *msg;
	struct cpu here;
	int ret = image_read_one(images_fd, IMG_CPUINFO, 0, &cpuinfo_entry__descriptor, &msg);

	if (ret == -ENOENT)
		return fail(err, ret, "there is no cpuinfo.img in the images directory; crctl "
			    "cpuinfo dump makes it");
	if (ret)
		return fail(err, ret, "%s", image_error());
	cpu_look(&here);
	then = ((CpuinfoEntry *)msg)->n_x86_entry ? ((CpuinfoEntry *)msg)->x86_entry[0] : NULL;
	if (!then)
		ret = fail(err, -EOPNOTSUPP,
			   "cpuinfo.img is of a processor of another architecture");
	if (caps == (uint32_t)CPU_CAP_DEFAULT)
		caps = CPU_CAP_FPU | CPU_CAP_INS;
	if (!ret && caps & CPU_CAP_FPU)
		ret = check_registers(then, &here, err);
	if (!ret && caps & CPU_CAP_INS)
		ret = check_instructions(then, &here, err);
	if (!ret && caps & CPU_CAP_CPU)
		ret = check_processor(then, &here, err);
	protobuf_c_message_free_unpacked(msg, NULL);
	return ret;
}
