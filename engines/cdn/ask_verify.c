/* SPDX-License-Identifier: MIT */
/* Pages of the front and of candidates, and what they have in common: nothing else makes an origin.
 */
#include "cdn/ask_origin.h"

#include <stdio.h>
#include <string.h>

static const double SAME_PAGE = 0.9;

/* --- Asking --- */

static void ask(struct nwi_origin *origin, struct nwi_origin_check *check,
		const struct nw_cdn_address *address, bool by_tls)
{
	const struct nw_cdn_ask_options *options = &origin->asker->options;

	check->is_on = true;
	check->slot.request = (struct nwi_web_request){
		.host = origin->name,
		.address = *address,
		.port = by_tls ? options->https_port : options->http_port,
		.by_tls = by_tls,
		.how = NWI_WEB_GET,
		.body = check->body,
		.body_room = sizeof(check->body),
	};
	nwi_ask_web(origin->asker, NULL, &check->slot);
}

/* Without TLS where nothing answers by it. false: it has ended. */
static bool ask_again(struct nwi_origin *origin, struct nwi_origin_check *check)
{
	const struct nwi_reply *page = &check->slot.page;
	struct nw_cdn_address address = check->slot.request.address;

	if (!page->by_tls || page->status != 0 || page->cert.is_there || nwi_origin_is_over(origin))
		return false;
	ask(origin, check, &address, false);
	return true;
}

static void read_page(struct nwi_origin_check *check)
{
	nwi_sketch_read(&check->sketch, check->body, check->slot.request.body_bytes);
}

static void tell_front(struct nwi_origin *origin)
{
	const struct nwi_reply *page = &origin->front->slot.page;
	char text[160];

	(void)snprintf(text, sizeof(text), "%s%s%s, %u bytes%s",
		       page->status ? "a page" : nwi_reply_end_text(page->end),
		       page->cert.is_there ? ", a certificate" : "",
		       page->by_tls ? "" : " without TLS", origin->front->sketch.n_bytes,
		       page->status >= 400 ? ": an error page, which tells little" : "");
	nwi_origin_tell(origin,
			(struct nw_cdn_origin_step){ .kind = NW_CDN_ORIGIN_FRONT,
						     .source = "front",
						     .name = origin->name,
						     .address = origin->options->front,
						     .text = text,
						     .status = page->status,
						     .title = origin->front->sketch.title });
}

bool nwi_origin_see_front(struct nwi_origin *origin)
{
	struct nwi_origin_check *front = origin->front;

	if (nwi_origin_is_over(origin))
		return false;
	ask(origin, front, &origin->options->front, true);
	while (front->slot.request.is_out || ask_again(origin, front)) {
		if (nwi_origin_is_over(origin))
			return false;
		nwi_origin_wait(origin);
	}
	read_page(front);
	tell_front(origin);
	return front->slot.page.status != 0;
}

/* --- Certificates --- */

static bool matches(const char *pattern, const char *name)
{
	const char *dot = strchr(name, '.');

	if (pattern[0] != '*')
		return strcmp(pattern, name) == 0;
	return dot && dot != name && strcmp(pattern + 1, dot) == 0;
}

bool nwi_cert_covers(const struct nwi_reply *page, const char *name)
{
	const struct nwi_reply_cert *cert = &page->cert;

	for (unsigned i = 0; cert->is_there && i < cert->san_count; i++)
		if (matches(nwi_texts_at(&page->texts, cert->sans[i]), name))
			return true;
	return false;
}

static bool has_san(const struct nwi_reply *page, const char *name)
{
	for (unsigned i = 0; i < page->cert.san_count; i++)
		if (strcmp(nwi_texts_at(&page->texts, page->cert.sans[i]), name) == 0)
			return true;
	return false;
}

static bool has_all_of(const struct nwi_reply *page, const struct nwi_reply *other)
{
	for (unsigned i = 0; i < other->cert.san_count; i++)
		if (!has_san(page, nwi_texts_at(&other->texts, other->cert.sans[i])))
			return false;
	return true;
}

bool nwi_cert_has_same_names(const struct nwi_reply *a, const struct nwi_reply *b)
{
	return a->cert.is_there && b->cert.is_there && a->cert.san_count > 0 && !a->cert.is_cut &&
	       !b->cert.is_cut && has_all_of(a, b) && has_all_of(b, a);
}

static bool has_same_key(const struct nwi_reply *a, const struct nwi_reply *b)
{
	return a->cert.is_there && b->cert.is_there &&
	       memcmp(a->cert.key_digest, b->cert.key_digest, NWI_REPLY_DIGEST) == 0;
}

/* --- Comparing --- */

static const char *location(const struct nwi_reply *page)
{
	for (unsigned i = 0; i < page->header_count; i++)
		if (strcmp(nwi_texts_at(&page->texts, page->headers[i].name), "location") == 0)
			return nwi_texts_at(&page->texts, page->headers[i].value);
	return "";
}

/* An error page is the server's, not the name's. */
static void compare_pages(const struct nwi_origin_check *front,
			  const struct nwi_origin_check *check, struct nw_cdn_origin_step *step)
{
	const struct nwi_reply *a = &front->slot.page, *b = &check->slot.page;

	step->status = b->status;
	step->title = check->sketch.title;
	step->common = b->status ? nwi_sketch_common(&front->sketch, &check->sketch) : 0;
	step->has_same_page = b->status != 0 && a->status == b->status &&
			      step->common >= SAME_PAGE &&
			      strcmp(front->sketch.title, check->sketch.title) == 0 &&
			      strcmp(location(a), location(b)) == 0;
	step->is_page_telling = a->status < 400 && front->sketch.triple_count >= NWI_SKETCH_ENOUGH;
}

static void compare_certificates(const struct nwi_origin *origin, const struct nwi_reply *page,
				 struct nw_cdn_origin_step *step)
{
	const struct nwi_reply *front = &origin->front->slot.page;

	step->has_same_key = has_same_key(front, page);
	step->has_same_names = nwi_cert_has_same_names(front, page);
	step->covers_name = nwi_cert_covers(page, origin->name);
}

/* The title of a provider whose edge it is, by what it answers; NULL: of none. */
static const char *edge_of(struct nwi_origin *origin, const struct nwi_origin_check *check)
{
	struct nwi_sight *sight = origin->sight;

	sight->seen = (struct nw_cdn_seen){ .address = check->slot.request.address };
	if (check->slot.page.status)
		nwi_see_headers(sight, &check->slot.page);
	nw_cdn_classify(origin->asker->options.cdn, &sight->seen, &sight->answer);
	return nw_cdn_kind_is_front(sight->answer.kind) ? sight->answer.title : NULL;
}

static void set_text(const struct nw_cdn_origin_step *step, const struct nwi_reply *page,
		     char *text, size_t n_bytes)
{
	const char *certificate = step->has_same_key     ? "the same key"
				  : step->has_same_names ? "a certificate with the same names"
				  : step->covers_name    ? "a certificate for the name"
				  : page->cert.is_there  ? "another certificate"
							 : "no certificate";

	if (!page->status && !page->cert.is_there)
		(void)snprintf(text, n_bytes, "%s", nwi_reply_end_text(page->end));
	else
		(void)snprintf(text, n_bytes, "%s, %s", certificate,
			       !page->status           ? "no page"
			       : !step->has_same_page  ? "another page"
			       : step->is_page_telling ? "the same page"
						       : "the same page, too small to tell");
}

static void compare(struct nwi_origin *origin, const struct nwi_origin_check *check)
{
	const struct nwi_origin_candidate *candidate = &origin->candidates[check->candidate];
	struct nw_cdn_origin_step step = { .kind = NW_CDN_ORIGIN_COMPARED,
					   .source = candidate->source,
					   .name = candidate->name,
					   .address = candidate->address };
	const char *edge = edge_of(origin, check);
	char text[160];

	compare_pages(origin->front, check, &step);
	compare_certificates(origin, &check->slot.page, &step);
	step.is_verified = !edge && step.has_same_page &&
			   (step.has_same_key || step.has_same_names ||
			    (step.covers_name && step.is_page_telling));
	if (edge)
		(void)snprintf(text, sizeof(text), "answers as an edge of %s", edge);
	else
		set_text(&step, &check->slot.page, text, sizeof(text));
	step.text = text;
	origin->verified_count += step.is_verified;
	if (check->slot.page.end == NWI_REPLY_SPENT)
		origin->is_spent = true;
	nwi_origin_tell(origin, step);
}

static struct nwi_origin_check *free_check(struct nwi_origin *origin)
{
	for (unsigned i = 0; i < NWI_ORIGIN_CHECKS; i++)
		if (!origin->checks[i].is_on)
			return &origin->checks[i];
	return NULL;
}

/* The check of a candidate that has come; NULL: it has not. */
static struct nwi_origin_check *find_ready(struct nwi_origin *origin, uint32_t candidate)
{
	struct nwi_origin_check *found = NULL;

	for (unsigned i = 0; i < NWI_ORIGIN_CHECKS; i++) {
		struct nwi_origin_check *check = &origin->checks[i];

		if (check->is_on && !check->slot.request.is_out && !ask_again(origin, check) &&
		    check->candidate == candidate)
			found = check;
	}
	return found;
}

/* Compared in the order of candidates, whoever is first to answer. */
void nwi_origin_verify(struct nwi_origin *origin)
{
	uint32_t asked = 0, next = 0;

	while (next < origin->candidate_count && !nwi_origin_is_over(origin)) {
		struct nwi_origin_check *check;

		while (asked < origin->candidate_count && (check = free_check(origin)) != NULL) {
			check->candidate = asked;
			ask(origin, check, &origin->candidates[asked++].address, true);
		}
		check = find_ready(origin, next);
		if (!check) {
			nwi_origin_wait(origin);
			continue;
		}
		check->is_on = false;
		read_page(check);
		compare(origin, check);
		next++;
	}
}
