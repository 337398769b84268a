/* SPDX-License-Identifier: MIT */
/*
 * What every program of the command `nodewise` shares: messages, numbers, topology options,
 * interrupts. Only programs print.
 * Invariant: a message is one line. Called from a program's first thread only, except where a
 * comment says otherwise.
 */
#ifndef APP_COMMON_APP_H
#define APP_COMMON_APP_H

#include <nw/diag.h>
#include <nw/topo.h>

#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Exit codes of all programs; `check` adds TLC's. */
enum { APP_OK = 0, APP_FAILED = 1, APP_USAGE = 2 };

/* "0.1.0", of the whole. */
extern const char app_version[];

/* A subcommand: argv[0] is its own name. Returns the exit code. */
typedef int app_command(int argc, char **argv);
app_command app_topo, app_verify, app_check, app_bench, app_dag, app_scan, app_relay, app_cdn,
	app_top;

/* Where standard input, output or error is closed, puts something there that refuses every read or
 * write: no file opened later becomes the one that messages go to. First thing in main(). */
void app_guard_streams(void);

/* "nodewise <command>: <text>" on stderr, one line. Always returns APP_USAGE. */
int app_bad(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What getopt_long() would not take: got is '?' or ':' (begin the short options with ':', set
 * opterr to 0). Returns APP_USAGE. */
int app_bad_option(const char *command, int got, char *const *argv);
/* The same for what is not the user's fault; returns APP_FAILED. */
int app_failed(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "nodewise <command>: note: <text>": a fallback, shown once each. */
void app_note(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whole decimal number in min..max; false otherwise, *ret untouched. */
bool app_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret);
/* Bytes with an optional suffix k M G T (1024) or KiB MiB GiB TiB. */
bool app_parse_bytes(const char *text, uint64_t *ret_bytes);
/* "1.5 GiB" in buf, at least 16 bytes. Returns buf. */
char *app_format_bytes(uint64_t n_bytes, char *buf, size_t buf_bytes);
/* "12,345,678" in buf, at least 32 bytes. Returns buf. */
char *app_format_count(uint64_t n, char *buf, size_t buf_bytes);

/* "12.345" with `scale` (a power of ten) as 1; digits beyond the scale are refused. Sets *ret_end
 * behind it. */
bool app_parse_decimal(const char *text, uint64_t scale, uint64_t *ret, const char **ret_end);
/* "1.5s", "200ms", "2m", "1h", "3" (seconds); false otherwise, *ret untouched. */
bool app_parse_duration(const char *text, uint64_t *ret_ns);
/* "1.5 s", "320 ms", "2 m 05 s" in buf, at least 32 bytes. Returns buf. */
char *app_format_duration(uint64_t ns, char *buf, size_t buf_bytes);

bool app_has_suffix(const char *path, const char *suffix);
/* A whole file; "-" is standard input. The caller frees *ret_text, which does not end with 0. 0 or
 * a negative errno: -EFBIG above bytes_max. */
int app_read_file(const char *path, size_t bytes_max, char **ret_text, size_t *ret_bytes);

/* "0,2-3" into ascending numbers of 0..65535 without repeats, at least one; -1 with a message in
 * diag. Caller frees *ret. */
int app_parse_list(const char *text, uint32_t **ret, uint32_t *ret_count, struct nw_diag *diag);

/* Opens the topology that --topology SOURCE and --simulate-nodes N name (NULL, 0: this machine).
 * APP_OK, or the exit code after having said why. */
int app_open_topo(const char *command, const char *source, const char *simulate_nodes,
		  struct nw_topo **ret_topo);

/* SIGINT and SIGTERM call on_stop once, with arg, in signal context; a second one ends at once.
 * on_stop may be NULL: app_was_interrupted(), from any thread, is all that changes then. */
void app_on_interrupt(void (*on_stop)(void *arg), void *arg);
bool app_was_interrupted(void);

/* Prints one JSON object and a newline, frees it. APP_OK, or APP_FAILED with a line: NULL object
 * (no memory), or stdout will not take it. */
int app_print_json(const char *command, json_t *object);
/* A text of any bytes. JSON holds UTF-8 only: of a text that is none, every byte that is not ASCII
 * becomes '?'. NULL: no memory. Any thread. */
json_t *app_json_text(const char *text);
/* Flushes stdout; APP_FAILED with a line if it did not take all (disk full, closed pipe). The
 * command is "" where nodewise itself speaks. */
int app_finish_output(const char *command);

#endif /* APP_COMMON_APP_H */
