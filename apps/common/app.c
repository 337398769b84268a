/* SPDX-License-Identifier: MIT */
/*
 * What the programs share.
 * Invariant: every message is one line on stderr that begins "nodewise <command>: ", so that a
 * script can tell it from output; outputs are untouched when a parser refuses.
 */
#include "common/app.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	LINE_BYTES = 512,
	NOTE_COUNT_MAX = 32,
	LIST_VALUE_MAX = 65535,
	DELETE = 127,
};

#define TEXT_OF_(x)         #x
#define TEXT_OF(x)          TEXT_OF_(x)
#define VERSION_OF(a, b, c) TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)

const char app_version[] = VERSION_OF(NW_VERSION_MAJOR, NW_VERSION_MINOR, NW_VERSION_PATCH);

static const char units[][4] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

/* open() takes the lowest number that is free, so the loop goes from the lowest. */
void app_guard_streams(void)
{
	for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++) {
		if (fcntl(file, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY);
	}
}

/* Composed first and written once: a line stays whole beside other threads' output. */
static void say(const char *command, const char *kind, const char *format, va_list args)
{
	char text[LINE_BYTES];

	(void)vsnprintf(text, sizeof(text), format, args);
	/* Words of a file may be in it: none of them commands a terminal. */
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == DELETE)
			*c = *c == '\n' || *c == '\r' ? ' ' : '?';
	}
	/* Keeps the order when both streams go to one file. */
	(void)fflush(stdout);
	fprintf(stderr, "nodewise%s%s: %s%s\n", *command ? " " : "", command, kind, text);
}

int app_bad(const char *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(command, "", format, args);
	va_end(args);
	return APP_USAGE;
}

int app_bad_option(const char *command, int got, char *const *argv)
{
	const char *word = argv[optind - 1];

	if (got == ':')
		return app_bad(command, "option '%s' needs a value; see nodewise %s --help", word,
			       command);
	if (strncmp(word, "--", 2) == 0)
		return app_bad(command, "bad option '%s'; see nodewise %s --help", word, command);
	return app_bad(command, "no option '-%c'; see nodewise %s --help", optopt, command);
}

int app_failed(const char *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(command, "", format, args);
	va_end(args);
	return APP_FAILED;
}

/* Whether this text was noted before; remembers it. When the memory is full everything is new:
 * better twice than not at all. */
static bool is_repeated(const char *text)
{
	static char seen[NOTE_COUNT_MAX][LINE_BYTES];
	static unsigned seen_count;

	for (unsigned i = 0; i < seen_count; i++) {
		if (strcmp(seen[i], text) == 0)
			return true;
	}
	if (seen_count < NOTE_COUNT_MAX)
		(void)snprintf(seen[seen_count++], LINE_BYTES, "%s", text);
	return false;
}

void app_note(const char *command, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (is_repeated(text))
		return;
	(void)fflush(stdout);
	fprintf(stderr, "nodewise %s: note: %s\n", command, text);
}

/* Digits only: no sign, no blank, no base. Sets *ret_end past them. */
static bool read_digits(const char *text, uint64_t *ret, const char **ret_end)
{
	char *end;
	uintmax_t n;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoumax(text, &end, 10);
	if (errno != 0 || n > UINT64_MAX)
		return false;
	*ret = n;
	*ret_end = end;
	return true;
}

bool app_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	const char *end;
	uint64_t n;

	if (!read_digits(text, &n, &end) || *end != '\0' || n < min || n > max)
		return false;
	*ret = n;
	return true;
}

/* "", "B": 0; "k", "K", "KiB": 1; ... "T", "TiB": 4; else -1. */
static int unit_of(const char *suffix)
{
	static const char letters[] = "KMGT";
	const char *letter;

	if (*suffix == '\0' || strcmp(suffix, "B") == 0)
		return 0;
	letter = strchr(letters, *suffix == 'k' ? 'K' : *suffix);
	if (!letter || (suffix[1] != '\0' && strcmp(suffix + 1, "iB") != 0))
		return -1;
	return (int)(letter - letters) + 1;
}

bool app_parse_bytes(const char *text, uint64_t *ret_bytes)
{
	const char *end;
	uint64_t n;
	int unit;

	if (!read_digits(text, &n, &end))
		return false;
	unit = unit_of(end);
	if (unit < 0 || n > UINT64_MAX >> (10 * unit))
		return false;
	*ret_bytes = n << (10 * unit);
	return true;
}

char *app_format_bytes(uint64_t n_bytes, char *buf, size_t buf_bytes)
{
	double n = (double)n_bytes;
	unsigned unit = 0;

	/* 1023.95 would print as 1024.0. */
	for (; n >= 1023.95 && unit < sizeof(units) / sizeof(units[0]) - 1; unit++)
		n /= 1024;
	(void)snprintf(buf, buf_bytes, "%.*f %s", n == (double)(uint64_t)n ? 0 : 1, n, units[unit]);
	return buf;
}

char *app_format_count(uint64_t n, char *buf, size_t buf_bytes)
{
	char digits[24];
	size_t digit_count = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, n), k = 0;

	for (size_t i = 0; i < digit_count && k + 2 < buf_bytes; i++) {
		if (i > 0 && (digit_count - i) % 3 == 0)
			buf[k++] = ',';
		buf[k++] = digits[i];
	}
	buf[k] = '\0';
	return buf;
}

static int refuse_list(struct nw_diag *diag, const char *item, const char *why)
{
	if (diag)
		(void)snprintf(diag->text, sizeof(diag->text), "'%.*s': %s",
			       (int)strcspn(item, ","), item, why);
	return -1;
}

/* One "3" or "3-5" into marks; *text moves past it. */
static int mark_item(const char **text, bool *marks, struct nw_diag *diag)
{
	const char *item = *text, *end;
	uint64_t first, last;

	if (!read_digits(item, &first, &end))
		return refuse_list(diag, item, "not a number");
	last = first;
	if (*end == '-' && !read_digits(end + 1, &last, &end))
		return refuse_list(diag, item, "not a range");
	if (*end != '\0' && *end != ',')
		return refuse_list(diag, item, "not a number or a range");
	if (last < first)
		return refuse_list(diag, item, "the range runs backwards");
	if (last > LIST_VALUE_MAX)
		return refuse_list(diag, item, "too large; 65535 is the limit");
	for (uint64_t i = first; i <= last; i++)
		marks[i] = true;
	*text = end;
	return 0;
}

static int mark_list(const char *text, bool *marks, struct nw_diag *diag)
{
	for (;; text++) {
		if (mark_item(&text, marks, diag) < 0)
			return -1;
		if (*text == '\0')
			return 0;
	}
}

int app_parse_list(const char *text, uint32_t **ret, uint32_t *ret_count, struct nw_diag *diag)
{
	bool *marks = calloc(LIST_VALUE_MAX + 1, sizeof(bool));
	uint32_t *list = calloc(LIST_VALUE_MAX + 1, sizeof(uint32_t));
	uint32_t count = 0;

	if (!marks || !list) {
		(void)refuse_list(diag, text, "no memory");
		goto fail;
	}
	if (mark_list(text, marks, diag) < 0)
		goto fail;
	for (uint32_t i = 0; i <= LIST_VALUE_MAX; i++) {
		if (marks[i])
			list[count++] = i;
	}
	free(marks);
	*ret = list;
	*ret_count = count;
	return 0;
fail:
	free(marks);
	free(list);
	return -1;
}

int app_open_topo(const char *command, const char *source, const char *simulate_nodes,
		  struct nw_topo **ret_topo)
{
	struct nw_topo_options options = { .source = source };
	struct nw_diag diag = { "" };
	uint64_t node_count = 0;
	int rc;

	if (simulate_nodes && !app_parse_u64(simulate_nodes, 1, 1024, &node_count))
		return app_bad(command, "--simulate-nodes '%s': a number from 1 to 1024",
			       simulate_nodes);
	options.simulate_nodes = (uint32_t)node_count;
	rc = nw_topo_open(ret_topo, &options, &diag);
	if (rc == 0)
		return APP_OK;
	/* What was asked for is the user's; what this machine cannot give is not. */
	return source || simulate_nodes ? app_bad(command, "%s", diag.text)
					: app_failed(command, "%s", diag.text);
}

static struct {
	void (*on_stop)(void *arg);
	void *arg;
	atomic_int count;
} interrupt;

static void handle_interrupt(int signal_number)
{
	int saved_errno = errno;

	if (atomic_fetch_add(&interrupt.count, 1) == 0) {
		if (interrupt.on_stop)
			interrupt.on_stop(interrupt.arg);
	} else {
		/* Delivered when this handler returns: it is blocked until then. */
		(void)signal(signal_number, SIG_DFL);
		(void)raise(signal_number);
	}
	errno = saved_errno;
}

/* What nohup or a shell's & had ignored stays so. */
static void handle_unless_ignored(int signal_number, const struct sigaction *action)
{
	struct sigaction before;

	if (sigaction(signal_number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		(void)sigaction(signal_number, action, NULL);
}

void app_on_interrupt(void (*on_stop)(void *arg), void *arg)
{
	struct sigaction action = { .sa_handler = handle_interrupt, .sa_flags = SA_RESTART };

	interrupt.on_stop = on_stop;
	interrupt.arg = arg;
	atomic_store(&interrupt.count, 0);
	/* Fails only for signals that cannot be caught. */
	(void)sigemptyset(&action.sa_mask);
	handle_unless_ignored(SIGINT, &action);
	handle_unless_ignored(SIGTERM, &action);
}

bool app_was_interrupted(void)
{
	return atomic_load(&interrupt.count) > 0;
}

json_t *app_json_text(const char *text)
{
	json_t *json = json_string(text);
	char *plain = json ? NULL : strdup(text);

	for (char *c = plain; c && *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	if (plain)
		json = json_string(plain);
	free(plain);
	return json;
}

int app_print_json(const char *command, json_t *object)
{
	int rc;

	if (!object)
		return app_failed(command, "no memory for the JSON object");
	rc = json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	json_decref(object);
	if (rc < 0 && !ferror(stdout))
		return app_failed(command, "JSON: a text that is not UTF-8");
	putchar('\n');
	return app_finish_output(command);
}

int app_finish_output(const char *command)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return APP_OK;
	return app_failed(command, "cannot write the output: %s",
			  errno ? strerror(errno) : "write error");
}
