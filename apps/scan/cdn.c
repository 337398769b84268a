/* SPDX-License-Identifier: MIT */
/* Networks in front of targets. */
#include "scan/cdn.h"

#include "common/cdn.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LEFT_OUT = 1 /* token of an event: it is not asked */ };

/* --- Who stands there --- */

static struct nw_cdn_address cdn_address(const struct nw_probe_address *address)
{
	struct nw_cdn_address to = { .family = address->family };

	memcpy(to.bytes, address->bytes, sizeof(to.bytes));
	return to;
}

/* Without a table of ASes an address in no prefix is nobody's: most are. */
static bool look(const struct scan_cdn *cdn, const struct nw_cdn_address *address,
		 struct nw_cdn_answer *ret_answer)
{
	struct nw_cdn_seen seen = { .address = *address };

	if (!cdn->has_asn && nw_cdn_find(cdn->cdn, address) == 0)
		return false;
	nw_cdn_classify(cdn->cdn, &seen, ret_answer);
	return ret_answer->provider_idx != UINT32_MAX;
}

/* Whether a provider is what the lists mean; without lists: one that stands in front of others. */
static bool is_meant(const struct scan_cdn *cdn, const struct nw_cdn_answer *answer)
{
	uint32_t idx = answer ? answer->provider_idx : cdn->provider_count;

	if (cdn->only)
		return cdn->only[idx];
	return answer && nw_cdn_kind_is_front(answer->kind) && !(cdn->except && cdn->except[idx]);
}

static bool admits(const struct scan_cdn *cdn, bool is_meant_one)
{
	return cdn->mode == SCAN_CDN_MARK || is_meant_one == (cdn->mode == SCAN_CDN_ONLY);
}

bool scan_cdn_admits(const struct scan_cdn *cdn, const struct nw_probe_address *address)
{
	struct nw_cdn_address target = cdn_address(address);
	struct nw_cdn_answer answer;

	return admits(cdn, is_meant(cdn, look(cdn, &target, &answer) ? &answer : NULL));
}

const char *scan_cdn_name(const struct scan_cdn *cdn, const struct nw_probe_address *address,
			  const char **ret_kind)
{
	struct nw_cdn_address target = cdn_address(address);
	struct nw_cdn_answer answer;

	if (!look(cdn, &target, &answer))
		return NULL;
	*ret_kind = nw_cdn_kind_name(answer.kind);
	return answer.provider;
}

/* --- A worker's part --- */

/* An event of the scan's own: it knows of who is no CDN, and of nobody, too. There is room: a
 * worker that passes over questions keeps it. */
static void tell(const struct scan_cdn *cdn, uint32_t worker_idx,
		 const struct nw_cdn_address *target, const struct nw_cdn_answer *answer,
		 bool is_admitted)
{
	struct nw_cdn_event event = { .wall_ns = nw_news_now_ns(),
				      .engine = NW_NEWS_CDN,
				      .kind = NW_CDN_DETECTED,
				      .provider_idx = cdn->provider_count,
				      .target = *target,
				      .token = is_admitted ? 0 : LEFT_OUT };

	if (answer) {
		event.provider_idx = answer->provider_idx;
		event.provider_kind = (uint8_t)answer->kind;
		event.probability = (float)answer->probability;
	}
	(void)nw_news_tell(nw_news_producer(cdn->news, worker_idx), &event);
}

static bool admit(void *context, uint32_t worker_idx, const struct nw_probe_address *address,
		  bool is_first)
{
	const struct scan_cdn *cdn = context;
	struct nw_cdn_address target = cdn_address(address);
	struct nw_cdn_answer answer;
	bool is_known, is_admitted;

	if (cdn->mode == SCAN_CDN_MARK && (!is_first || cdn->is_silent))
		return true;
	is_known = look(cdn, &target, &answer);
	is_admitted = admits(cdn, is_meant(cdn, is_known ? &answer : NULL));
	if (is_first && !cdn->is_silent && (is_known || !is_admitted))
		tell(cdn, worker_idx, &target, is_known ? &answer : NULL, is_admitted);
	return is_admitted;
}

/* --- The first thread's --- */

static int take_lists(struct scan_cdn *cdn, const struct scan_options *options)
{
	int code = APP_OK;

	if (options->cdn_only)
		code = app_cdn_names(SCAN_NAME, "--cdn-only", cdn->cdn, options->cdn_only,
				     &cdn->only);
	if (code == APP_OK && options->cdn_except)
		code = app_cdn_names(SCAN_NAME, "--cdn-except", cdn->cdn, options->cdn_except,
				     &cdn->except);
	return code;
}

static int make(struct scan_run *run)
{
	struct scan_cdn *cdn = run->cdn;

	cdn->provider_count = nw_cdn_provider_count(cdn->cdn);
	cdn->counts = calloc(cdn->provider_count + 1, sizeof(*cdn->counts));
	if (!cdn->counts)
		return app_failed(SCAN_NAME, "no memory");
	if (!cdn->list_path)
		return APP_OK;
	cdn->list = fopen(cdn->list_path, run->is_resumed ? "ae" : "we");
	return cdn->list ? APP_OK
			 : app_failed(SCAN_NAME, "%s: %s", cdn->list_path, strerror(errno));
}

int scan_cdn_open(struct scan_run *run)
{
	const struct scan_options *options = run->options;
	struct scan_cdn *cdn;
	int code;

	if (options->cdn == SCAN_CDN_OFF)
		return APP_OK;
	run->cdn = cdn = calloc(1, sizeof(*cdn));
	if (!cdn)
		return app_failed(SCAN_NAME, "no memory");
	cdn->mode = options->cdn;
	cdn->has_asn = options->cdn_asn != NULL;
	cdn->list_path = options->is_dry_run ? NULL : options->cdn_list;
	code = app_cdn_open(SCAN_NAME, options->cdn_data, options->cdn_asn, &cdn->cdn);
	if (code == APP_OK)
		code = take_lists(cdn, options);
	if (code == APP_OK)
		code = make(run);
	if (code == APP_OK && !options->is_quiet)
		app_cdn_note_age(SCAN_NAME, cdn->cdn);
	return code;
}

int scan_cdn_use(struct scan_run *run)
{
	int rc;

	if (!run->cdn)
		return APP_OK;
	rc = nw_news_create(&run->cdn->news, run->state.worker_count, NW_PROBE_NEWS_SLOTS);
	if (rc < 0)
		return app_failed(SCAN_NAME, "%s", strerror(-rc));
	run->probe_options.news = run->cdn->news;
	run->probe_options.admit = admit;
	run->probe_options.admit_context = run->cdn;
	return APP_OK;
}

void scan_cdn_be_silent(struct scan_run *run, bool is_silent)
{
	if (run->cdn)
		run->cdn->is_silent = is_silent;
}

static void list_one(struct scan_cdn *cdn, const char *address, const char *provider,
		     const char *kind)
{
	if (!cdn->list || cdn->has_failed)
		return;
	(void)fprintf(cdn->list, "%s\t%s\t%s\n", address, provider, kind);
	cdn->has_failed = ferror(cdn->list);
	if (cdn->has_failed)
		(void)app_failed(SCAN_NAME, "%s: %s", cdn->list_path, strerror(errno));
}

bool scan_cdn_take(struct scan_run *run, const struct nw_probe_event *told)
{
	struct scan_cdn *cdn = run->cdn;
	struct nw_cdn_provider provider = { .name = "none" };
	char address[NW_CDN_ADDRESS_TEXT_BYTES];
	struct nw_cdn_event event;
	bool is_left_out;

	if (told->engine != NW_NEWS_CDN)
		return false;
	memcpy(&event, told, sizeof(event));
	is_left_out = event.token == LEFT_OUT;
	if (event.provider_idx < cdn->provider_count)
		nw_cdn_provider_at(cdn->cdn, event.provider_idx, &provider);
	cdn->counts[event.provider_idx].met++;
	cdn->counts[event.provider_idx].left_out += is_left_out;
	(void)nw_cdn_address_text(&event.target, address);
	if (is_left_out)
		list_one(cdn, address, provider.name, nw_cdn_kind_name(event.provider_kind));
	scan_outputs_cdn(
		&run->outputs,
		&(struct scan_detection){ .address = address,
					  .provider = provider.name,
					  .kind = nw_cdn_kind_name(event.provider_kind),
					  .is_front = nw_cdn_kind_is_front(event.provider_kind),
					  .wall_ns = event.wall_ns,
					  .probability = (double)event.probability,
					  .is_left_out = is_left_out });
	return true;
}

/* --- What was counted --- */

uint32_t scan_cdn_count(const struct scan_run *run)
{
	return run->cdn ? run->cdn->provider_count + 1 : 0;
}

const char *scan_cdn_at(const struct scan_run *run, uint32_t idx, uint64_t *ret_met,
			uint64_t *ret_left_out)
{
	const struct scan_cdn *cdn = run->cdn;
	struct nw_cdn_provider provider = { .name = "none" };

	if (idx < cdn->provider_count)
		nw_cdn_provider_at(cdn->cdn, idx, &provider);
	*ret_met = cdn->counts[idx].met;
	*ret_left_out = cdn->counts[idx].left_out;
	return provider.name;
}

void scan_cdn_tell_end(const struct scan_run *run, const struct nw_probe_counts *counts)
{
	bool marks = run->cdn && run->cdn->mode == SCAN_CDN_MARK;
	const char *between = ": ";
	uint64_t sums[2] = { 0, 0 }, n[2];

	if (!run->cdn)
		return;
	for (uint32_t i = 0; i < scan_cdn_count(run); i++) {
		(void)scan_cdn_at(run, i, &n[0], &n[1]);
		sums[0] += n[0];
		sums[1] += n[1];
	}
	if (marks)
		(void)fprintf(stderr, "%" PRIu64 " addresses of known networks", sums[0]);
	else
		(void)fprintf(stderr, "%" PRIu64 " addresses, %" PRIu64 " questions left out",
			      sums[1], counts->left_out);
	for (uint32_t i = 0; i < scan_cdn_count(run); i++) {
		const char *name = scan_cdn_at(run, i, &n[0], &n[1]);

		if (n[!marks] == 0)
			continue;
		(void)fprintf(stderr, "%s%s %" PRIu64, between, name, n[!marks]);
		between = ", ";
	}
	(void)fputs(".\n", stderr);
}

json_t *scan_cdn_json(const struct scan_run *run)
{
	json_t *object = json_object();

	for (uint32_t i = 0; i < scan_cdn_count(run); i++) {
		uint64_t met, left_out;
		const char *name = scan_cdn_at(run, i, &met, &left_out);

		if (met > 0)
			(void)json_object_set_new(object, name,
						  json_pack("{s:I, s:I}", "met", (json_int_t)met,
							    "left_out", (json_int_t)left_out));
	}
	return object;
}

int scan_cdn_close(struct scan_run *run)
{
	struct scan_cdn *cdn = run->cdn;
	int code = APP_OK;

	if (!cdn)
		return APP_OK;
	if (cdn->list && fclose(cdn->list) != 0 && !cdn->has_failed)
		cdn->has_failed = app_failed(SCAN_NAME, "%s: %s", cdn->list_path, strerror(errno));
	code = cdn->has_failed ? APP_FAILED : APP_OK;
	nw_news_destroy(cdn->news);
	nw_cdn_close(cdn->cdn);
	free(cdn->only);
	free(cdn->except);
	free(cdn->counts);
	free(cdn);
	run->cdn = NULL;
	return code;
}
