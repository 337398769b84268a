/* SPDX-License-Identifier: MIT */
/*
 * Snapshots: what is put is got back; whatever call the writer dies in or is refused, the folder
 * has the old one or the new one; nothing that was damaged is handed out.
 *
 * The calls that change files pass through here (the linker's --wrap), where the nth of them may
 * end the process, fail, or be written down to see what was synchronised before what.
 */
#include "nw_test.h"

#include <nw/snapshot.h>

#include "snapshot/format.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_DIED = 9, BYTES_MAX = 1 << 22 };

static char folder[] = "/tmp/nw-snapshot-XXXXXX";

/* ---- the calls ---- */

enum what { NOTHING, DIE, FAIL_WITH };
enum kind { CALL_WRITE, CALL_SYNC, CALL_RENAME, CALL_REMOVE, CALL_CREATE };

static struct {
	enum what what;
	unsigned nth; /* the next one is 1 */
	int error;
	bool is_armed;
	unsigned count;
} plan;

/* One call on a file: which, by its name or number. */
struct event {
	enum kind kind;
	int fd;
	bool is_folder;
	char name[64];
};

static struct event events[4096];
static size_t event_count;

ssize_t __real_write(int fd, const void *bytes, size_t n_bytes);
int __real_fsync(int fd);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_unlinkat(int fd, const char *name, int flags);
int __real_openat(int fd, const char *name, int flags, mode_t mode);
ssize_t __wrap_write(int fd, const void *bytes, size_t n_bytes);
int __wrap_fsync(int fd);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_unlinkat(int fd, const char *name, int flags);
int __wrap_openat(int fd, const char *name, int flags, ...);

/* True: the call is to fail. */
static bool pass(enum kind kind, int fd, const char *name)
{
	struct event *event = &events[event_count];
	struct stat st;

	if (!plan.is_armed)
		return false;
	CHECK(event_count < sizeof events / sizeof events[0]);
	*event = (struct event){ .kind = kind, .fd = fd };
	event->is_folder = fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
	(void)snprintf(event->name, sizeof event->name, "%s", name);
	event_count++;
	if (++plan.count != plan.nth)
		return false;
	if (plan.what == FAIL_WITH)
		errno = plan.error;
	return plan.what == FAIL_WITH;
}

static void die_if_planned(void)
{
	if (plan.is_armed && plan.what == DIE && plan.count == plan.nth)
		_exit(CHILD_DIED);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t n_bytes)
{
	if (plan.is_armed && pass(CALL_WRITE, fd, ""))
		return -1;
	if (plan.is_armed && plan.what == DIE && plan.count == plan.nth)
		(void)__real_write(fd, bytes, n_bytes / 2); /* dies in the midst of it */
	die_if_planned();
	return __real_write(fd, bytes, n_bytes);
}

int __wrap_fsync(int fd)
{
	if (pass(CALL_SYNC, fd, ""))
		return -1;
	die_if_planned();
	return __real_fsync(fd);
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	if (pass(CALL_RENAME, -1, to))
		return -1;
	die_if_planned();
	return __real_renameat(from_fd, from, to_fd, to);
}

int __wrap_unlinkat(int fd, const char *name, int flags)
{
	if (pass(CALL_REMOVE, -1, name))
		return -1;
	die_if_planned();
	return __real_unlinkat(fd, name, flags);
}

int __wrap_openat(int fd, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list args;
	int opened;

	va_start(args, flags);
	if (flags & O_CREAT)
		mode = va_arg(args, mode_t);
	va_end(args);
	if (!(flags & O_CREAT))
		return __real_openat(fd, name, flags, mode);
	if (pass(CALL_CREATE, -1, name))
		return -1;
	die_if_planned();
	opened = __real_openat(fd, name, flags, mode);
	if (plan.is_armed)
		events[event_count - 1].fd = opened;
	return opened;
}

static void arm(enum what what, unsigned nth, int error)
{
	plan.what = what;
	plan.nth = nth;
	plan.error = error;
	plan.count = 0;
	plan.is_armed = true;
	event_count = 0;
}

static void disarm(void)
{
	plan.is_armed = false;
}

/* ---- writing and reading ---- */

static struct nw_snapshot_folder *open_folder(void)
{
	struct nw_snapshot_folder *f = NULL;
	struct nw_diag diag = { "" };

	if (strstr(folder, "XXXXXX"))
		CHECK(mkdtemp(folder));
	if (nw_snapshot_folder_open(&f, folder, &diag))
		FAIL("%s", diag.text);
	return f;
}

/* Whatever is put, in pieces of any size: records and others. */
static uint64_t content(uint32_t generation, uint32_t part, uint64_t i)
{
	uint64_t x = ((uint64_t)generation << 40 ^ (uint64_t)part << 32 ^ i) *
		     UINT64_C(0x9e3779b97f4a7c15);

	return i % 3 ? x ^ x >> 29 : i; /* some of it can be compressed */
}

static int put_part(struct nw_snapshot_folder *f, uint32_t generation, uint32_t part,
		    uint64_t word_count)
{
	struct nw_snapshot_part *p = nw_snapshot_part_at(f, part);
	uint64_t words[61];
	int rc = 0;

	for (uint64_t at = 0; at < word_count && rc == 0;) {
		uint64_t n = 1 + at % 61 < word_count - at ? 1 + at % 61 : word_count - at;

		for (uint64_t k = 0; k < n; k++)
			words[k] = content(generation, part, at + k);
		if (at / 61 % 3 == 0)
			rc = nw_snapshot_put(p, words, n * sizeof words[0]);
		else if (at / 61 % 3 == 1)
			rc = nw_snapshot_put_records(p, words, n, sizeof words[0]);
		else
			rc = nw_snapshot_put_records(p, words, n * 4, 2);
		at += n;
	}
	return rc < 0 ? rc : nw_snapshot_end_part(p);
}

enum { PARTS = 3 };

static int write_one(struct nw_snapshot_folder *f, uint32_t generation, uint64_t word_count)
{
	int rc = nw_snapshot_begin(f, PARTS);

	for (uint32_t p = 0; p < PARTS && rc == 0; p++)
		rc = put_part(f, generation, p, word_count + p);
	if (rc < 0) {
		nw_snapshot_abandon(f);
		return rc;
	}
	return nw_snapshot_commit(f, &generation, sizeof generation, NULL);
}

/* The generation that is there, all of it read; 0: none, or -1 and why not. */
static int read_one(uint64_t word_count, struct nw_diag *diag)
{
	struct nw_snapshot_view *view = NULL;
	uint32_t generation;
	size_t n_bytes;
	int rc = nw_snapshot_open(&view, folder, diag);

	if (rc < 0)
		return rc;
	CHECK_INT(nw_snapshot_part_count(view), ==, PARTS);
	memcpy(&generation, nw_snapshot_about(view, &n_bytes), sizeof generation);
	CHECK_INT(n_bytes, ==, sizeof generation);
	for (uint32_t p = PARTS; p-- > 0 && rc == 0;) {
		rc = nw_snapshot_read_part(view, p);
		for (uint64_t i = 0; i < word_count + p && rc == 0; i++) {
			uint64_t word;

			rc = nw_snapshot_get(view, &word, sizeof word);
			if (rc == 0 && word != content(generation, p, i))
				FAIL("part %u, word %llu: not what was written", p,
				     (unsigned long long)i);
		}
		if (rc == 0)
			CHECK_INT(nw_snapshot_get(view, &n_bytes, 1), ==, -ENODATA);
	}
	nw_snapshot_close(view);
	return rc < 0 ? rc : (int)generation;
}

/* Files of the folder. */
static unsigned count_files(void)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned n = 0;

	CHECK(dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	(void)closedir(dir);
	return n;
}

static void leave(struct nw_snapshot_folder *f)
{
	CHECK_INT(nw_snapshot_folder_remove(f), ==, 0);
	nw_snapshot_folder_close(f);
	CHECK_INT(access(folder, F_OK), ==, -1);
}

/* ---- tests ---- */

TEST(what_is_put_is_got_back)
{
	static const uint64_t sizes[] = { 0, 1, 60, 5000, 500000 };
	struct nw_snapshot_folder *f = open_folder();
	struct nw_diag diag = { "" };

	CHECK_INT(read_one(0, &diag), ==, -ENOENT);
	CHECK(strstr(diag.text, "no snapshot"));
	for (uint32_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		CHECK_INT(write_one(f, i + 1, sizes[i]), ==, 0);
		CHECK_INT(read_one(sizes[i], &diag), ==, i + 1);
		CHECK_INT(count_files(), ==, 1 + PARTS);
	}
	leave(f);
}

TEST(records_are_smaller_than_the_same_bytes)
{
	struct nw_snapshot_folder *f = open_folder();
	uint64_t sizes[2], word; /* as links to parents are */

	for (int records = 0; records < 2; records++) {
		CHECK_INT(nw_snapshot_begin(f, 1), ==, 0);
		for (uint64_t i = 0; i < 40000; i++) {
			word = i / 3 << 20 | content(1, 0, 3 * i + 1) % 12;
			CHECK_INT(records ? nw_snapshot_put_records(nw_snapshot_part_at(f, 0),
								    &word, 1, sizeof word)
					  : nw_snapshot_put(nw_snapshot_part_at(f, 0), &word,
							    sizeof word),
				  ==, 0);
		}
		CHECK_INT(nw_snapshot_end_part(nw_snapshot_part_at(f, 0)), ==, 0);
		CHECK_INT(nw_snapshot_commit(f, NULL, 0, &sizes[records]), ==, 0);
		CHECK_INT(sizes[records], <, 40000 * sizeof word);
	}
	CHECK_INT(sizes[1], <, sizes[0] * 9 / 10);
	leave(f);
}

/* Ends a writer in its nth call on files, for each; half of what it was writing is in the file. */
TEST(whatever_call_the_writer_dies_in_one_of_the_two_is_there)
{
	enum { WORDS = 700 };
	struct nw_snapshot_folder *f = open_folder();
	struct nw_diag diag = { "" };
	unsigned nth = 1, old_count = 0, new_count = 0;
	int status = 0;

	CHECK_INT(write_one(f, 1, WORDS), ==, 0);
	nw_snapshot_folder_close(f);
	do {
		pid_t child = fork();
		int found;

		CHECK(child >= 0);
		if (child == 0) {
			f = open_folder();
			arm(DIE, nth, 0);
			_exit(write_one(f, 2, WORDS) == 0 ? 0 : 1);
		}
		CHECK_INT(waitpid(child, &status, 0), ==, child);
		CHECK(WIFEXITED(status));
		found = read_one(WORDS, &diag);
		CHECK(found == 1 || found == 2);
		old_count += found == 1;
		new_count += found == 2;
		if (found == 2 && WEXITSTATUS(status) == CHILD_DIED) {
			f = open_folder();
			CHECK_INT(write_one(f, 1, WORDS), ==, 0);
			CHECK_INT(count_files(), ==, 1 + PARTS); /* left-overs are gone */
			nw_snapshot_folder_close(f);
		}
		nth++;
	} while (WEXITSTATUS(status) == CHILD_DIED);
	CHECK_INT(WEXITSTATUS(status), ==, 0);
	CHECK_INT(old_count, >, 10);
	CHECK_INT(new_count, >, 2);
	leave(open_folder());
}

/* A full or broken disk. */
TEST(whatever_call_is_refused_the_old_one_stays_and_the_next_one_works)
{
	static const int errors[] = { ENOSPC, EIO };
	enum { WORDS = 700 };
	struct nw_snapshot_folder *f = open_folder();
	struct nw_diag diag = { "" };
	uint32_t last = 1;
	int rc = -1;

	CHECK_INT(write_one(f, last, WORDS), ==, 0);
	for (int e = 0; e < 2; e++) {
		for (unsigned nth = 1; rc != 0 || plan.count >= nth; nth++) {
			int found;

			arm(FAIL_WITH, nth, errors[e]);
			rc = write_one(f, last + 1, WORDS);
			disarm();
			found = read_one(WORDS, &diag);
			if (rc == 0) {
				CHECK_INT(found, ==, last + 1);
			} else {
				CHECK_INT(rc, ==, -errors[e]);
				CHECK(found == (int)last || found == (int)last + 1);
			}
			last = (uint32_t)found;
			if (nth % 3 == 0) {
				CHECK_INT(write_one(f, last + 1, WORDS), ==, 0);
				CHECK_INT(read_one(WORDS, &diag), ==, last + 1);
				CHECK_INT(count_files(), ==, 1 + PARTS);
				last++;
			}
		}
		rc = -1;
	}
	leave(f);
}

/* The last event before `end` of a kind on a descriptor or name; -1: none. */
static long last_of(size_t end, enum kind kind, int fd, const char *name)
{
	for (size_t i = end; i-- > 0;)
		if (events[i].kind == kind && (fd < 0 || events[i].fd == fd) &&
		    (!name || strcmp(events[i].name, name) == 0))
			return (long)i;
	return -1;
}

static long last_folder_sync(size_t end)
{
	for (size_t i = end; i-- > 0;)
		if (events[i].kind == CALL_SYNC && events[i].is_folder)
			return (long)i;
	return -1;
}

/* What power failures need: all that was written, and all names, are on the disk before the rename;
 * the rename is on it before anything is removed. */
TEST(nothing_is_renamed_or_removed_before_what_it_needs_is_on_the_disk)
{
	struct nw_snapshot_folder *f = open_folder();
	long renamed;
	unsigned created = 0, removed = 0;

	CHECK_INT(write_one(f, 1, 700), ==, 0);
	arm(NOTHING, 0, 0);
	CHECK_INT(write_one(f, 2, 700), ==, 0);
	disarm();
	renamed = last_of(event_count, CALL_RENAME, -1, NWI_SNAPSHOT_NAME);
	CHECK_INT(renamed, >, 0);
	for (size_t i = 0; i < event_count; i++) {
		if (events[i].kind == CALL_CREATE) {
			created++;
			CHECK_INT(last_of((size_t)renamed, CALL_SYNC, events[i].fd, NULL), >,
				  last_of((size_t)renamed, CALL_WRITE, events[i].fd, NULL));
			if (strcmp(events[i].name, NWI_SNAPSHOT_NEW) != 0)
				CHECK_INT(last_folder_sync((size_t)renamed), >, i);
		}
		if (events[i].kind == CALL_REMOVE) {
			removed++;
			CHECK_INT(last_folder_sync(i), >, renamed);
		}
	}
	CHECK_INT(created, ==, PARTS + 1);
	CHECK_INT(removed, ==, PARTS);
	leave(f);
}

static void damage(const char *name, uint64_t at, unsigned char flip)
{
	char path[128];
	unsigned char byte;
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, O_RDWR);
	CHECK(fd >= 0);
	CHECK_INT(pread(fd, &byte, 1, (off_t)at), ==, 1);
	byte ^= flip;
	CHECK_INT(pwrite(fd, &byte, 1, (off_t)at), ==, 1);
	(void)close(fd);
}

static uint64_t size_of(const char *name)
{
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	CHECK_INT(stat(path, &st), ==, 0);
	return (uint64_t)st.st_size;
}

TEST(no_changed_byte_goes_unnoticed)
{
	static const char *const names[] = { "snapshot", "snapshot-1.0", "snapshot-1.1" };
	struct nw_snapshot_folder *f = open_folder();
	struct nw_diag diag = { "" };

	CHECK_INT(write_one(f, 1, 150), ==, 0);
	for (int i = 0; i < 3; i++) {
		for (uint64_t at = 0; at < size_of(names[i]); at++) {
			unsigned char flip = (unsigned char)(1u << at % 8);
			int rc;

			damage(names[i], at, flip);
			rc = read_one(150, &diag);
			CHECK(rc == -EBADMSG || (rc == -ENOTSUP && i == 0 && at >= 8 && at < 16));
			damage(names[i], at, flip);
		}
	}
	CHECK_INT(read_one(150, &diag), ==, 1);
	leave(f);
}

TEST(no_shorter_file_and_no_other_part_goes_unnoticed)
{
	static const char *const names[] = { "snapshot", "snapshot-1.2" };
	struct nw_snapshot_folder *f = open_folder();
	struct nw_diag diag = { "" };
	char path[128], other[128];

	for (int i = 0; i < 2; i++) {
		CHECK_INT(write_one(f, 1, 150), ==, 0);
		nw_snapshot_folder_close(f);
		(void)snprintf(path, sizeof path, "%s/snapshot%s", folder, i ? "-1.2" : "");
		for (uint64_t n = size_of(names[i]); n-- > 0;) {
			CHECK_INT(truncate(path, (off_t)n), ==, 0);
			CHECK_INT(read_one(150, &diag), ==, -EBADMSG);
		}
		CHECK(strstr(diag.text, "damaged"));
		CHECK_INT(unlink(path), ==, 0);
		CHECK_INT(read_one(150, &diag), ==, i ? -EBADMSG : -ENOENT);
		f = open_folder();
		CHECK_INT(nw_snapshot_folder_remove(f), ==, 0);
		nw_snapshot_folder_close(f);
		f = open_folder();
	}
	/* Parts of one size, one for the other. */
	CHECK_INT(nw_snapshot_begin(f, 2), ==, 0);
	for (uint32_t p = 0; p < 2; p++) {
		CHECK_INT(nw_snapshot_put(nw_snapshot_part_at(f, p), &p, sizeof p), ==, 0);
		CHECK_INT(nw_snapshot_end_part(nw_snapshot_part_at(f, p)), ==, 0);
	}
	CHECK_INT(nw_snapshot_commit(f, NULL, 0, NULL), ==, 0);
	(void)snprintf(path, sizeof path, "%s/snapshot-1.0", folder);
	(void)snprintf(other, sizeof other, "%s/snapshot-1.1", folder);
	CHECK_INT(rename(other, path), ==, 0);
	CHECK_INT(link(path, other), ==, 0);
	{
		struct nw_snapshot_view *view;
		uint32_t word;

		CHECK_INT(nw_snapshot_open(&view, folder, &diag), ==, 0);
		CHECK_INT(nw_snapshot_read_part(view, 0), ==, 0);
		CHECK_INT(nw_snapshot_get(view, &word, sizeof word), ==, -EBADMSG);
		CHECK_INT(nw_snapshot_read_part(view, 1), ==, 0);
		CHECK_INT(nw_snapshot_get(view, &word, sizeof word), ==, 0);
		CHECK_INT(word, ==, 1);
		nw_snapshot_close(view);
	}
	leave(f);
}

TEST(a_folder_has_one_writer)
{
	struct nw_snapshot_folder *f = open_folder(), *second = NULL;
	struct nw_diag diag = { "" };

	CHECK_INT(nw_snapshot_folder_open(&second, folder, &diag), ==, -EBUSY);
	CHECK(strstr(diag.text, "another process"));
	leave(f);
}

TEST(folders_are_made_and_what_is_none_is_refused)
{
	struct nw_snapshot_folder *f = open_folder(), *deep = NULL;
	struct nw_diag diag = { "" };
	char path[128];
	int fd;

	(void)snprintf(path, sizeof path, "%s/a/b//c", folder);
	CHECK_INT(nw_snapshot_folder_open(&deep, path, &diag), ==, 0);
	nw_snapshot_folder_close(deep);
	CHECK_INT(rmdir(path), ==, 0);
	(void)snprintf(path, sizeof path, "%s/a/b", folder);
	CHECK_INT(rmdir(path), ==, 0);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	CHECK(fd >= 0);
	(void)close(fd);
	CHECK_INT(nw_snapshot_folder_open(&deep, path, &diag), ==, -ENOTDIR);
	CHECK(strstr(diag.text, "cannot write to"));
	CHECK_INT(nw_snapshot_folder_open(&deep, "/proc/nw/x", &diag), <, 0);
	CHECK_INT(nw_snapshot_folder_open(&deep, "", &diag), ==, -ENOENT);
	CHECK_INT(unlink(path), ==, 0);
	(void)snprintf(path, sizeof path, "%s/a", folder);
	/* What is not ours keeps the folder. */
	CHECK_INT(write_one(f, 1, 10), ==, 0);
	CHECK_INT(nw_snapshot_folder_remove(f), ==, -ENOTEMPTY);
	CHECK_INT(count_files(), ==, 1);
	CHECK_INT(rmdir(path), ==, 0);
	leave(f);
}

TEST(calls_out_of_turn_are_refused)
{
	struct nw_snapshot_folder *f = open_folder();

	CHECK_INT(nw_snapshot_begin(f, 0), ==, -EINVAL);
	CHECK_INT(nw_snapshot_begin(f, NW_SNAPSHOT_PARTS_MAX + 1), ==, -EINVAL);
	CHECK_INT(nw_snapshot_commit(f, NULL, 0, NULL), ==, -EINVAL);
	CHECK_INT(nw_snapshot_begin(f, 1), ==, 0);
	CHECK_INT(nw_snapshot_begin(f, 1), ==, -EBUSY);
	CHECK_INT(nw_snapshot_commit(f, NULL, 0, NULL), ==, -EINVAL); /* part 0 has no end */
	CHECK_INT(count_files(), ==, 0);
	leave(f);
}
