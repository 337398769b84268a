/* SPDX-License-Identifier: MIT */
/* Pages behind a descriptor: make, seal, map. No policy (policy.h), no bookkeeping (mem/shm.c). All
 * return 0 or -errno. */
#ifndef NWI_OS_SHARED_H
#define NWI_OS_SHARED_H

#include <stdbool.h>
#include <stddef.h>

/* An anonymous file of n_bytes (whole pages) that can neither grow nor shrink from now on. */
int nwi_shared_open(int *ret_fd, const char *name, size_t n_bytes);
/* No new mapping can write, and no write(2); mappings that exist go on. */
int nwi_shared_freeze(int fd);
/* -EPROTO: the file can shrink, or is smaller than n_bytes. */
int nwi_shared_check(int fd, size_t n_bytes);
int nwi_shared_map(void **ret_base, int fd, size_t n_bytes, bool is_writable);
void nwi_shared_close(int fd);

#endif /* NWI_OS_SHARED_H */
