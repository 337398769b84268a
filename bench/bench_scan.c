/* SPDX-License-Identifier: MIT */
/*
 * `nodewise scan` beside a bare loop, masscan, zmap and nmap, in a network of this program's own.
 *
 *   bench_scan [TEXT]   only the cases with TEXT in their name
 *
 * Two network namespaces, a pair of virtual interfaces, and nothing that leaves them: 10.64.0.0/10
 * lies on the far side, which drops what comes or answers from every address. All subjects of a
 * case take turns, round by round (NW_BENCH_REPEAT, 3). Each sends a bounded number of questions,
 * once, and is stopped after LIMIT_S. A row is questions a second by the interface's counters:
 * median, p10, p90, rounds, minimum; and `ratio`, the median of our rate by the subject's in the
 * same round: above 1, ours is faster. `-per-cpu` is questions by user and system time, which a
 * busy machine changes least; `-found` the share of addresses that were found, in percent. What is
 * to be reached stands behind each case, with what was.
 *
 *   NODEWISE   the command; `nodewise bench` says so
 *
 * Invariant: a scanner that is not installed is named, and its rows are missing, not made up.
 */
#define NW_BENCH_MORE_COLUMNS "\tmin\tratio"
#include "nw_bench.h"

#include "bench/scanning/scanning.h"

#include <math.h>
#include <unistd.h>

enum {
	REPEAT_MAX = 25,
	SUBJECTS_MAX = 4,
	WORDS_MAX = 40,
	WORD_BYTES = 256,
	LIMIT_S = 40,
	WAIT_S = 1, /* that ours is told to wait for answers */
	MEMORY_MAX_MIB = 64,
};

struct subject {
	const char *name;
	/* Words: @N the command, @T targets, @P port, @R rate, @C count; what it finds goes to
	 * `found`. */
	const char *command;
	const char *fastest; /* its word for no limit */
	const char *mark;    /* in lines of `found` that count */
};

#define TELLS "-e " SCANNING_INTERFACE " --wait 1s -q -oL found"

static const struct subject loop = { "loop", "@S loop @C", "0", NULL };
/* As many workers as it takes by itself, or one, as the bare loop is one. */
static const struct subject ours = { "nodewise", "@N scan @T -p80 --rate @R " TELLS, "0", "open" };
static const struct subject one = { "nodewise", "@N scan @T -p80 --workers 1 --rate @R " TELLS, "0",
				    "open" };
static const struct subject unpinned = { "no-numa", "@N scan @T -p80 --no-numa --rate @R " TELLS,
					 "0", "open" };
static const struct subject by_ring = { "ring",
					"@N scan @T -p80 --workers 1 --path ring --rate @R " TELLS,
					"0", "open" };
static const struct subject by_mmsg = { "mmsg",
					"@N scan @T -p80 --workers 1 --path mmsg --rate @R " TELLS,
					"0", "open" };
/* Its answers come by AF_XDP, too. */
static const struct subject by_xdp = { "xdp",
				       "@N scan @T -p80 --workers 1 --path xdp --rate @R " TELLS,
				       "0", "open" };
#define CONNECTS "@N scan -sT @T -p @P --rate @R " TELLS
static const struct subject connecting = { "nodewise", CONNECTS, "0", "open" };
static const struct subject being_refused = { "nodewise", CONNECTS, "0", "closed" };
static const struct subject masscan = { "masscan",
					"masscan @T -p80 --rate @R -e " SCANNING_INTERFACE
					" --source-ip " SCANNING_NEAR
					" --source-port 61000 --router-mac " SCANNING_FAR_MAC
					" --adapter-mac " SCANNING_NEAR_MAC " --wait 2 -oL found",
					"10000000", "open" };
static const struct subject zmap = {
	"zmap",
	"zmap -C /dev/null -p 80 -i " SCANNING_INTERFACE " -S " SCANNING_NEAR
	" -s 61000 -G " SCANNING_FAR_MAC
	" -r @R -T 1 -b /dev/null -c 2 -q --disable-syslog -o found @T",
	"0", "10."
};
#define NMAP                                                                                \
	"nmap -sT -Pn -n -p @P -T5 --min-rate 100000 --max-retries 0 --min-hostgroup 4096 " \
	"-oG found @T"
static const struct subject nmap = { "nmap", NMAP, "0", "/open/" };
static const struct subject nmap_refused = { "nmap", NMAP, "0", "/closed/" };

struct series {
	const struct subject *subject;
	bool is_there;
	double rate[REPEAT_MAX], found[REPEAT_MAX], rest_s[REPEAT_MAX], ratio[REPEAT_MAX];
	double cpu[REPEAT_MAX]; /* in percent of one, where a rate is held; else questions a second
				   of it */
};

struct kind {
	const char *name;
	enum scanning_sink sink;
	const char *target;
	uint64_t question_count;
	uint32_t rate; /* 0: as fast as it goes */
	bool is_loaded;
	const struct subject
		*subjects[SUBJECTS_MAX]; /* ours is first or, beside the loop, second */
	void (*judge)(const struct kind *kind, struct series *series, uint32_t n);
	const char *port; /* of connections */
};

/* --- Aims --- */

static double median_of(const double *values, uint32_t n)
{
	double sorted[REPEAT_MAX];

	memcpy(sorted, values, n * sizeof(*values));
	qsort(sorted, n, sizeof(*sorted), nw_bench_compare);
	return nw_bench_quantile(sorted, n, 0.5);
}

static double least_of(const double *values, uint32_t n)
{
	double least = values[0];

	for (uint32_t i = 1; i < n; i++)
		least = values[i] < least ? values[i] : least;
	return least;
}

static void tell(const char *name, const char *aim, double is, bool is_met)
{
	printf("# aim %s: %s; is %.4g: %s\n", name, aim, is, is_met ? "met" : "MISSED");
	(void)fflush(stdout);
}

static const struct series *series_of(const struct series *series, const char *name)
{
	for (uint32_t i = 0; i < SUBJECTS_MAX && series[i].subject; i++)
		if (strcmp(series[i].subject->name, name) == 0 && series[i].is_there)
			return &series[i];
	return NULL;
}

/* Our rate by the faster peer's, in the rounds' median; 0: there is none. What takes answers away
 * from the system is not chosen unasked, however fast, and so no peer. */
static double lead(const struct series *series, uint32_t n)
{
	double least = 0;

	for (uint32_t i = 0; i < SUBJECTS_MAX && series[i].subject; i++) {
		const struct subject *subject = series[i].subject;
		double ratio;

		if (!series[i].is_there || subject == &loop || subject == &by_xdp ||
		    strcmp(subject->name, "nodewise") == 0)
			continue;
		ratio = median_of(series[i].ratio, n);
		least = least == 0 || ratio < least ? ratio : least;
	}
	return least;
}

static void judge_drop(const struct kind *kind, struct series *series, uint32_t n)
{
	double peers = lead(series, n);
	const struct series *bare = series_of(series, "loop");

	if (peers > 0)
		tell(kind->name, "1.5 times the faster peer at least", peers, peers >= 1.5);
	if (bare)
		tell(kind->name, "0.8 of the bare loop at least", median_of(bare->ratio, n),
		     median_of(bare->ratio, n) >= 0.8);
}

static void judge_answer(const struct kind *kind, struct series *series, uint32_t n)
{
	const struct series *own = series_of(series, "nodewise");
	double peers = lead(series, n), found, rest_s;

	if (peers > 0 && !kind->is_loaded)
		tell(kind->name, "1.5 times the faster peer at least", peers, peers >= 1.5);
	if (!own)
		return;
	found = least_of(own->found, n);
	tell(kind->name, "100 % found in each round", found, found >= 100);
	rest_s = median_of(own->rest_s, n);
	if (!kind->is_loaded)
		tell(kind->name, "ends 1.2 s after its last question, told to wait 1 s", rest_s,
		     rest_s <= WAIT_S + 0.2);
}

static void judge_rate(const struct kind *kind, struct series *series, uint32_t n)
{
	const struct series *own = series_of(series, "nodewise");
	double rate, cpu;

	if (!own)
		return;
	rate = median_of(own->rate, n) / kind->rate;
	cpu = median_of(own->cpu, n);
	tell(kind->name, "0.99 to 1.01 of the rate", rate, fabs(rate - 1) <= 0.01);
	tell(kind->name, "less than 25 % of a CPU", cpu, cpu < 25);
}

static void judge_connect(const struct kind *kind, struct series *series, uint32_t n)
{
	double peers = lead(series, n);

	if (peers > 0)
		tell(kind->name, "5 times nmap at least", peers, peers >= 5);
}

/* The same, as far as rounds can tell. */
static void judge_pools(const struct kind *kind, struct series *series, uint32_t n)
{
	const struct series *other = series_of(series, "no-numa");
	double ratio = other ? median_of(other->ratio, n) : 0;

	if (other)
		tell(kind->name, "0.95 of a scan without pools at least", ratio, ratio >= 0.95);
}

/* The automatic choice comes from this. */
static void judge_paths(const struct kind *kind, struct series *series, uint32_t n)
{
	double least = lead(series, n);

	if (least > 0)
		tell(kind->name, "what is chosen has 0.95 of the best other path's rate at least",
		     least, least >= 0.95);
}

/* --- Running --- */

static const struct kind kinds[] = {
	{ "drop",
	  SCANNING_DROPS,
	  "10.64.0.0/12",
	  1 << 20,
	  0,
	  false,
	  { &loop, &one, &masscan, &zmap },
	  judge_drop,
	  NULL },
	{ "answer",
	  SCANNING_ANSWERS,
	  "10.64.0.0/13",
	  1 << 19,
	  0,
	  false,
	  { &ours, &masscan, &zmap },
	  judge_answer,
	  NULL },
	{ "loaded",
	  SCANNING_ANSWERS,
	  "10.64.0.0/14",
	  1 << 18,
	  0,
	  true,
	  { &ours, &masscan, &zmap },
	  judge_answer,
	  NULL },
	{ "rate20k",
	  SCANNING_DROPS,
	  "10.64.0.0/16",
	  1 << 16,
	  20000,
	  false,
	  { &ours, &masscan, &zmap },
	  judge_rate,
	  NULL },
	{ "rate100k",
	  SCANNING_DROPS,
	  "10.64.0.0/14",
	  1 << 18,
	  100000,
	  false,
	  { &ours, &masscan, &zmap },
	  judge_rate,
	  NULL },
	{ "pools",
	  SCANNING_DROPS,
	  "10.64.0.0/12",
	  1 << 20,
	  0,
	  false,
	  { &ours, &unpinned },
	  judge_pools,
	  NULL },
	{ "paths-drop",
	  SCANNING_DROPS,
	  "10.64.0.0/12",
	  1 << 20,
	  0,
	  false,
	  { &loop, &one, &by_mmsg, &by_ring },
	  judge_paths,
	  NULL },
	{ "paths-answer",
	  SCANNING_ANSWERS,
	  "10.64.0.0/13",
	  1 << 19,
	  0,
	  false,
	  { &one, &by_mmsg, &by_ring, &by_xdp },
	  judge_paths,
	  NULL },
	{ "connect",
	  SCANNING_ANSWERS,
	  "10.64.0.0/18",
	  1 << 14,
	  0,
	  false,
	  { &connecting, &nmap },
	  judge_connect,
	  "80" },
	{ "refused",
	  SCANNING_ANSWERS,
	  "10.64.0.0/16",
	  1 << 16,
	  0,
	  false,
	  { &being_refused, &nmap_refused },
	  judge_connect,
	  "81" },
};
enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

static const char *command, *self;

/* What a word of a command stands for. */
static void put_word(char *to, const char *word, const struct kind *kind,
		     const struct subject *subject)
{
	if (strcmp(word, "@N") == 0)
		(void)snprintf(to, WORD_BYTES, "%s", command);
	else if (strcmp(word, "@S") == 0)
		(void)snprintf(to, WORD_BYTES, "%s", self);
	else if (strcmp(word, "@T") == 0)
		(void)snprintf(to, WORD_BYTES, "%s", kind->target);
	else if (strcmp(word, "@P") == 0)
		(void)snprintf(to, WORD_BYTES, "%s", kind->port);
	else if (strcmp(word, "@C") == 0)
		(void)snprintf(to, WORD_BYTES, "%" PRIu64, kind->question_count);
	else if (strcmp(word, "@R") == 0 && kind->rate > 0)
		(void)snprintf(to, WORD_BYTES, "%" PRIu32, kind->rate);
	else
		(void)snprintf(to, WORD_BYTES, "%s",
			       strcmp(word, "@R") == 0 ? subject->fastest : word);
}

static bool run(const struct kind *kind, const struct subject *subject,
		struct scanning_reading *ret_reading)
{
	static char words[WORDS_MAX][WORD_BYTES];
	char text[1024], *args[WORDS_MAX + 1], *rest = text, *word;
	uint32_t count = 0;

	(void)snprintf(text, sizeof(text), "%s", subject->command);
	while (count < WORDS_MAX && (word = strsep(&rest, " "))) {
		put_word(words[count], word, kind, subject);
		args[count] = words[count];
		count++;
	}
	args[count] = NULL;
	(void)unlink("found"); /* of the one before */
	return scanning_meter(args, kind->question_count, LIMIT_S, ret_reading);
}

/* The first line of what it wrote to a file. */
static void tell_failure(const struct kind *kind, const struct subject *subject,
			 const struct scanning_reading *reading)
{
	char line[200] = "";
	FILE *file = fopen("err", "r");

	if (file && !fgets(line, sizeof(line), file))
		line[0] = '\0';
	if (file)
		(void)fclose(file);
	line[strcspn(line, "\n")] = '\0';
	printf("# %s/%s ended with status 0x%x: %s\n", kind->name, subject->name, reading->status,
	       line);
}

/* False: no more of it. */
static bool measure(const struct kind *kind, struct series *series, uint32_t round)
{
	const struct subject *subject = series->subject;
	struct scanning_reading reading;

	if (kind->is_loaded)
		scanning_load_begin();
	if (!run(kind, subject, &reading)) {
		scanning_load_end();
		printf("# %s/%s: %s is not installed, so its rows are missing\n", kind->name,
		       subject->name, subject->name);
		return false;
	}
	scanning_load_end();
	if (reading.was_stopped)
		printf("# %s/%s did not end by itself within %d s\n", kind->name, subject->name,
		       LIMIT_S);
	else if (reading.status != 0 || reading.sent < kind->question_count) {
		tell_failure(kind, subject, &reading);
		return false;
	}
	series->rate[round] = reading.rate;
	series->cpu[round] = kind->rate > 0
				     ? 100 * reading.cpu_s / (reading.wall_s - reading.rest_s)
				     : (double)kind->question_count / reading.cpu_s;
	series->rest_s[round] = reading.rest_s;
	series->found[round] = subject->mark
				       ? 100.0 * (double)scanning_count("found", subject->mark) /
						 (double)kind->question_count
				       : 0;
	return true;
}

static void print_row(const struct kind *kind, const struct series *series, const char *what,
		      const char *unit, const double *values, uint32_t n)
{
	double sorted[REPEAT_MAX];

	memcpy(sorted, values, n * sizeof(*values));
	qsort(sorted, n, sizeof(*sorted), nw_bench_compare);
	printf("%s%s/%s\t%s\t%.6g\t%.6g\t%.6g\t%" PRIu32, kind->name, what, series->subject->name,
	       unit, nw_bench_quantile(sorted, n, 0.5), nw_bench_quantile(sorted, n, 0.1),
	       nw_bench_quantile(sorted, n, 0.9), n);
	if (values == series->rate)
		printf("\t%.6g\t%.3g", sorted[0], median_of(series->ratio, n));
	putchar('\n');
}

static void print_rows(const struct kind *kind, const struct series *series, uint32_t n)
{
	print_row(kind, series, "", "questions/s", series->rate, n);
	if (kind->rate > 0)
		print_row(kind, series, "-cpu", "% of a CPU", series->cpu, n);
	else
		print_row(kind, series, "-per-cpu", "questions/CPU-s", series->cpu, n);
	if (kind->sink == SCANNING_ANSWERS)
		print_row(kind, series, "-found", "%", series->found, n);
}

static void run_kind(const struct kind *kind, uint32_t n)
{
	static struct series all[SUBJECTS_MAX];
	const struct series *own;

	memset(all, 0, sizeof(all));
	for (uint32_t s = 0; s < SUBJECTS_MAX && kind->subjects[s]; s++)
		all[s] = (struct series){ .subject = kind->subjects[s], .is_there = true };
	if (!scanning_sink(kind->sink)) {
		printf("# %s: the far side cannot drop (no XDP?), so it is left out\n", kind->name);
		return;
	}
	for (uint32_t round = 0; round < n; round++)
		for (uint32_t s = 0; s < SUBJECTS_MAX && all[s].subject; s++)
			all[s].is_there = all[s].is_there && measure(kind, &all[s], round);
	own = series_of(all, "nodewise");
	for (uint32_t s = 0; s < SUBJECTS_MAX && all[s].subject; s++) {
		for (uint32_t round = 0; round < n && own; round++)
			all[s].ratio[round] = own->rate[round] / all[s].rate[round];
		if (all[s].is_there)
			print_rows(kind, &all[s], n);
	}
	if (own)
		kind->judge(kind, all, n);
}

/* 2^24 addresses by 1000 ports, of which few are asked. It ends with 3: stopped. */
static void run_memory(void)
{
	static const struct kind kind = { .name = "memory", .target = "10.0.0.0/8", .rate = 20000 };
	static const struct subject many = { "nodewise",
					     "@N scan @T -p1-1000 --rate @R --max-runtime 1 "
					     "--resume rest " TELLS,
					     "0", "open" };
	struct scanning_reading reading;
	double mib;

	if (!scanning_sink(SCANNING_DROPS) || !run(&kind, &many, &reading))
		return;
	if (reading.status != 3 << 8)
		tell_failure(&kind, &many, &reading);
	mib = reading.resident_mib;
	printf("memory/nodewise\tMiB\t%.4g\t%.4g\t%.4g\t1\n", mib, mib, mib);
	tell("memory", "a /8 by 1000 ports in less than 64 MiB", mib, mib < MEMORY_MAX_MIB);
}

int main(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : "", *why;
	uint32_t n = nw_bench_env("NW_BENCH_REPEAT", 3, REPEAT_MAX);
	struct nw_topo *topo;
	struct nw_diag diag;

	self = "/proc/self/exe";
	if (argc == 3 && strcmp(text, "loop") == 0)
		return scanning_loop(strtoull(argv[2], NULL, 10));
	command = getenv("NODEWISE");
	if (!command) {
		fprintf(stderr, "bench_scan: NODEWISE is not set: the nodewise command\n");
		return 1;
	}
	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0) {
		fprintf(stderr, "bench_scan: %s\n", diag.text);
		return 1;
	}
	nw_bench_preamble("scan", topo);
	nw_topo_close(topo);
	(void)fflush(stdout);
	if (!scanning_enter(&why)) {
		printf("# skipped: %s\n", why);
		return 0;
	}
	for (uint32_t i = 0; i < KIND_COUNT; i++)
		if (strstr(kinds[i].name, text))
			run_kind(&kinds[i], n);
	if (strstr("memory", text))
		run_memory();
	return fflush(stdout) == 0 ? 0 : 1;
}
