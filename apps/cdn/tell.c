/* SPDX-License-Identifier: MIT */
/*
 * An answer, as a line for people or as one JSON object a line.
 * Invariant: what others have sent is escaped: no line break or control character gets through.
 */
#include "cdn/active.h"

#include <stdlib.h>
#include <string.h>

enum { PERCENT = 100, DELETE = 127 };

void cdn_put_plain(FILE *file, const char *text)
{
	for (; *text; text++)
		(void)fputc((unsigned char)*text < ' ' || (unsigned char)*text >= DELETE ? '?'
											 : *text,
			    file);
}

static void put_evidence(const struct nw_cdn_evidence *evidence)
{
	printf("    %-12s %-14s %+6.2f  ", nw_cdn_evidence_name(evidence->kind), evidence->provider,
	       evidence->log_odds);
	cdn_put_plain(stdout, evidence->text);
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
		cdn_put_plain(stdout, evidence->text);
		between = "; ";
	}
}

static const char *first_note(const struct nw_cdn_ask_result *result)
{
	return result->dns_note    ? result->dns_note
	       : result->tls_note  ? result->tls_note
	       : result->http_note ? result->http_note
				   : NULL;
}

/* Why there is less than there could be. */
static void put_notes(const struct nw_cdn_ask_result *result)
{
	const char *note = first_note(result);

	if (result->is_spent)
		printf("  (not all was asked: the budget is spent)");
	else if (note && result->answer->provider_idx == UINT32_MAX)
		printf("  (%s)", note);
}

static void explain_asked(const struct nw_cdn_ask_result *result)
{
	char address[NW_CDN_ADDRESS_TEXT_BYTES];

	printf("    asked: %u requests, %u answers from the cache, %.1f ms", result->request_count,
	       result->cached_count, (double)result->took_ns / 1e6);
	if (result->seen->address.family)
		printf("; address %s", nw_cdn_address_text(&result->seen->address, address));
	if (result->dns_note)
		printf("; DNS: %s", result->dns_note);
	if (result->ptr_note)
		printf("; name of the address: %s", result->ptr_note);
	if (result->tls_note)
		printf("; TLS: %s", result->tls_note);
	if (result->status)
		printf("; HTTP %u", result->status);
	if (result->http_note)
		printf("; HTTP: %s", result->http_note);
	(void)putchar('\n');
}

static void explain(const struct nw_cdn_answer *answer)
{
	for (uint32_t i = 0; i < answer->evidence_count; i++)
		put_evidence(&answer->evidence[i]);
	if (answer->evidence_count == 0)
		printf("    no evidence for anybody\n");
	printf("    a front of any kind: %.1f %%; %s\n", PERCENT * answer->front_probability,
	       answer->is_decided ? "decided" : "more evidence could change this");
}

void cdn_tell_text(const struct cdn_run *run, const char *target,
		   const struct nw_cdn_answer *answer, const struct cdn_more *more)
{
	printf("%-15s  %-12s  %-8s  %5.1f %%", target, answer->provider,
	       nw_cdn_kind_name(answer->kind), PERCENT * answer->probability);
	for (uint32_t i = 0; i < answer->behind_count; i++)
		printf("%s%s", i == 0 ? "  before " : ", ", answer->behind[i]);
	if (!run->options->is_explained)
		put_reasons(answer);
	if (more)
		put_notes(more->result);
	(void)putchar('\n');
	if (run->options->is_explained)
		explain(answer);
	if (run->options->is_explained && more)
		explain_asked(more->result);
	if (more && more->origin_text)
		(void)fputs(more->origin_text, stdout);
}

/* Bytes of others in a JSON string. */
void cdn_put_json(FILE *file, const char *text)
{
	(void)fputc('"', file);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			(void)fprintf(file, "\\%c", c);
		else if (c < ' ' || c >= DELETE)
			(void)fprintf(file, "\\u%04x", c);
		else
			(void)fputc(c, file);
	}
	(void)fputc('"', file);
}

static void put_note(const char *key, const char *text)
{
	if (text)
		printf(",\"%s\":\"%s\"", key, text);
}

/* What was asked, and why there is nothing of a kind. */
static void put_asked(const struct nw_cdn_ask_result *result)
{
	char address[NW_CDN_ADDRESS_TEXT_BYTES];

	if (result->seen->address.family)
		put_note("address", nw_cdn_address_text(&result->seen->address, address));
	printf(",\"asked\":{\"requests\":%u,\"cached\":%u,\"ms\":%.3f,\"status\":%u,"
	       "\"decided\":%s,\"spent\":%s",
	       result->request_count, result->cached_count, (double)result->took_ns / 1e6,
	       result->status, result->answer->is_decided ? "true" : "false",
	       result->is_spent ? "true" : "false");
	put_note("dns", result->dns_note);
	put_note("ptr", result->ptr_note);
	put_note("tls", result->tls_note);
	put_note("http", result->http_note);
	(void)putchar('}');
}

void cdn_tell_json(const char *target, const struct nw_cdn_answer *answer,
		   const struct cdn_more *more)
{
	printf("{\"query\":");
	cdn_put_json(stdout, target);
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
		cdn_put_json(stdout, evidence->text);
		(void)putchar('}');
	}
	(void)putchar(']');
	if (more)
		put_asked(more->result);
	if (more && more->origin_json)
		printf(",\"origin\":%s", more->origin_json);
	printf("}\n");
}
