/* SPDX-License-Identifier: MIT */
/* Reads /proc/meminfo and the memory controllers of both cgroup versions. A file that is not
 * there sets no limit. Invariant: the answer is never more than any limit that could be read. */
#include "os/meminfo.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char MOUNT[] = "/sys/fs/cgroup";

/* A number alone in a file; false: no such file, or "max". */
static bool read_number(const char *folder, const char *name, uint64_t *ret)
{
	char path[PATH_MAX];
	FILE *file;
	int got;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
		return false;
	file = fopen(path, "re");
	if (!file)
		return false;
	got = fscanf(file, "%" SCNu64, ret);
	(void)fclose(file);
	return got == 1;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What one cgroup folder leaves, by the names of its limit and its use. */
static uint64_t left_in(const char *folder, const char *limit_name, const char *used_name)
{
	uint64_t limit, used;

	if (!read_number(folder, limit_name, &limit) || !read_number(folder, used_name, &used))
		return UINT64_MAX;
	return limit > used ? limit - used : 0;
}

/* A cgroup's limit holds for all below it, so every folder up to the mount counts. */
static uint64_t left_up_to(const char *mount, char *folder, const char *limit, const char *used)
{
	uint64_t left = UINT64_MAX;
	size_t mount_length = strlen(mount);

	while (strlen(folder) >= mount_length) {
		left = least(left, left_in(folder, limit, used));
		*strrchr(folder, '/') = '\0';
	}
	return left;
}

/* One line of /proc/self/cgroup: "0::/path" (version 2) or "4:memory:/path" (version 1). */
static uint64_t left_for_line(char *line)
{
	char folder[PATH_MAX], mount[64];
	char *controllers = strchr(line, ':'), *path;
	bool is_v2;

	if (!controllers)
		return UINT64_MAX;
	controllers++;
	path = strchr(controllers, ':');
	if (!path)
		return UINT64_MAX;
	*path++ = '\0';
	path[strcspn(path, "\n")] = '\0';
	is_v2 = controllers[0] == '\0';
	if (!is_v2 && strcmp(controllers, "memory") != 0)
		return UINT64_MAX;
	(void)snprintf(mount, sizeof(mount), "%s%s", MOUNT, is_v2 ? "" : "/memory");
	if ((size_t)snprintf(folder, sizeof(folder), "%s%s", mount, path) >= sizeof(folder))
		return UINT64_MAX;
	return is_v2 ? left_up_to(mount, folder, "memory.max", "memory.current")
		     : left_up_to(mount, folder, "memory.limit_in_bytes", "memory.usage_in_bytes");
}

static uint64_t left_in_cgroups(void)
{
	char line[PATH_MAX];
	uint64_t left = UINT64_MAX;
	FILE *file = fopen("/proc/self/cgroup", "re");

	while (file && fgets(line, sizeof(line), file))
		left = least(left, left_for_line(line));
	if (file)
		(void)fclose(file);
	return left;
}

static uint64_t left_in_machine(void)
{
	char line[256];
	uint64_t kib, bytes = 0;
	FILE *file = fopen("/proc/meminfo", "re");

	while (file && bytes == 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
			bytes = kib * 1024;
	if (file)
		(void)fclose(file);
	if (bytes == 0)
		bytes = (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	return bytes;
}

uint64_t nwi_meminfo_available_bytes(void)
{
	return least(left_in_machine(), left_in_cgroups());
}
