/* SPDX-License-Identifier: MIT */
/*
 * What the kernel says of a program's process: its threads, and on which nodes its memory is.
 *
 * Invariant: what cannot be read is said to be unknown, never taken for zero; the texts are the
 * kernel's, but what does not have its form is passed over.
 */
#include "top/top.h"

#include "common/fields.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 64, LINE_BYTES = 1024 };

uint64_t top_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* this clock is always there */
	return (uint64_t)now.tv_sec * TOP_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* --- Threads --- */

/* The name, the second word, is in brackets and may hold any character. */
bool top_thread_line(struct top_thread *thread, const char *line, uint64_t ticks_per_s)
{
	const char *open = strchr(line, '('), *close = strrchr(line, ')');
	unsigned long long user, system;
	int cpu_id, name_bytes;

	if (!open || !close || close < open)
		return false;
	if (sscanf(close + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d "
		   "%*d %*u %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %d",
		   &user, &system, &cpu_id) != 3)
		return false;
	name_bytes = (int)(close - open - 1);
	thread->tid = (int32_t)strtol(line, NULL, 10);
	(void)snprintf(thread->name, sizeof(thread->name), "%.*s", name_bytes, open + 1);
	thread->cpu_id = cpu_id;
	thread->used_ns = (user + system) * (TOP_NS_PER_S / ticks_per_s);
	return true;
}

static bool read_line(const char *path, char *ret_line, size_t line_bytes)
{
	FILE *stream = fopen(path, "re");
	bool was_read = stream && fgets(ret_line, (int)line_bytes, stream);

	if (stream)
		(void)fclose(stream); /* was only read */
	return was_read;
}

static const struct top_thread *thread_of(const struct top_thread *threads, uint32_t count,
					  int32_t tid)
{
	for (uint32_t i = 0; i < count; i++)
		if (threads[i].tid == tid)
			return &threads[i];
	return NULL;
}

static void set_load(struct top_thread *thread, const struct top_thread *before, uint64_t ns)
{
	double load = before ? top_rate(before->used_ns, thread->used_ns, ns) / 1e9 : 0;

	thread->load = load > 1 ? 1 : load; /* a tick of the kernel's clock is long */
}

/* In the order of their ids, as the kernel lists them. */
static uint32_t list_threads(int32_t pid, struct top_thread *ret_threads)
{
	char path[PATH_BYTES], line[LINE_BYTES];
	uint64_t ticks_per_s = (uint64_t)sysconf(_SC_CLK_TCK);
	struct dirent *entry;
	uint32_t count = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && count < TOP_THREADS_MAX && (entry = readdir(dir))) {
		long tid = strtol(entry->d_name, NULL, 10);

		(void)snprintf(path, sizeof(path), "/proc/%d/task/%ld/stat", (int)pid, tid);
		if (tid > 0 && read_line(path, line, sizeof(line)))
			count += top_thread_line(&ret_threads[count], line, ticks_per_s);
	}
	if (dir)
		(void)closedir(dir); /* was only read */
	return count;
}

static int read_threads(struct top_program *program, uint64_t ns)
{
	struct top_thread *threads = calloc(TOP_THREADS_MAX, sizeof(*threads));
	uint32_t count;

	if (!threads)
		return -ENOMEM;
	count = list_threads(program->pid, threads);
	program->load = 0;
	for (uint32_t i = 0; i < count; i++) {
		set_load(&threads[i],
			 thread_of(program->threads, program->thread_count, threads[i].tid), ns);
		program->load += threads[i].load;
	}
	free(program->threads);
	program->threads = threads;
	program->thread_count = count;
	return 0;
}

/* --- Memory --- */

/* "0,2-3" as the kernel writes it. */
static bool is_in_list(const char *list, unsigned long node)
{
	while (*list >= '0' && *list <= '9') {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (node >= first && node <= last)
			return true;
		list = *end == ',' ? end + 1 : end;
	}
	return false;
}

/* The nodes that a policy names; NULL: it names none. "bind:0", "prefer=static:1-2". */
static const char *nodes_of_policy(const char *policy)
{
	static const char *const words[] = { "bind", "interleave", "prefer" };
	static const char many[] = "prefer (many)"; /* the one with a space in it */
	size_t n = strncmp(policy, many, sizeof(many) - 1) == 0 ? sizeof(many) - 1 : 0;

	for (size_t i = 0; i < APP_COUNT_OF(words); i++) {
		const char *end = policy + n + strcspn(policy + n, ": ");

		if (strncmp(policy, words[i], strlen(words[i])) == 0)
			return *end == ':' ? end + 1 : NULL;
	}
	return NULL;
}

static uint64_t page_bytes_of(const char *line)
{
	const char *at = strstr(line, "kernelpagesize_kB=");

	return at ? strtoull(at + strlen("kernelpagesize_kB="), NULL, 10) * 1024 : 4096;
}

/* Of a word "N3=17"; false: it is none. */
static bool take_pages(const char *word, unsigned long *ret_node, uint64_t *ret_pages)
{
	char *end;

	if (word[0] != 'N' || word[1] < '0' || word[1] > '9')
		return false;
	*ret_node = strtoul(word + 1, &end, 10);
	if (*end != '=' || *ret_node >= TOP_NODES_MAX)
		return false;
	*ret_pages = strtoull(end + 1, NULL, 10);
	return true;
}

void top_memory_line(struct top_memory *memory, const char *line)
{
	const char *policy = strchr(line, ' ');
	const char *nodes = policy ? nodes_of_policy(policy + 1) : NULL;
	uint64_t page_bytes = page_bytes_of(line), pages;
	unsigned long node;

	if (!policy)
		return;
	memory->mapping_count++;
	memory->bound_count += nodes != NULL;
	for (const char *word = policy; word; word = strchr(word + 1, ' ')) {
		if (!take_pages(word + 1, &node, &pages))
			continue;
		memory->bytes[node] += pages * page_bytes;
		memory->total_bytes += pages * page_bytes;
		if (!nodes)
			continue;
		memory->bound_bytes += pages * page_bytes;
		if (!is_in_list(nodes, node))
			memory->misplaced_bytes += pages * page_bytes;
	}
}

static void read_memory(struct top_program *program)
{
	char path[PATH_BYTES], *line = NULL;
	size_t room = 0;
	FILE *stream;

	program->memory = (struct top_memory){ .error = 0 };
	(void)snprintf(path, sizeof(path), "/proc/%d/numa_maps", (int)program->pid);
	stream = fopen(path, "re");
	errno = stream ? 0 : errno;
	while (stream && getline(&line, &room, stream) > 0)
		top_memory_line(&program->memory, line);
	if (!stream || ferror(stream) || program->memory.mapping_count == 0)
		program->memory.error = errno ? -errno : -ESRCH;
	free(line);
	if (stream)
		(void)fclose(stream); /* was only read */
}

bool top_verdict_is_good(const struct top_memory *memory)
{
	return memory->error == 0 && memory->misplaced_bytes == 0;
}

const char *top_verdict(const struct top_memory *memory, char *buf, size_t buf_bytes)
{
	char bound[32], wrong[32];

	(void)app_format_bytes(memory->bound_bytes, bound, sizeof(bound));
	(void)app_format_bytes(memory->misplaced_bytes, wrong, sizeof(wrong));
	if (memory->error == -ENOENT)
		(void)snprintf(buf, buf_bytes,
			       "unknown: the process is gone, or this kernel has no "
			       "numa_maps");
	else if (memory->error != 0)
		(void)snprintf(buf, buf_bytes, "unknown: numa_maps: %s", strerror(-memory->error));
	else if (memory->bound_bytes == 0)
		(void)snprintf(buf, buf_bytes,
			       "nothing is bound: %u mappings are where the kernel "
			       "put them",
			       (unsigned)memory->mapping_count);
	else if (memory->misplaced_bytes == 0)
		(void)snprintf(buf, buf_bytes, "good: all of %s that have a node are on it", bound);
	else
		(void)snprintf(buf, buf_bytes,
			       "misplaced: %s of %s that have a node are on another", wrong, bound);
	return buf;
}

int top_read_process(struct top_program *program)
{
	uint64_t now = top_now_ns();
	int rc = read_threads(program, program->threads_ns ? now - program->threads_ns : 0);

	program->threads_ns = now;
	if (rc == 0)
		read_memory(program);
	return rc;
}
