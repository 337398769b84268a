/* SPDX-License-Identifier: MIT */
/*
 * What answers to specifications are made of: records, field by field.
 */
#ifndef APP_CHECK_ASK_H
#define APP_CHECK_ASK_H

#include "check/spec.h"

enum { CHECK_FIELDS_MAX = 16 };

/* Zeroed at first. TLA_NONE in it: no record is made. */
struct check_fields {
	tla_value names[CHECK_FIELDS_MAX], values[CHECK_FIELDS_MAX];
	uint32_t count;
};

void check_add_field(struct check_fields *fields, struct tla_eval *eval, const char *name,
		     tla_value v);
tla_value check_record_of(struct tla_eval *eval, const struct check_fields *fields);
/* A set of values, all made; TLA_NONE: failed. */
tla_value check_set_of(struct tla_eval *eval, tla_value *items, uint32_t count);
/* TLCGet("spec"). */
tla_value check_spec_record(const struct check_spec *spec, struct tla_eval *eval);

#endif /* APP_CHECK_ASK_H */
