/* SPDX-License-Identifier: MIT */
/*
 * An answer, as a line for people or as one JSON object a line.
 * Invariant: what others have sent is escaped: no line break or control character gets through.
 */
#include "cdn/cdn.h"

#include <stdlib.h>
#include <string.h>

enum { PERCENT = 100, DELETE = 127 };

static void put_plain(const char *text)
{
	for (; *text; text++)
		(void)putchar((unsigned char)*text < ' ' || (unsigned char)*text >= DELETE ? '?'
											   : *text);
}

static void put_evidence(const struct nw_cdn_evidence *evidence)
{
	printf("    %-12s %-14s %+6.2f  ", nw_cdn_evidence_name(evidence->kind), evidence->provider,
	       evidence->log_odds);
	put_plain(evidence->text);
	(void)putchar('\n');
}

/* The evidence for who was named, in a few words. */
static void put_reasons(const struct nw_cdn_answer *answer)
{
	const char *between = "  ";

	for (uint32_t i = 0; i < answer->evidence_count; i++) {
		const struct nw_cdn_evidence *evidence = &answer->evidence[i];

		if (strcmp(evidence->provider, answer->provider) != 0 || evidence->log_odds <= 0)
			continue;
		printf("%s%s ", between, nw_cdn_evidence_name(evidence->kind));
		put_plain(evidence->text);
		between = "; ";
	}
}

void cdn_tell_text(const struct cdn_run *run, const char *target,
		   const struct nw_cdn_answer *answer)
{
	printf("%-15s  %-12s  %-8s  %5.1f %%", target, answer->provider,
	       nw_cdn_kind_name(answer->kind), PERCENT * answer->probability);
	for (uint32_t i = 0; i < answer->behind_count; i++)
		printf("%s%s", i == 0 ? "  before " : ", ", answer->behind[i]);
	if (!run->options->is_explained)
		put_reasons(answer);
	(void)putchar('\n');
	if (!run->options->is_explained)
		return;
	for (uint32_t i = 0; i < answer->evidence_count; i++)
		put_evidence(&answer->evidence[i]);
	if (answer->evidence_count == 0)
		printf("    no evidence for anybody\n");
	printf("    a front of any kind: %.1f %%; %s\n", PERCENT * answer->front_probability,
	       answer->is_decided ? "decided" : "more evidence could change this");
}

/* Bytes of others in a JSON string. */
static void put_json(const char *text)
{
	(void)putchar('"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ' || c >= DELETE)
			printf("\\u%04x", c);
		else
			(void)putchar(c);
	}
	(void)putchar('"');
}

void cdn_tell_json(const char *target, const struct nw_cdn_answer *answer)
{
	printf("{\"query\":");
	put_json(target);
	printf(",\"provider\":\"%s\",\"kind\":\"%s\",\"probability\":%.4f,\"behind\":[",
	       answer->provider, nw_cdn_kind_name(answer->kind), answer->probability);
	for (uint32_t i = 0; i < answer->behind_count; i++)
		printf("%s\"%s\"", i > 0 ? "," : "", answer->behind[i]);
	printf("],\"evidence\":[");
	for (uint32_t i = 0; i < answer->evidence_count; i++) {
		const struct nw_cdn_evidence *evidence = &answer->evidence[i];

		printf("%s{\"kind\":\"%s\",\"provider\":\"%s\",\"log_odds\":%.2f,\"text\":",
		       i > 0 ? "," : "", nw_cdn_evidence_name(evidence->kind), evidence->provider,
		       evidence->log_odds);
		put_json(evidence->text);
		(void)putchar('}');
	}
	printf("]}\n");
}
