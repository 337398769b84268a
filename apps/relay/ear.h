/* SPDX-License-Identifier: MIT */
/* Who may hear which topics. Invariant: an ear says what the set that it was tuned to says. */
#ifndef APP_RELAY_EAR_H
#define APP_RELAY_EAR_H

#include "relay/rules.h"

/* A sender's `hear:`; what is wrong is said. */
void relay_take_hear(struct app_reader *reader, const struct app_tree *tree,
		     struct relay_hear *ret_hear);

/* What a sender may hear, as numbers. All zero: not tuned yet. */
struct relay_ear {
	uint64_t set_version;
	bool is_all;
	uint32_t *topics; /* [count], ascending */
	uint32_t count;
};

/* 0, at once if it is tuned to that set already; -ENOMEM. */
int relay_ear_tune(struct relay_ear *ear, const struct relay_set *set, const char *name);
bool relay_ear_takes(const struct relay_ear *ear, uint32_t topic);
void relay_ear_free(struct relay_ear *ear);

/* Whether a sender may hear all that begins so, whatever names come. */
bool relay_ear_takes_prefix(const struct relay_set *set, const char *name, const char *prefix);

/* RELAY_DIGEST_BYTES that are others when the rules let a sender hear something else. */
void relay_ear_digest(const struct relay_rules *rules, const char *name, unsigned char *ret_digest);

#endif /* APP_RELAY_EAR_H */
