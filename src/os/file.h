/* SPDX-License-Identifier: MIT */
/*
 * Files in one folder, by descriptors: written whole, synchronised, renamed, removed.
 * Invariant: what returns int returns 0 or a negative errno; nothing returns half done without it.
 */
#ifndef NWI_OS_FILE_H
#define NWI_OS_FILE_H

#include <stddef.h>
#include <stdint.h>

/* Make a folder, and those above it that are not there. 0 also where it is there. */
int nwi_folder_make(const char *path);
int nwi_folder_open(const char *path, int *ret_fd);
/* For as long as the descriptor is open; -EBUSY: another process has it. */
int nwi_folder_lock(int folder_fd);
/* -EACCES, -EROFS: no file can be made in it. */
int nwi_folder_may_write(int folder_fd);
/* Remove the folder if it is empty. */
int nwi_folder_remove(const char *path);

/* A new, empty file; one of that name loses what it had. */
int nwi_file_create(int folder_fd, const char *name, int *ret_fd);
int nwi_file_open(int folder_fd, const char *name, int *ret_fd, uint64_t *ret_bytes);
/* All bytes, however many calls that takes. */
int nwi_file_write(int fd, const void *bytes, size_t n_bytes);
/* Exactly that many; -ENODATA: the file ends before. */
int nwi_file_read(int fd, void *bytes, size_t n_bytes);
/* What was written to a file is on the disk; of a folder, which names it has. */
int nwi_file_sync(int fd);
/* Negative descriptors are no-ops. */
void nwi_file_close(int fd);
int nwi_file_rename(int folder_fd, const char *from, const char *to);
int nwi_file_remove(int folder_fd, const char *name);

#endif /* NWI_OS_FILE_H */
