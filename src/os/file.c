/* SPDX-License-Identifier: MIT */
/* Files in one folder. Invariant: a call that a signal interrupts is made again. */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int result(int r)
{
	return r < 0 ? -errno : 0;
}

static int make_one(const char *path)
{
	struct stat st;

	if (mkdir(path, 0777) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int nwi_folder_make(const char *path)
{
	char part[PATH_MAX];
	size_t length = strlen(path);

	if (length == 0 || length >= sizeof(part))
		return length ? -ENAMETOOLONG : -ENOENT;
	memcpy(part, path, length + 1);
	for (size_t i = 1; i < length; i++) {
		int rc;

		if (part[i] != '/' || part[i - 1] == '/')
			continue;
		part[i] = '\0';
		rc = make_one(part);
		if (rc < 0)
			return rc;
		part[i] = '/';
	}
	return make_one(path);
}

int nwi_folder_open(const char *path, int *ret_fd)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int nwi_folder_lock(int folder_fd)
{
	if (flock(folder_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? -EBUSY : -errno;
}

int nwi_folder_may_write(int folder_fd)
{
	return result(faccessat(folder_fd, ".", W_OK | X_OK, AT_EACCESS));
}

int nwi_folder_remove(const char *path)
{
	return result(rmdir(path));
}

int nwi_file_create(int folder_fd, const char *name, int *ret_fd)
{
	int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int nwi_file_open(int folder_fd, const char *name, int *ret_fd, uint64_t *ret_bytes)
{
	int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = -EINVAL;
	if (rc < 0) {
		(void)close(fd); /* only read from */
		return rc;
	}
	*ret_fd = fd;
	*ret_bytes = (uint64_t)st.st_size;
	return 0;
}

int nwi_file_write(int fd, const void *bytes, size_t n_bytes)
{
	const char *at = bytes;

	while (n_bytes > 0) {
		ssize_t n = write(fd, at, n_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
		n_bytes -= (size_t)n;
	}
	return 0;
}

int nwi_file_read(int fd, void *bytes, size_t n_bytes)
{
	char *at = bytes;

	while (n_bytes > 0) {
		ssize_t n = read(fd, at, n_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		at += n;
		n_bytes -= (size_t)n;
	}
	return 0;
}

int nwi_file_sync(int fd)
{
	int r;

	do
		r = fsync(fd);
	while (r < 0 && errno == EINTR);
	return result(r);
}

void nwi_file_close(int fd)
{
	if (fd >= 0)
		(void)close(fd); /* what was written was synchronised before, or is given up */
}

int nwi_file_rename(int folder_fd, const char *from, const char *to)
{
	return result(renameat(folder_fd, from, folder_fd, to));
}

int nwi_file_remove(int folder_fd, const char *name)
{
	return result(unlinkat(folder_fd, name, 0));
}
