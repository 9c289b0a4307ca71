/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel facilities that crctl knows by name, for `crctl check` and the like. */
#ifndef CRCTL_ENGINE_FEATURES_H
#define CRCTL_ENGINE_FEATURES_H

enum feature_need {
	FEATURE_MUST,	/* no dump or restore without it */
	FEATURE_USED,	/* without it some programs are refused, or work is slower */
	FEATURE_EXTRA,	/* only few programs need it */
	FEATURE_LATER,	/* for resources that crctl refuses as yet */
};

struct feature {
	const char *name;
	enum feature_need need;
	int (*probe)(void);	/* NULL: the engine itself cannot do it yet */
	const char *missing;	/* what it means when it is missing */
};

/* NULL name at the end. */
extern const struct feature features[];

/* 0 when it is there, -errno when not. */
int feature_probe(const struct feature *feature);

#endif
