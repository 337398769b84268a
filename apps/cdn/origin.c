/* SPDX-License-Identifier: MIT */
/*
 * --origin: a search for the machine behind a name's front, as text and as JSON, step by step.
 * Invariant: only an address that was verified is called an origin.
 */
#include "cdn/active.h"

#include <stdlib.h>
#include <string.h>

struct search {
	struct cdn_asking *asking;
	const struct nw_cdn_ask_result *result;
	FILE *text, *json, *verified; /* the last: of JSON */
	uint32_t step_count, verified_count;
};

static const char *address_text(const struct nw_cdn_address *address, char *buf)
{
	return address->family ? nw_cdn_address_text(address, buf) : "";
}

static void put_text(struct search *search, const struct nw_cdn_origin_step *step)
{
	char address[NW_CDN_ADDRESS_TEXT_BYTES];

	(void)fprintf(search->text,
		      "    %-9s  %-15s  %s%s%s: ", nw_cdn_origin_kind_name(step->kind),
		      address_text(&step->address, address), step->source, step->name[0] ? " " : "",
		      step->name);
	cdn_put_plain(search->text, step->text);
	if (step->status) {
		(void)fprintf(search->text, " (%u", step->status);
		if (step->title[0]) {
			(void)fputs(", '", search->text);
			cdn_put_plain(search->text, step->title);
			(void)fputs("'", search->text);
		}
		if (step->kind == NW_CDN_ORIGIN_COMPARED)
			(void)fprintf(search->text, ", %.0f %% in common", 100 * step->common);
		(void)fputs(")", search->text);
	}
	(void)fputs(step->is_verified ? ": ORIGIN\n" : "\n", search->text);
}

static void put_member(FILE *file, const char *key, const char *text)
{
	(void)fprintf(file, ",\"%s\":", key);
	cdn_put_json(file, text);
}

static const char *truth(bool is_so)
{
	return is_so ? "true" : "false";
}

static void put_json(struct search *search, const struct nw_cdn_origin_step *step)
{
	char address[NW_CDN_ADDRESS_TEXT_BYTES];
	FILE *file = search->json;

	(void)fprintf(file, "%s{\"step\":\"%s\"", search->step_count ? "," : "",
		      nw_cdn_origin_kind_name(step->kind));
	put_member(file, "source", step->source);
	put_member(file, "name", step->name);
	if (step->address.family)
		put_member(file, "address", address_text(&step->address, address));
	put_member(file, "text", step->text);
	if (step->kind == NW_CDN_ORIGIN_FRONT || step->kind == NW_CDN_ORIGIN_COMPARED) {
		(void)fprintf(file, ",\"status\":%u", step->status);
		put_member(file, "title", step->title);
	}
	if (step->kind == NW_CDN_ORIGIN_COMPARED)
		(void)fprintf(file,
			      ",\"verified\":%s,\"same_key\":%s,\"same_names\":%s,"
			      "\"covers_name\":%s,\"same_page\":%s,\"telling\":%s,\"common\":%.3f",
			      truth(step->is_verified), truth(step->has_same_key),
			      truth(step->has_same_names), truth(step->covers_name),
			      truth(step->has_same_page), truth(step->is_page_telling),
			      step->common);
	(void)fputc('}', file);
}

static void tell_origin(struct search *search, const struct nw_cdn_origin_step *step)
{
	char address[NW_CDN_ADDRESS_TEXT_BYTES];
	struct nw_cdn_event event;

	(void)fprintf(search->verified, "%s\"%s\"", search->verified_count++ ? "," : "",
		      address_text(&step->address, address));
	if (nw_cdn_event_make(&event, search->result->answer, &search->result->seen->address,
			      &step->address, search->result->token))
		(void)nw_news_tell(search->asking->own_news, &event); /* or it is counted */
}

static void tell(void *context, const struct nw_cdn_origin_step *step)
{
	struct search *search = context;

	put_text(search, step);
	put_json(search, step);
	search->step_count++;
	if (step->is_verified)
		tell_origin(search, step);
}

static bool is_over(void *context)
{
	(void)context;
	return app_was_interrupted();
}

/* NULL: it went to its end; else why it did not. */
static const char *search_all(struct search *search, struct nw_diag *diag)
{
	const struct nw_cdn_ask_result *result = search->result;
	struct nw_cdn_origin_options options = { .name = result->name,
						 .front = result->seen->address,
						 .tell = tell,
						 .is_over = is_over,
						 .context = search };
	struct nw_cdn_history *history;
	uint32_t count = 0;
	int rc;

	if (!nw_cdn_kind_is_front(result->answer->kind))
		return "nobody is known to stand in front: there is nothing to look behind";
	if (options.front.family == 0)
		return "the name has no address";
	if (!cdn_history_of(&search->asking->history, result->name, &history,
			    &options.history_count))
		return "no memory";
	options.history = history;
	rc = nw_cdn_asker_origin(search->asking->asker, &options, &count, diag);
	free(history);
	return rc < 0 ? diag->text : NULL;
}

static void search_into(struct search *search)
{
	struct nw_diag diag = { "no memory" };
	const char *why = search_all(search, &diag);

	if (why)
		(void)fprintf(search->text, "    origin: not all was looked at: %s\n", why);
	if (search->verified_count == 0)
		(void)fprintf(search->text, "    origin: none was verified, which says nothing\n");
	else
		(void)fprintf(search->text, "    origin: %u verified\n", search->verified_count);
	(void)fprintf(search->json, "],\"complete\":%s", truth(!why));
	if (why)
		put_member(search->json, "why", why);
	search->asking->origins += search->verified_count;
}

/* "origin":{"steps":[…],"complete":…,"verified":[…]} */
static char *join(char *steps, char *verified)
{
	char *json = NULL;

	if (asprintf(&json, "{\"steps\":[%s,\"verified\":[%s]}", steps, verified) < 0)
		json = NULL;
	free(steps);
	free(verified);
	return json;
}

void cdn_origin_search(struct cdn_asking *asking, const struct nw_cdn_ask_result *result,
		       char **ret_text, char **ret_json)
{
	struct search search = { .asking = asking, .result = result };
	char *text = NULL, *steps = NULL, *verified = NULL;
	size_t n[3];

	search.text = open_memstream(&text, &n[0]);
	search.json = open_memstream(&steps, &n[1]);
	search.verified = open_memstream(&verified, &n[2]);
	if (search.text && search.json && search.verified)
		search_into(&search);
	if (search.text)
		(void)fclose(search.text);
	if (search.json)
		(void)fclose(search.json);
	if (search.verified)
		(void)fclose(search.verified);
	*ret_text = text;
	*ret_json = steps && verified ? join(steps, verified) : NULL;
}
