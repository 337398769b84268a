/* SPDX-License-Identifier: MIT */
/*
 * What a scanner put on the wire, by the counters of the interface, and what it cost.
 * Invariant: nothing that the scanner says of itself is in a reading.
 */
#include "bench/scanning/scanning.h"

#include "bench/nw_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SAMPLES_MAX = 1 << 16,
	SAMPLE_NS = 2000000,
	GRACE_S = 5, /* from being asked to end to being ended */
	CPUS_MAX = 256,
	ADDRESS_COUNT = 1 << 22, /* of 10.64.0.0/10 */
	ADDRESS_FIRST = 0x0a400000,
};

struct sample {
	double at_s;
	uint64_t sent;
};

static struct sample samples[SAMPLES_MAX];
static uint32_t sample_count;

/* Frames that the interface has sent since it was made. */
static uint64_t frames_sent(void)
{
	FILE *file = fopen("/proc/thread-self/net/dev", "r");
	char line[512];
	uint64_t sent = 0;

	while (file && fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, SCANNING_INTERFACE ":");

		/* Eight fields of what was received, then bytes and frames sent. */
		if (at && sscanf(at + strlen(SCANNING_INTERFACE ":"),
				 "%*u %*u %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &sent) == 1)
			break;
	}
	if (file)
		(void)fclose(file);
	return sent;
}

static double since(uint64_t begin_ns)
{
	return (double)(nw_bench_now_ns() - begin_ns) / 1e9;
}

static void take_sample(uint64_t begin_ns, uint64_t before)
{
	struct sample sample = { since(begin_ns), frames_sent() - before };

	/* A limit of two minutes in samples; later ones take the last one's place. */
	if (sample_count == SAMPLES_MAX)
		sample_count--;
	samples[sample_count++] = sample;
}

/* When a share of all frames had been sent, between two samples. */
static double when(double share)
{
	double goal = share * (double)samples[sample_count - 1].sent;
	const struct sample *before = &samples[0];

	for (uint32_t i = 1; i < sample_count; before = &samples[i], i++) {
		double n = (double)(samples[i].sent - before->sent);

		if ((double)samples[i].sent >= goal && n > 0)
			return before->at_s +
			       (samples[i].at_s - before->at_s) * (goal - (double)before->sent) / n;
	}
	return samples[sample_count - 1].at_s;
}

static double last_sent_s(void)
{
	uint32_t i = sample_count - 1;

	while (i > 0 && samples[i - 1].sent == samples[sample_count - 1].sent)
		i--;
	return samples[i].at_s;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* Samples until it has ended, by itself or after its limit. */
static bool follow(pid_t pid, double limit_s, uint64_t before, struct scanning_reading *reading,
		   struct rusage *usage)
{
	uint64_t begin_ns = nw_bench_now_ns();
	pid_t ended;

	sample_count = 0;
	(void)setpriority(PRIO_PROCESS, 0, -5); /* a late sample is a wrong rate */
	while ((ended = wait4(pid, &reading->status, WNOHANG, usage)) == 0) {
		take_sample(begin_ns, before);
		if (since(begin_ns) > limit_s) {
			(void)kill(pid, since(begin_ns) > limit_s + GRACE_S ? SIGKILL : SIGINT);
			reading->was_stopped = true;
		}
		(void)nanosleep(&(struct timespec){ .tv_nsec = SAMPLE_NS }, NULL);
	}
	take_sample(begin_ns, before);
	(void)setpriority(PRIO_PROCESS, 0, 0); /* as what it starts */
	return ended == pid;
}

static bool start(char *const *args, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t interrupt;
	int rc;

	(void)sigemptyset(&interrupt);
	(void)sigaddset(&interrupt, SIGINT);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawnattr_setsigdefault(&attributes, &interrupt);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_addopen(&actions, 1, "out", O_WRONLY | O_CREAT | O_TRUNC,
					       0600);
	(void)posix_spawn_file_actions_addopen(&actions, 2, "err", O_WRONLY | O_CREAT | O_TRUNC,
					       0600);
	rc = posix_spawnp(ret_pid, args[0], &actions, &attributes, args, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	return rc == 0;
}

bool scanning_meter(char *const *args, uint64_t question_count, double limit_s,
		    struct scanning_reading *ret_reading)
{
	struct scanning_reading reading = { 0 };
	uint64_t before = frames_sent();
	struct rusage usage;
	double active_s;
	pid_t pid;

	if (!start(args, &pid) || !follow(pid, limit_s, before, &reading, &usage))
		return false;
	active_s = when(0.99) - when(0.01);
	reading.sent = samples[sample_count - 1].sent;
	reading.rate = active_s > 0 ? 0.98 * (double)question_count / active_s : 0;
	reading.wall_s = samples[sample_count - 1].at_s;
	reading.rest_s = reading.wall_s - last_sent_s();
	reading.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
	reading.resident_mib = (double)usage.ru_maxrss / 1024;
	*ret_reading = reading;
	return true;
}

/* --- Load --- */

static pid_t loads[CPUS_MAX];
static uint32_t load_count;

void scanning_load_begin(void)
{
	long cpu_count = sysconf(_SC_NPROCESSORS_ONLN);

	for (load_count = 0; load_count < CPUS_MAX && load_count < cpu_count; load_count++) {
		loads[load_count] = fork();
		if (loads[load_count] == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (uint64_t i = 0;; i++)
				nw_bench_keep(&i);
		}
		if (loads[load_count] < 0)
			return;
	}
}

void scanning_load_end(void)
{
	for (uint32_t i = 0; i < load_count; i++) {
		(void)kill(loads[i], SIGKILL);
		(void)waitpid(loads[i], NULL, 0);
	}
	load_count = 0;
}

/* --- What was found --- */

/* The first address in a line; false: none of ours. */
static bool find_address(const char *line, uint32_t *ret_idx)
{
	const char *at = strstr(line, "10.");
	unsigned b, c, d;

	if (!at || sscanf(at, "10.%u.%u.%u", &b, &c, &d) != 3 || b > 255 || c > 255 || d > 255)
		return false;
	*ret_idx = (10u << 24 | b << 16 | c << 8 | d) - ADDRESS_FIRST;
	return *ret_idx < ADDRESS_COUNT;
}

uint64_t scanning_count(const char *path, const char *mark)
{
	static unsigned char seen[ADDRESS_COUNT];
	FILE *file = fopen(path, "r");
	char line[1024];
	uint64_t count = 0;
	uint32_t idx;

	memset(seen, 0, sizeof(seen));
	while (file && fgets(line, sizeof(line), file)) {
		if (!strstr(line, mark) || !find_address(line, &idx))
			continue;
		count += !seen[idx];
		seen[idx] = 1;
	}
	if (file)
		(void)fclose(file);
	return count;
}
