/* SPDX-License-Identifier: MIT */
/*
 * Who stands there: evidence into sums, sums into one probability over all providers and nobody.
 *
 * A provider's score is its prior and its three sums, each capped; nobody's is 0; probabilities are
 * the scores' exponentials, shared out. Where the address alone names a front, what others have
 * written into headers and certificates came through it, and says who is behind.
 */
#include "cdn/asn.h"
#include "cdn/weigh.h"

#include <math.h>
#include <string.h>

#define REST_SHARE 0.25
/* Scores further below the best than this are below 0.00001 of it. */
#define SCORE_SPAN 12.0
/* An address that speaks so much for a front settles who that is. */
#define SETTLED 3.0
#define DECIDED 0.97
/* Traces of less are not worth naming somebody behind. */
#define BEHIND_MIN 2.0

static const double caps[NWI_CDN_GROUP_COUNT] = { 10, 7, 8 };

/* Without a text; NULL: no room is left. */
static struct nw_cdn_evidence *new_evidence(struct nwi_cdn_weigh *weigh,
					    enum nw_cdn_evidence_kind by, uint16_t provider,
					    double weight)
{
	struct nw_cdn_answer *answer = weigh->answer;
	struct nw_cdn_evidence *evidence;

	if (answer->evidence_count == NW_CDN_EVIDENCE_MAX)
		return NULL;
	evidence = &answer->evidence[answer->evidence_count++];
	evidence->kind = by;
	evidence->provider = weigh->cdn->providers[provider].name;
	evidence->log_odds = weight;
	evidence->text[0] = '\0';
	return evidence;
}

struct nw_cdn_evidence *nwi_cdn_add(struct nwi_cdn_weigh *weigh, enum nwi_cdn_group group,
				    enum nw_cdn_evidence_kind by, uint16_t provider, double weight,
				    enum nw_cdn_kind kind)
{
	struct nwi_cdn_sum *sum = &weigh->sums[group][provider];

	if (weight > 0) {
		sum->all += weight;
		sum->best = weight > sum->best ? weight : sum->best;
	} else {
		sum->against += weight;
	}
	if (weight > weigh->kind_weight[provider]) {
		weigh->kind_weight[provider] = weight;
		weigh->kind[provider] = kind;
	}
	return new_evidence(weigh, by, provider, weight);
}

static double total(const struct nwi_cdn_weigh *weigh, enum nwi_cdn_group group, uint32_t provider)
{
	const struct nwi_cdn_sum *sum = &weigh->sums[group][provider];
	double value = sum->best + REST_SHARE * (sum->all - sum->best) + sum->against;
	double cap = caps[group];

	return value > cap ? cap : value < -cap ? -cap : value;
}

/* --- The address --- */

/* Digits of a number behind a text; returns its new end. By hand: this is half of the time that a
 * classification by range and AS takes. */
static char *put_number(char *to, uint32_t number)
{
	char digits[10];
	int count = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (count > 0)
		*to++ = digits[--count];
	*to = '\0';
	return to;
}

static char *put_text(char *to, const char *text)
{
	size_t length = strlen(text);

	memcpy(to, text, length + 1);
	return to + length;
}

/* A date has ten bytes and an address at most 45: there is room. */
static void tell_range(struct nw_cdn_evidence *evidence, const struct nwi_cdn_entry *entry,
		       const struct nwi_cdn_list *list)
{
	char *to = evidence->text;

	if (entry->family == 4) {
		for (int shift = 56; shift >= 32; shift -= 8) {
			to = put_number(to, (uint32_t)(entry->high >> shift) & 0xff);
			if (shift > 32)
				to = put_text(to, ".");
		}
	} else {
		struct nw_cdn_address address;

		nwi_cdn_entry_address(entry, &address);
		to += strlen(nw_cdn_address_text(&address, to));
	}
	to = put_number(put_text(to, "/"), entry->bits);
	(void)put_text(put_text(to, ", list of "), list->date);
}

static void miss(struct nwi_cdn_weigh *weigh, enum nwi_cdn_group group, uint32_t provider,
		 uint8_t what, double weight)
{
	weigh->sums[group][provider].against += weight;
	weigh->absent[provider] |= weight < 0 ? what : 0;
}

/* Who does not list it; returns who does. */
static uint32_t speak_against(struct nwi_cdn_weigh *weigh, uint32_t listed)
{
	for (uint32_t i = 0; i < weigh->cdn->provider_count; i++) {
		if (i != listed)
			miss(weigh, NWI_CDN_ADDRESS, i, NWI_CDN_UNLISTED,
			     weigh->cdn->providers[i].unlisted);
	}
	return listed;
}

/* Returns the provider that lists it, UINT32_MAX: nobody. */
static uint32_t weigh_range(struct nwi_cdn_weigh *weigh, const struct nw_cdn_address *address)
{
	const struct nw_cdn *cdn = weigh->cdn;
	const struct nwi_cdn_entry *entry;
	const struct nwi_cdn_list *list;
	struct nw_cdn_evidence *evidence;

	weigh->answer->range = nw_cdn_find(cdn, address);
	if (weigh->answer->range == 0)
		return speak_against(weigh, UINT32_MAX);
	entry = &cdn->entries[weigh->answer->range - 1];
	list = &cdn->lists[entry->list];
	evidence = nwi_cdn_add(weigh, NWI_CDN_ADDRESS, NW_CDN_BY_RANGE, list->provider,
			       list->weight, list->kind);
	if (evidence)
		tell_range(evidence, entry, list);
	return speak_against(weigh, list->provider);
}

static const struct nwi_cdn_asn *first_of(const struct nw_cdn *cdn, uint32_t asn)
{
	uint32_t low = 0, high = cdn->asn_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (cdn->asns[middle].asn < asn)
			low = middle + 1;
		else
			high = middle;
	}
	return cdn->asns + low;
}

/* Whether the provider that lists the address is one of those that share the AS. */
static bool is_among(const struct nw_cdn *cdn, const struct nwi_cdn_asn *at, uint32_t listed)
{
	uint32_t asn = at->asn;

	for (; at < cdn->asns + cdn->asn_count && at->asn == asn; at++) {
		if (at->provider == listed)
			return true;
	}
	return false;
}

static void tell_asn(struct nwi_cdn_weigh *weigh, const struct nwi_cdn_asn *entry)
{
	struct nw_cdn_evidence *evidence = nwi_cdn_add(weigh, NWI_CDN_ADDRESS, NW_CDN_BY_ASN,
						       entry->provider, entry->weight, entry->kind);

	if (evidence)
		(void)put_number(put_text(evidence->text, "AS"), entry->asn);
}

/* Whose AS it is not speaks against it, unless its own list has the address: lists hold what others
 * announce for it, too. Between those who share an AS, as a CDN and the cloud of its owner, a list
 * of one of them has decided. */
static void weigh_asn(struct nwi_cdn_weigh *weigh, uint32_t asn, uint32_t listed)
{
	const struct nw_cdn *cdn = weigh->cdn;
	const struct nwi_cdn_asn *at = first_of(cdn, asn), *end = cdn->asns + cdn->asn_count;
	bool is_settled = at < end && at->asn == asn && is_among(cdn, at, listed);

	for (uint32_t i = 0; i < cdn->provider_count; i++) {
		bool is_own = at < end && at->asn == asn && at->provider == i;

		if (is_own && (!is_settled || i == listed))
			tell_asn(weigh, at);
		else if (!is_own && i != listed)
			miss(weigh, NWI_CDN_ADDRESS, i, NWI_CDN_ELSEWHERE,
			     cdn->providers[i].elsewhere);
		at += is_own;
	}
}

static void weigh_address(struct nwi_cdn_weigh *weigh, const struct nw_cdn_seen *seen)
{
	bool is_there = seen->address.family != 0;
	uint32_t listed = is_there ? weigh_range(weigh, &seen->address) : UINT32_MAX;
	uint32_t asn = seen->asn;

	if (asn == 0 && is_there)
		asn = nw_cdn_asn(weigh->cdn, &seen->address);
	weigh->answer->asn = asn;
	if (asn != 0)
		weigh_asn(weigh, asn, listed);
}

/* --- Scores --- */

/* What should have come from a provider, and did not. */
static void weigh_absence(struct nwi_cdn_weigh *weigh, const struct nw_cdn_seen *seen)
{
	const struct nw_cdn *cdn = weigh->cdn;

	if (!(seen->asked & NW_CDN_ASKED_HEADERS) || seen->header_count == 0)
		return;
	for (uint32_t i = 0; i < cdn->provider_count; i++) {
		if (!weigh->is_traced[i])
			miss(weigh, NWI_CDN_ANSWERS, i, NWI_CDN_UNSEEN, cdn->providers[i].unseen);
	}
}

/* The front that the address settles on, UINT32_MAX: none. */
static uint32_t settled_front(struct nwi_cdn_weigh *weigh)
{
	uint32_t front = UINT32_MAX;
	double best = SETTLED;

	for (uint32_t i = 0; i < weigh->cdn->provider_count; i++) {
		double sum = weigh->address[i] = total(weigh, NWI_CDN_ADDRESS, i);

		if (sum >= best && nw_cdn_kind_is_front(weigh->kind[i])) {
			best = sum;
			front = i;
		}
	}
	return front;
}

/* Answers of others came through a front that is settled. */
static double score_of(const struct nwi_cdn_weigh *weigh, uint32_t provider, uint32_t front)
{
	double answers = total(weigh, NWI_CDN_ANSWERS, provider);

	if (front != UINT32_MAX && front != provider && answers > 0)
		answers = 0;
	return weigh->cdn->providers[provider].prior + weigh->address[provider] +
	       total(weigh, NWI_CDN_NAMES, provider) + answers;
}

/* Shares of all; returns who has the greatest, UINT32_MAX: nobody. The closest is then who has the
 * greatest of those against whom anything speaks. */
static uint32_t share_out(const struct nwi_cdn_weigh *weigh, uint32_t front, uint32_t *ret_closest)
{
	double scores[NWI_CDN_PROVIDERS_MAX], best = 0, all = 0, fronts = 0;
	uint32_t winner = UINT32_MAX, closest = UINT32_MAX;

	for (uint32_t i = 0; i < weigh->cdn->provider_count; i++) {
		scores[i] = score_of(weigh, i, front);
		if (weigh->absent[i] && (closest == UINT32_MAX || scores[i] > scores[closest]))
			closest = i;
		if (scores[i] > best) {
			best = scores[i];
			winner = i;
		}
	}
	all = exp(-best);
	for (uint32_t i = 0; i < weigh->cdn->provider_count; i++) {
		double share = scores[i] > best - SCORE_SPAN ? exp(scores[i] - best) : 0;

		all += share;
		fronts += nw_cdn_kind_is_front(weigh->kind[i]) ? share : 0;
	}
	weigh->answer->probability = (winner == UINT32_MAX ? exp(-best) : 1) / all;
	weigh->answer->front_probability = fronts / all;
	*ret_closest = winner != UINT32_MAX ? winner : closest;
	return winner;
}

/* --- The answer --- */

static void name_behind(const struct nwi_cdn_weigh *weigh, uint32_t winner)
{
	struct nw_cdn_answer *answer = weigh->answer;

	for (uint32_t i = 0; i < weigh->cdn->provider_count; i++) {
		if (i == winner || !weigh->is_traced[i] ||
		    weigh->sums[NWI_CDN_ANSWERS][i].best < BEHIND_MIN ||
		    !nw_cdn_kind_is_front(weigh->cdn->providers[i].kind))
			continue;
		if (answer->behind_count < NW_CDN_BEHIND_MAX)
			answer->behind[answer->behind_count++] = weigh->cdn->providers[i].name;
	}
}

/* Against whom is named, or, where nobody is, against who comes closest. */
static void tell_absent(struct nwi_cdn_weigh *weigh, uint32_t provider)
{
	const struct nwi_cdn_provider *whose = &weigh->cdn->providers[provider];
	const struct {
		uint8_t what;
		enum nw_cdn_evidence_kind by;
		double weight;
		const char *text;
	} absences[] = {
		{ NWI_CDN_UNLISTED, NW_CDN_BY_RANGE, whose->unlisted, "in none of its lists" },
		{ NWI_CDN_ELSEWHERE, NW_CDN_BY_ASN, whose->elsewhere, "not in its AS but in AS" },
		{ NWI_CDN_UNSEEN, NW_CDN_BY_HEADER, whose->unseen, "none of its headers came" },
	};

	for (size_t i = 0; i < sizeof(absences) / sizeof(*absences); i++) {
		struct nw_cdn_evidence *evidence = NULL;
		char *end;

		if (weigh->absent[provider] & absences[i].what)
			evidence = new_evidence(weigh, absences[i].by, (uint16_t)provider,
						absences[i].weight);
		if (!evidence)
			continue;
		end = put_text(evidence->text, absences[i].text);
		if (absences[i].what == NWI_CDN_ELSEWHERE)
			(void)put_number(end, weigh->answer->asn);
	}
}

static void name_winner(struct nwi_cdn_weigh *weigh, uint32_t winner)
{
	struct nw_cdn_answer *answer = weigh->answer;

	answer->provider_idx = winner;
	answer->is_decided = answer->probability >= DECIDED;
	if (winner == UINT32_MAX) {
		answer->provider = "none";
		answer->title = "nobody known";
		answer->kind = NW_CDN_NONE;
		return;
	}
	answer->provider = weigh->cdn->providers[winner].name;
	answer->title = weigh->cdn->providers[winner].title;
	answer->kind = weigh->kind[winner];
}

static void begin(struct nwi_cdn_weigh *weigh, const struct nw_cdn *cdn,
		  struct nw_cdn_answer *answer)
{
	weigh->cdn = cdn;
	weigh->answer = answer;
	for (uint32_t i = 0; i < cdn->provider_count; i++) {
		for (int group = 0; group < NWI_CDN_GROUP_COUNT; group++)
			weigh->sums[group][i] = (struct nwi_cdn_sum){ 0 };
		weigh->kind_weight[i] = 0;
		weigh->kind[i] = cdn->providers[i].kind;
		weigh->is_traced[i] = false;
		weigh->absent[i] = 0;
	}
	/* Not the evidence: its room is great, and counted. */
	answer->asn = answer->range = 0;
	answer->behind_count = answer->evidence_count = 0;
}

void nw_cdn_classify(const struct nw_cdn *cdn, const struct nw_cdn_seen *seen,
		     struct nw_cdn_answer *ret_answer)
{
	struct nwi_cdn_weigh weigh;
	uint32_t winner, closest;

	begin(&weigh, cdn, ret_answer);
	weigh_address(&weigh, seen);
	nwi_cdn_weigh_names(&weigh, seen);
	nwi_cdn_weigh_answers(&weigh, seen);
	weigh_absence(&weigh, seen);
	winner = share_out(&weigh, settled_front(&weigh), &closest);
	if (closest != UINT32_MAX)
		tell_absent(&weigh, closest);
	name_winner(&weigh, winner);
	name_behind(&weigh, winner);
}
