/* SPDX-License-Identifier: MIT */
/* Files mapped by several processes. Invariant: every descriptor opened here is closed here; a
 * mapping outlives it. */
#include "os/segment.h"

#include "os/policy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int nwi_segment_folder(char *ret_path, size_t path_bytes)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	int n;

	if (runtime && runtime[0] == '/')
		n = snprintf(ret_path, path_bytes, "%s/nodewise", runtime);
	else if (geteuid() == 0)
		n = snprintf(ret_path, path_bytes, "/run/nodewise");
	else
		n = snprintf(ret_path, path_bytes, "/tmp/nodewise-%u", (unsigned)geteuid());
	return n >= 0 && (size_t)n < path_bytes ? 0 : -ENAMETOOLONG;
}

int nwi_segment_make_folder(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	/* In /tmp somebody else may have made it: lstat, so that a link is none of ours. */
	if (lstat(path, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
		return -EPERM;
	return 0;
}

int nwi_segment_create(const char *path, size_t n_bytes, void **ret_base)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	void *base = MAP_FAILED;
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)n_bytes) < 0)
		rc = -errno;
	else
		base = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (rc == 0 && base == MAP_FAILED)
		rc = -errno;
	(void)close(fd); /* nothing was written through it */
	if (rc < 0)
		(void)unlink(path);
	else
		*ret_base = base;
	return rc;
}

int nwi_segment_publish(const char *path, const char *name)
{
	return rename(path, name) < 0 ? -errno : 0;
}

int nwi_segment_open(const char *path, const void **ret_base, size_t *ret_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	void *base = MAP_FAILED;
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_size == 0)
		rc = -EINVAL;
	else
		base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (rc == 0 && base == MAP_FAILED)
		rc = -errno;
	(void)close(fd); /* read only */
	if (rc < 0)
		return rc;
	*ret_base = base;
	*ret_bytes = (size_t)st.st_size;
	return 0;
}

void nwi_segment_unmap(const void *base, size_t n_bytes)
{
	(void)munmap((void *)(uintptr_t)base, n_bytes); /* it is a mapping: this cannot fail */
}

bool nwi_segment_exists(const char *name)
{
	return access(name, F_OK) == 0;
}

void nwi_segment_remove(const char *name)
{
	(void)unlink(name); /* gone is what was wanted */
}

int nwi_segment_each(const char *folder, bool (*visit)(void *context, const char *name),
		     void *context)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) && visit(context, entry->d_name))
		;
	(void)closedir(dir);
	return 0;
}

int32_t nwi_process_id(void)
{
	return (int32_t)getpid();
}

/* The 22nd word of /proc/PID/stat; the second, the name, is in brackets and may hold any. */
int nwi_process_start(int32_t pid, uint64_t *ret_ticks)
{
	char path[32], text[1024], *at;
	unsigned long long ticks;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (pid <= 0 || !nwi_read_text(path, text, sizeof(text)))
		return -ESRCH;
	at = strrchr(text, ')');
	for (int word = 2; at && word < 22; word++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, " %llu", &ticks) != 1)
		return -EINVAL;
	*ret_ticks = ticks;
	return 0;
}

uint64_t nwi_clock_wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with this clock */
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
