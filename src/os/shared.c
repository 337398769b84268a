/* SPDX-License-Identifier: MIT */
/* memfd_create(2) with its seals (shared.h). Invariant: a function that fails leaves nothing open
 * and nothing mapped behind. */
#include "os/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void nwi_shared_close(int fd)
{
	(void)close(fd); /* nothing is left to be written */
}

int nwi_shared_open(int *ret_fd, const char *name, size_t n_bytes)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), rc;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)n_bytes) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0) {
		*ret_fd = fd;
		return 0;
	}
	rc = -errno;
	nwi_shared_close(fd);
	return rc;
}

int nwi_shared_freeze(int fd)
{
	return fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0 ? -errno : 0;
}

int nwi_shared_check(int fd, size_t n_bytes)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat info;

	if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || fstat(fd, &info) < 0)
		return -EPROTO;
	return (size_t)info.st_size < n_bytes ? -EPROTO : 0;
}

int nwi_shared_map(void **ret_base, int fd, size_t n_bytes, bool is_writable)
{
	int protection = is_writable ? PROT_READ | PROT_WRITE : PROT_READ;
	void *base = mmap(NULL, n_bytes, protection, MAP_SHARED, fd, 0);

	if (base == MAP_FAILED)
		return -errno;
	*ret_base = base;
	return 0;
}
