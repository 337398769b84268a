/* SPDX-License-Identifier: MIT */
/* Names, headers and certificates of a target against the patterns of all providers. */
#include "cdn/match.h"
#include "cdn/weigh.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A name of an address that does not lead back to it is what anybody could have written. */
#define UNCONFIRMED_PTR 0.3
/* What a chain of names only passes through says little about where it ends. */
#define PASSED_CNAME 0.3

static enum nw_cdn_kind kind_of(const struct nw_cdn *cdn, const struct nwi_cdn_pattern *pattern)
{
	return pattern->kind != NW_CDN_NONE ? pattern->kind
					    : cdn->providers[pattern->provider].kind;
}

static void add(struct nwi_cdn_weigh *weigh, enum nw_cdn_evidence_kind by,
		const struct nwi_cdn_pattern *pattern, double share, const char *what,
		const char *text)
{
	bool is_name = by == NW_CDN_BY_CNAME || by == NW_CDN_BY_PTR;
	enum nwi_cdn_group group = is_name ? NWI_CDN_NAMES : NWI_CDN_ANSWERS;
	struct nw_cdn_evidence *evidence = nwi_cdn_add(weigh, group, by, pattern->provider,
						       share * pattern->weight,
						       kind_of(weigh->cdn, pattern));

	if (group == NWI_CDN_ANSWERS && pattern->weight > 0)
		weigh->is_traced[pattern->provider] = true;
	if (evidence)
		(void)snprintf(evidence->text, sizeof(evidence->text), "%s%s%.90s", what,
			       *what ? ": " : "", text);
}

/* --- Names --- */

/* The last name that anybody is known by is where the chain ends. */
static void weigh_cnames(struct nwi_cdn_weigh *weigh, const struct nw_cdn_seen *seen)
{
	bool is_last = true;

	for (uint32_t i = seen->cname_count; i-- > 0;) {
		const struct nwi_cdn_pattern *pattern = nwi_cdn_words_suffix(&weigh->cdn->suffixes,
									     seen->cnames[i]);

		if (!pattern)
			continue;
		for (; pattern; pattern = pattern->next)
			add(weigh, NW_CDN_BY_CNAME, pattern, is_last ? 1 : PASSED_CNAME, "",
			    seen->cnames[i]);
		is_last = false;
	}
}

void nwi_cdn_weigh_names(struct nwi_cdn_weigh *weigh, const struct nw_cdn_seen *seen)
{
	const struct nwi_cdn_pattern *pattern = weigh->cdn->globs[NWI_CDN_PTR];

	weigh_cnames(weigh, seen);
	for (; seen->ptr && pattern; pattern = pattern->next) {
		if (nwi_cdn_glob(pattern->glob, seen->ptr))
			add(weigh, NW_CDN_BY_PTR, pattern,
			    seen->is_ptr_confirmed ? 1 : UNCONFIRMED_PTR,
			    seen->is_ptr_confirmed ? "" : "unconfirmed", seen->ptr);
	}
}

/* --- Answers --- */

static void weigh_header(struct nwi_cdn_weigh *weigh, const struct nw_cdn_header *header)
{
	const struct nwi_cdn_pattern *pattern = nwi_cdn_words_find(
		&weigh->cdn->headers, header->name, strnlen(header->name, NWI_CDN_TEXT_MAX));

	for (; pattern; pattern = pattern->next) {
		if (nwi_cdn_glob(pattern->glob, header->value))
			add(weigh, NW_CDN_BY_HEADER, pattern, 1, pattern->header, header->value);
	}
}

/* The first name of a certificate that a pattern holds for; NULL: none. */
static const char *name_of(const struct nwi_cdn_pattern *pattern,
			   const struct nw_cdn_certificate *cert)
{
	if (cert->subject_cn && nwi_cdn_glob(pattern->glob, cert->subject_cn))
		return cert->subject_cn;
	for (uint32_t i = 0; i < cert->san_count; i++) {
		if (nwi_cdn_glob(pattern->glob, cert->sans[i]))
			return cert->sans[i];
	}
	return NULL;
}

static const char *issuer_of(const struct nwi_cdn_pattern *pattern,
			     const struct nw_cdn_certificate *cert)
{
	if (cert->issuer_o && nwi_cdn_glob(pattern->glob, cert->issuer_o))
		return cert->issuer_o;
	return cert->issuer_cn && nwi_cdn_glob(pattern->glob, cert->issuer_cn) ? cert->issuer_cn
									       : NULL;
}

static void weigh_cert(struct nwi_cdn_weigh *weigh, const struct nw_cdn_certificate *cert,
		       enum nwi_cdn_field field)
{
	enum nw_cdn_evidence_kind by = field == NWI_CDN_DEFAULT_CERT ? NW_CDN_BY_DEFAULT_CERT
								     : NW_CDN_BY_CERT;
	const struct nwi_cdn_pattern *pattern = weigh->cdn->globs[field];

	for (; cert && pattern; pattern = pattern->next) {
		bool is_issuer = field == NWI_CDN_CERT_ISSUER;
		const char *text = is_issuer ? issuer_of(pattern, cert) : name_of(pattern, cert);

		if (text)
			add(weigh, by, pattern, 1, is_issuer ? "issuer" : "", text);
	}
}

void nwi_cdn_weigh_answers(struct nwi_cdn_weigh *weigh, const struct nw_cdn_seen *seen)
{
	for (uint32_t i = 0; i < seen->header_count; i++)
		weigh_header(weigh, &seen->headers[i]);
	weigh_cert(weigh, seen->cert, NWI_CDN_CERT_NAME);
	weigh_cert(weigh, seen->cert, NWI_CDN_CERT_ISSUER);
	weigh_cert(weigh, seen->default_cert, NWI_CDN_DEFAULT_CERT);
}
