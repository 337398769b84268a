/* SPDX-License-Identifier: MIT */
/*
 * Targets from the command line and standard input, one after the other.
 * Invariant: a target is answered before the next one is read, so that a stream flows.
 */
#include "cdn/cdn.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_BYTES_MAX = 253, LABEL_BYTES_MAX = 63 };

static int take_lists(struct cdn_run *run)
{
	const struct cdn_options *options = run->options;
	int code = APP_OK;

	if (options->whitelist)
		code = app_cdn_names(CDN_NAME, "--whitelist", run->cdn, options->whitelist,
				     &run->whitelist);
	if (code == APP_OK && options->blacklist)
		code = app_cdn_names(CDN_NAME, "--blacklist", run->cdn, options->blacklist,
				     &run->blacklist);
	return code;
}

static void free_run(struct cdn_run *run)
{
	free(run->whitelist);
	free(run->blacklist);
	free(run->counts);
	nw_cdn_close(run->cdn);
}

int cdn_run_open(struct cdn_run *run, const struct cdn_options *options)
{
	int code;

	*run = (struct cdn_run){ .options = options };
	code = app_cdn_open(CDN_NAME, options->data, options->asn, &run->cdn);
	if (code != APP_OK)
		return code;
	code = take_lists(run);
	if (code == APP_OK) {
		run->counts = calloc(nw_cdn_provider_count(run->cdn) + 1, sizeof(*run->counts));
		if (!run->counts)
			code = app_failed(CDN_NAME, "no memory");
	}
	if (code != APP_OK) {
		free_run(run);
		return code;
	}
	if (!options->is_quiet)
		app_cdn_note_age(CDN_NAME, run->cdn);
	return APP_OK;
}

/* --- Targets --- */

/* Labels of letters, digits, - and _, with dots between; at least one letter. */
static bool is_name(const char *text)
{
	size_t length = strlen(text), label = 0;
	bool has_letter = false;

	if (length == 0 || length > NAME_BYTES_MAX)
		return false;
	for (const char *c = text; *c; c++) {
		if (*c == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
			return false;
		has_letter |= isalpha((unsigned char)*c) != 0;
		if (++label > LABEL_BYTES_MAX)
			return false;
	}
	return has_letter;
}

static bool take_text(struct cdn_run *run, const char *text, struct cdn_target *ret_target)
{
	ret_target->text = text;
	ret_target->address = (struct nw_cdn_address){ 0 };
	if (nw_cdn_address_parse(text, &ret_target->address) || is_name(text))
		return true;
	run->bad_count++;
	if (run->is_reading)
		(void)app_failed(CDN_NAME, "line %llu: '%.80s' is no address and no name",
				 (unsigned long long)run->line_number, text);
	else
		(void)app_failed(CDN_NAME, "'%.80s' is no address and no name", text);
	return false;
}

/* What stands between blanks, without what follows a #; NULL: nothing. */
static char *word_of(char *line)
{
	char *end;

	line[strcspn(line, "#\r\n")] = '\0';
	while (isspace((unsigned char)*line))
		line++;
	end = line + strlen(line);
	while (end > line && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return *line ? line : NULL;
}

/* Before it waits for more, what was told goes out. */
static enum cdn_line read_line(struct cdn_run *run, int wait_ms, char **ret_line)
{
	enum cdn_line got = cdn_lines_next(&run->lines, 0, ret_line);

	if (got == CDN_LINE_NOT_YET && wait_ms != 0) {
		(void)fflush(stdout); /* what fails is told at the end */
		got = cdn_lines_next(&run->lines, wait_ms, ret_line);
	}
	run->line_number += got == CDN_LINE;
	return got;
}

enum cdn_line cdn_next_target(struct cdn_run *run, struct cdn_target *ret_target, int wait_ms)
{
	while (!app_was_interrupted()) {
		enum cdn_line got;
		const char *word;
		char *line;

		if (!run->is_reading && run->next_word == run->options->target_count)
			return CDN_LINE_END;
		if (!run->is_reading) {
			word = run->options->targets[run->next_word++];
			run->is_reading = strcmp(word, "-") == 0;
			if (!run->is_reading && take_text(run, word, ret_target))
				return CDN_LINE;
			continue;
		}
		got = read_line(run, wait_ms, &line);
		if (got == CDN_LINE_NOT_YET)
			return got;
		run->is_reading = got == CDN_LINE;
		word = got == CDN_LINE ? word_of(line) : NULL;
		if (word && take_text(run, word, ret_target))
			return CDN_LINE;
	}
	return CDN_LINE_END;
}

/* --- Answers --- */

static bool is_left_out(const struct cdn_run *run, const struct nw_cdn_answer *answer)
{
	uint32_t idx = answer->provider_idx == UINT32_MAX ? nw_cdn_provider_count(run->cdn)
							  : answer->provider_idx;

	return (run->whitelist && !run->whitelist[idx]) || (run->blacklist && run->blacklist[idx]);
}

void cdn_tell(struct cdn_run *run, const struct cdn_target *target,
	      const struct nw_cdn_answer *answer, const struct cdn_more *more)
{
	uint32_t none = nw_cdn_provider_count(run->cdn);

	run->target_count++;
	run->counts[answer->provider_idx == UINT32_MAX ? none : answer->provider_idx]++;
	if (is_left_out(run, answer)) {
		run->left_out_count++;
		return;
	}
	if (run->options->is_json)
		cdn_tell_json(target->text, answer, more);
	else
		cdn_tell_text(run, target->text, answer, more);
}

static void say_counts(const struct cdn_run *run)
{
	uint32_t none = nw_cdn_provider_count(run->cdn);
	char text[400] = "";
	size_t used = 0;

	for (uint32_t i = 0; i <= none && used < sizeof(text); i++) {
		struct nw_cdn_provider provider = { .name = "none" };

		if (run->counts[i] == 0)
			continue;
		if (i < none)
			nw_cdn_provider_at(run->cdn, i, &provider);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %llu",
					 used > 0 ? ", " : "", provider.name,
					 (unsigned long long)run->counts[i]);
	}
	app_note(CDN_NAME, "%llu targets: %s", (unsigned long long)run->target_count, text);
	if (run->left_out_count > 0)
		app_note(CDN_NAME, "%llu of them left out by --whitelist or --blacklist",
			 (unsigned long long)run->left_out_count);
}

int cdn_run_close(struct cdn_run *run)
{
	int code = app_finish_output(CDN_NAME);

	if (!run->options->is_quiet && run->target_count > 1)
		say_counts(run);
	if (code == APP_OK && run->bad_count > 0)
		code = APP_FAILED;
	free_run(run);
	return code;
}
