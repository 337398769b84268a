/* SPDX-License-Identifier: MIT */
/*
 * False positives and negatives on labelled data. One of the six providers that is named where the
 * truth is nobody, or somebody else, is a false positive; one of the six that is the truth and is
 * not the answer is a false negative. Truth that is unsure is not scored.
 *
 * Rows: rate in %, p10 and p90 are the ends of Wilson's interval of 95 %, n is out of how many.
 */
#include "cdn/cdn_bench.h"
#include "nw_bench.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>

enum { SIX = 6, HEADERS_MAX = 128, SANS_MAX = 64, BINS = 10 };

static const char *const six[SIX] = { "cloudflare", "akamai", "fastly",
				      "cloudfront", "google", "azure" };

struct score {
	const char *name;
	uint64_t positives[SIX],
		missed[SIX];            /* truth is one of the six; and the answer is not it */
	uint64_t negatives, wrong[SIX]; /* truth is none of them; and one of them is named */
	uint64_t bin_count[BINS], bin_right[BINS];
	double bin_sum[BINS], brier;
};

static int one_of_six(const char *name)
{
	for (int i = 0; i < SIX; i++) {
		if (strcmp(name, six[i]) == 0)
			return i;
	}
	return -1;
}

static void take(struct score *score, const char *truth, const struct nw_cdn_answer *answer)
{
	int wanted = one_of_six(truth), got = one_of_six(answer->provider);
	bool is_right = wanted == got;
	int bin = (int)(answer->probability * BINS);

	if (wanted >= 0) {
		score->positives[wanted]++;
		score->missed[wanted] += !is_right;
	} else {
		score->negatives++;
		if (got >= 0)
			score->wrong[got]++;
	}
	bin = bin >= BINS ? BINS - 1 : bin;
	score->bin_count[bin]++;
	score->bin_right[bin] += is_right;
	score->bin_sum[bin] += answer->probability;
	score->brier += (is_right - answer->probability) * (is_right - answer->probability);
}

/* Ends of Wilson's interval, in %. */
static void wilson(uint64_t k, uint64_t n, double *ret_low, double *ret_high)
{
	const double z = 1.959964;
	double total = (double)n, p = n > 0 ? (double)k / total : 0;
	double middle = (p + z * z / (2 * total)) / (1 + z * z / total);
	double half = z / (1 + z * z / total) *
		      sqrt(p * (1 - p) / total + z * z / (4 * total * total));

	*ret_low = n == 0 ? 0 : 100 * fmax(0, middle - half);
	*ret_high = n == 0 ? 100 : 100 * fmin(1, middle + half);
}

static void rate_row(const struct score *score, const char *what, uint64_t k, uint64_t n)
{
	double low, high;

	if (n == 0)
		return;
	wilson(k, n, &low, &high);
	printf("%s/%s\t%%\t%.2f\t%.2f\t%.2f\t%" PRIu64 "\n", score->name, what,
	       100 * (double)k / (double)n, low, high, n);
}

/* How often an answer of that probability is right. */
static void print_bins(const struct score *score)
{
	double error = 0;
	uint64_t all = 0;

	for (int i = 0; i < BINS; i++)
		all += score->bin_count[i];
	for (int i = 0; i < BINS && all > 0; i++) {
		double count = (double)score->bin_count[i];

		if (score->bin_count[i] == 0)
			continue;
		printf("# %s: said %.1f %%, right %.1f %% of %.0f\n", score->name,
		       100 * score->bin_sum[i] / count, 100 * (double)score->bin_right[i] / count,
		       count);
		error += fabs(score->bin_sum[i] - (double)score->bin_right[i]);
	}
	if (all > 0)
		printf("# %s: Brier score %.4f, expected calibration error %.4f\n", score->name,
		       score->brier / (double)all, error / (double)all);
}

static void print_score(const struct score *score)
{
	uint64_t positives = 0, missed = 0, wrong = 0;
	char what[64];

	for (int i = 0; i < SIX; i++) {
		positives += score->positives[i];
		missed += score->missed[i];
		wrong += score->wrong[i];
	}
	rate_row(score, "fp", wrong, score->negatives);
	rate_row(score, "fn", missed, positives);
	for (int i = 0; i < SIX; i++) {
		(void)snprintf(what, sizeof(what), "%s/fp", six[i]);
		rate_row(score, what, score->wrong[i], score->negatives);
		(void)snprintf(what, sizeof(what), "%s/fn", six[i]);
		rate_row(score, what, score->missed[i], score->positives[i]);
	}
	print_bins(score);
}

/* With NW_BENCH_WRONG set, what was answered otherwise than it should be. */
static void tell_wrong(const struct score *score, const char *what, const char *truth,
		       const struct nw_cdn_answer *answer)
{
	if (getenv("NW_BENCH_WRONG") && one_of_six(truth) != one_of_six(answer->provider))
		printf("# %s: %s is %s, not %s (%.3f)\n", score->name, what, truth,
		       answer->provider, answer->probability);
}

/* --- Labels --- */

/* address TAB truth TAB ...; a line that begins with # or with no address is a heading. */
static bool score_line(const struct nw_cdn *cdn, struct score *scores, char *line)
{
	char *truth = strchr(line, '\t');
	struct nw_cdn_seen seen = { 0 };
	struct nw_cdn_answer answer;

	if (!truth || *line == '#')
		return *line == '#' || *line == '\n';
	*truth++ = '\0';
	truth[strcspn(truth, "\t\r\n")] = '\0';
	if (!nw_cdn_address_parse(line, &seen.address))
		return false;
	if (strcmp(truth, "unsure") == 0)
		return true;
	nw_cdn_classify(cdn, &seen, &answer);
	take(&scores[0], truth, &answer);
	tell_wrong(&scores[0], line, truth, &answer);
	return true;
}

bool score_labels(const struct nw_cdn *cdn, const char *path)
{
	struct score score = { .name = "addresses" };
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t n_bytes = 0;
	uint64_t number = 0;

	if (!file) {
		fprintf(stderr, "bench_cdn: %s: %s\n", path, strerror(errno));
		return false;
	}
	while (getline(&line, &n_bytes, file) > 0) {
		number++;
		if (!score_line(cdn, &score, line) && number > 1) {
			fprintf(stderr, "bench_cdn: %s:%" PRIu64 ": no address and truth\n", path,
				number);
			free(line);
			(void)fclose(file);
			return false;
		}
	}
	free(line);
	(void)fclose(file);
	print_score(&score);
	return true;
}

/* --- Observations --- */

/* One recorded answer as evidence; text is lent by the JSON. */
struct recorded {
	struct nw_cdn_seen seen;
	struct nw_cdn_certificate cert;
	struct nw_cdn_header headers[HEADERS_MAX];
	const char *sans[SANS_MAX];
};

static void take_headers(struct recorded *recorded, json_t *headers)
{
	const char *name;
	json_t *value;

	json_object_foreach(headers, name, value)
	{
		if (recorded->seen.header_count < HEADERS_MAX && json_is_string(value))
			recorded->headers[recorded->seen.header_count++] = (struct nw_cdn_header){
				name, json_string_value(value)
			};
	}
	recorded->seen.headers = recorded->headers;
	recorded->seen.asked |= NW_CDN_ASKED_HEADERS;
}

static void take_cert(struct recorded *recorded, const json_t *tls)
{
	json_t *sans = json_object_get(tls, "san"), *one;
	size_t i;

	if (!json_is_object(tls))
		return;
	recorded->cert.subject_cn = json_string_value(json_object_get(tls, "subject"));
	recorded->cert.issuer_cn = json_string_value(json_object_get(tls, "issuer"));
	json_array_foreach(sans, i, one)
	{
		if (recorded->cert.san_count < SANS_MAX && json_is_string(one))
			recorded->sans[recorded->cert.san_count++] = json_string_value(one);
	}
	recorded->cert.sans = recorded->sans;
	recorded->seen.cert = &recorded->cert;
	recorded->seen.asked |= NW_CDN_ASKED_CERT;
}

static void score_one(const struct nw_cdn *cdn, struct score *score, const char *truth,
		      const struct nw_cdn_seen *seen, const char *what)
{
	struct nw_cdn_answer answer;

	nw_cdn_classify(cdn, seen, &answer);
	take(score, truth, &answer);
	tell_wrong(score, what, truth, &answer);
}

enum { ALL, WITHOUT_RANGES, ANSWERS_ALONE, ADDRESS_ALONE, WAY_COUNT };

static bool score_object(const struct nw_cdn *cdn, struct score *scores, const json_t *object)
{
	const char *truth = json_string_value(json_object_get(object, "truth"));
	const char *ip = json_string_value(json_object_get(object, "ip"));
	const char *host = json_string_value(json_object_get(object, "host"));
	struct recorded recorded = { 0 };
	struct nw_cdn_seen seen;

	if (!truth)
		return false;
	if (strcmp(truth, "unsure") == 0)
		return true;
	if (ip && *ip && !nw_cdn_address_parse(ip, &recorded.seen.address))
		return false;
	recorded.seen.asn = (uint32_t)json_integer_value(json_object_get(object, "asn"));
	take_headers(&recorded, json_object_get(object, "headers"));
	take_cert(&recorded, json_object_get(object, "tls"));
	host = host ? host : "-";
	score_one(cdn, &scores[ALL], truth, &recorded.seen, host);
	seen = recorded.seen;
	seen.address.family = 0;
	score_one(cdn, &scores[WITHOUT_RANGES], truth, &seen, host);
	seen.asn = 0;
	score_one(cdn, &scores[ANSWERS_ALONE], truth, &seen, host);
	seen = (struct nw_cdn_seen){ .address = recorded.seen.address, .asn = recorded.seen.asn };
	if (seen.address.family != 0)
		score_one(cdn, &scores[ADDRESS_ALONE], truth, &seen, host);
	return true;
}

bool score_observations(const struct nw_cdn *cdn, const char *path)
{
	struct score scores[WAY_COUNT] = { { .name = "all-evidence" },
					   { .name = "as-and-answers" },
					   { .name = "answers-alone" },
					   { .name = "address-of-observed" } };
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t n_bytes = 0;
	uint64_t number = 0;
	bool is_right = file != NULL;

	if (!file)
		fprintf(stderr, "bench_cdn: %s: %s\n", path, strerror(errno));
	while (is_right && getline(&line, &n_bytes, file) > 0) {
		json_error_t error;
		json_t *object = json_loads(line, 0, &error);

		number++;
		is_right = (object && score_object(cdn, scores, object)) || *line == '\n';
		if (!is_right)
			fprintf(stderr, "bench_cdn: %s:%" PRIu64 ": %s\n", path, number,
				object ? "no truth, or no address" : error.text);
		json_decref(object);
	}
	free(line);
	if (file)
		(void)fclose(file);
	for (int i = 0; i < WAY_COUNT && is_right; i++)
		print_score(&scores[i]);
	return is_right;
}
