/* SPDX-License-Identifier: MIT */
/*
 * Small questions about files: one number of /sys, what a path is.
 * Invariant: nothing stays open, and outputs are untouched on failure.
 */
#ifndef NWI_OS_SYSFS_H
#define NWI_OS_SYSFS_H

#include <stdbool.h>
#include <stdint.h>

/* Whole decimal number in the first line of a file. 0, a negative errno of open or read, or
 * -EINVAL: the file does not begin with a number that fits. */
int nwi_sysfs_read_int(const char *path, int *ret_value);
/* Whether path is a folder, symbolic links followed. */
bool nwi_sysfs_is_dir(const char *path);
/* Size of a regular file that this process may read. 0, -EINVAL: it is something else, or a
 * negative errno. */
int nwi_sysfs_file_bytes(const char *path, uint64_t *ret_bytes);

#endif /* NWI_OS_SYSFS_H */
