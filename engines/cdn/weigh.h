/* SPDX-License-Identifier: MIT */
/*
 * Sums of evidence while a target is weighed: three groups a provider, whose members depend on each
 * other. Of one group the strongest counts whole and the rest a quarter, so that three headers of
 * one front are not taken for three witnesses.
 * Invariant: every weight added is in the answer's evidence, as long as there is room; of what is
 * absent, only that which speaks against who is named, or comes closest.
 */
#ifndef NWI_CDN_WEIGH_H
#define NWI_CDN_WEIGH_H

#include "cdn/data.h"

enum nwi_cdn_group { NWI_CDN_ADDRESS, NWI_CDN_NAMES, NWI_CDN_ANSWERS, NWI_CDN_GROUP_COUNT };

enum { NWI_CDN_UNLISTED = 1, NWI_CDN_ELSEWHERE = 2, NWI_CDN_UNSEEN = 4 };

struct nwi_cdn_sum {
	double best, all; /* of what speaks for it: the strongest, and all together */
	double against;
};

struct nwi_cdn_weigh {
	const struct nw_cdn *cdn;
	struct nw_cdn_answer *answer;
	struct nwi_cdn_sum sums[NWI_CDN_GROUP_COUNT][NWI_CDN_PROVIDERS_MAX];
	double address[NWI_CDN_PROVIDERS_MAX]; /* the address's sum, capped: once all of it is in */
	double kind_weight[NWI_CDN_PROVIDERS_MAX]; /* of the evidence that kind is from */
	enum nw_cdn_kind kind[NWI_CDN_PROVIDERS_MAX];
	uint8_t absent[NWI_CDN_PROVIDERS_MAX]; /* NWI_CDN_... of what should be there, and is not */
	bool is_traced[NWI_CDN_PROVIDERS_MAX]; /* what it sends came, or its certificate did */
};

/* Adds one weight, and the evidence without its text; returns that, or NULL: no room is left. */
struct nw_cdn_evidence *nwi_cdn_add(struct nwi_cdn_weigh *weigh, enum nwi_cdn_group group,
				    enum nw_cdn_evidence_kind by, uint16_t provider, double weight,
				    enum nw_cdn_kind kind);
/* Names and answers: patterns that hold. */
void nwi_cdn_weigh_names(struct nwi_cdn_weigh *weigh, const struct nw_cdn_seen *seen);
void nwi_cdn_weigh_answers(struct nwi_cdn_weigh *weigh, const struct nw_cdn_seen *seen);

#endif /* NWI_CDN_WEIGH_H */
