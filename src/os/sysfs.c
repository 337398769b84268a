/* SPDX-License-Identifier: MIT */
/* Files of /sys and what a path is. Invariant: every descriptor opened here is closed here. */
#include "os/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NUMBER_BYTES_MAX = 32 };

/* The file's first bytes as a string. */
static int read_start(const char *path, char *buf, size_t buf_bytes)
{
	ssize_t got;
	int rc = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	do {
		got = read(fd, buf, buf_bytes - 1);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		rc = -errno;
	else
		buf[got] = '\0';
	/* Read only: closing cannot lose anything. */
	(void)close(fd);
	return rc;
}

int nwi_sysfs_read_int(const char *path, int *ret_value)
{
	char text[NUMBER_BYTES_MAX], *end;
	long value;
	int rc = read_start(path, text, sizeof(text));

	if (rc < 0)
		return rc;
	errno = 0;
	value = strtol(text, &end, 10);
	if (end == text || errno != 0 || value < INT_MIN || value > INT_MAX)
		return -EINVAL;
	if (*end != '\0' && *end != '\n')
		return -EINVAL;
	*ret_value = (int)value;
	return 0;
}

bool nwi_sysfs_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int nwi_sysfs_file_bytes(const char *path, uint64_t *ret_bytes)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (access(path, R_OK) < 0)
		return -errno;
	*ret_bytes = (uint64_t)st.st_size;
	return 0;
}
