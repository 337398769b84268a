/* SPDX-License-Identifier: MIT */
/*
 * Shared mappings of files, and what says whether the process that made one still runs.
 * Invariant: a segment appears under its name only when it is whole: see nwi_segment_publish().
 */
#ifndef NWI_OS_SEGMENT_H
#define NWI_OS_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Folder for this user's segments: of XDG_RUNTIME_DIR, /run for root, else /tmp. -ENAMETOOLONG. */
int nwi_segment_folder(char *ret_path, size_t path_bytes);
/* Make a folder that only this user may enter. 0, also where it is there already; -EPERM: it is
 * another user's, or others may write in it; or a negative errno. */
int nwi_segment_make_folder(const char *path);

/* Map a new file of zeros, mode 0600, under a name of its own until it is published. Its pages
 * have no memory yet, so that they can be bound first; nwi_pages_populate() then tells a full file
 * system from a signal. */
int nwi_segment_create(const char *path, size_t n_bytes, void **ret_base);
/* Give a created file the name it is read by; it replaces one that is there. */
int nwi_segment_publish(const char *path, const char *name);
/* Map a file to read. -EINVAL: it is no regular file. */
int nwi_segment_open(const char *path, const void **ret_base, size_t *ret_bytes);
void nwi_segment_unmap(const void *base, size_t n_bytes);
bool nwi_segment_exists(const char *name);
/* Remove a name; that it is gone already does not matter. */
void nwi_segment_remove(const char *name);
/* Call visit for each name in a folder, until it returns false. 0 or a negative errno. */
int nwi_segment_each(const char *folder, bool (*visit)(void *context, const char *name),
		     void *context);

/* Id of this process. */
int32_t nwi_process_id(void);
/* When a process started, in clock ticks since boot: with its id, its identity. 0, -ESRCH, ... */
int nwi_process_start(int32_t pid, uint64_t *ret_ticks);
/* CLOCK_REALTIME in ns: for people, not for intervals. */
uint64_t nwi_clock_wall_ns(void);

#endif /* NWI_OS_SEGMENT_H */
