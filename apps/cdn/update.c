/* SPDX-License-Identifier: MIT */
/*
 * `nodewise cdn update`: every file is understood, every provider's new file is made and compared
 * with what is known, and only then is anything written; what was there is kept as *.yaml.old.
 */
#include "cdn/update.h"

#include "cdn/cdn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHANGES_MAX = 160, SHOWN_MAX = 10, PERCENT = 100, NAME_BYTES = 80 };
#define LOSS_MAX 0.20

/* A provider's file, before and after. */
struct change {
	const char *provider;
	const char *old_text; /* NULL: there was none */
	const char *text;
};

struct update {
	struct cdn_imports imports;
	struct app_cdn_folders folders;
	const char *to;
	bool is_forced, is_dry;
	struct change changes[CHANGES_MAX];
	uint32_t count;
	uint32_t refused_count;
};

static int help(void)
{
	printf("usage: nodewise cdn update [OPTION]... FILE|FOLDER...\n"
	       "\n"
	       "Puts lists that providers have published, and that you have downloaded, in\n"
	       "place of those that are known: Cloudflare's text, Amazon's ip-ranges.json,\n"
	       "Fastly's list, Google's goog.json and cloud.json, Azure's service tags, any list\n"
	       "of prefixes with --provider, a provider's own YAML file. Shows the difference.\n"
	       "Nothing is downloaded. If a provider would lose more than 20 %% of its\n"
	       "addresses, nothing is written.\n"
	       "\n"
	       "      --to FOLDER      where to write (~/.local/share/nodewise/cdn)\n"
	       "      --force          lose more than 20 %% of a provider\n"
	       "  -n, --dry-run        show the difference, write nothing\n"
	       "      --date DATE      of the lists, as 2025-07-25 (the file's own, that of its\n"
	       "                       name, or when it was written)\n"
	       "      --provider NAME  whose a list of prefixes is\n"
	       "      --data FOLDER    providers' files in place of those installed\n"
	       "  -h, --help           show this help\n");
	return app_finish_output(CDN_UPDATE_NAME);
}

/* --- Reading --- */

static int read_text(struct app_pool *pool, const char *path, char **ret_text, size_t *ret_bytes)
{
	char *text;
	int rc = app_read_file(path, CDN_FILE_BYTES_MAX, &text, ret_bytes);

	if (rc != 0)
		return app_failed(CDN_UPDATE_NAME, "%s: %s", path, strerror(-rc));
	*ret_text = app_pool_text(pool, text, *ret_bytes);
	free(text);
	return *ret_text ? APP_OK : app_failed(CDN_UPDATE_NAME, "no memory");
}

/* What is known of a provider; *ret_text NULL: nothing. */
static int read_known(struct update *update, const char *provider, const char **ret_text)
{
	const char *folders[] = { update->to, update->folders.own, update->folders.shipped };
	char path[APP_CDN_PATH_BYTES];

	*ret_text = NULL;
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		size_t n_bytes;
		char *text;
		int code;

		if (!folders[i] || !*folders[i] ||
		    snprintf(path, sizeof(path), "%s/%s.yaml", folders[i], provider) >=
			    (int)sizeof(path) ||
		    access(path, F_OK) != 0)
			continue;
		code = read_text(&update->imports.pool, path, &text, &n_bytes);
		if (code == APP_OK)
			*ret_text = text;
		return code;
	}
	return APP_OK;
}

/* The change of a provider's file, begun if there is none; NULL after one line. */
static struct change *change_of(struct update *update, const char *provider)
{
	struct change *change;

	for (uint32_t i = 0; i < update->count; i++) {
		if (strcmp(update->changes[i].provider, provider) == 0)
			return &update->changes[i];
	}
	if (update->count == CHANGES_MAX) {
		(void)app_bad(CDN_UPDATE_NAME, "more than %d providers at once", CHANGES_MAX);
		return NULL;
	}
	change = &update->changes[update->count];
	*change = (struct change){ .provider = provider };
	if (read_known(update, provider, &change->old_text) != APP_OK)
		return NULL;
	change->text = change->old_text;
	update->count++;
	return change;
}

static int load_one(const char *name, const char *text, struct nw_cdn **ret_cdn)
{
	const struct nw_cdn_file file = { .name = name, .text = text, .n_bytes = strlen(text) };
	struct nw_diag diag;

	if (nw_cdn_load(ret_cdn, &file, 1, NULL, &diag) == 0)
		return APP_OK;
	return app_bad(CDN_UPDATE_NAME, "%s; nothing was changed", diag.text);
}

/* A whole file of ours takes the place of the other. */
static int take_ours(struct update *update, const char *path, const char *text)
{
	struct nw_cdn_provider provider;
	struct change *change;
	struct nw_cdn *cdn;
	char *name;
	int code = load_one(path, text, &cdn);

	if (code != APP_OK)
		return code;
	nw_cdn_provider_at(cdn, 0, &provider);
	name = app_pool_text(&update->imports.pool, provider.name, strlen(provider.name));
	nw_cdn_close(cdn);
	change = name ? change_of(update, name) : NULL;
	if (!change)
		return APP_FAILED;
	change->text = text;
	return APP_OK;
}

static int take_file(struct update *update, const char *path)
{
	bool is_ours;
	size_t n_bytes;
	char *text;
	int code = read_text(&update->imports.pool, path, &text, &n_bytes);

	if (code == APP_OK)
		code = cdn_import_file(&update->imports, path, text, n_bytes, &is_ours);
	if (code == APP_OK && is_ours)
		code = take_ours(update, path, text);
	return code;
}

static int is_list(const struct dirent *entry)
{
	return entry->d_name[0] != '.' &&
	       (app_has_suffix(entry->d_name, ".json") || app_has_suffix(entry->d_name, ".txt") ||
		app_has_suffix(entry->d_name, ".yaml"));
}

static int take_folder(struct update *update, const char *path)
{
	struct dirent **names;
	int count = scandir(path, &names, is_list, alphasort), code = APP_OK;

	if (count < 0)
		return app_failed(CDN_UPDATE_NAME, "%s: %s", path, strerror(errno));
	if (count == 0)
		code = app_bad(CDN_UPDATE_NAME, "%s: no .json, .txt or .yaml in it", path);
	for (int i = 0; i < count; i++) {
		char *whole = app_pool_alloc(&update->imports.pool, APP_CDN_PATH_BYTES);

		if (whole && code == APP_OK) {
			(void)snprintf(whole, APP_CDN_PATH_BYTES, "%s/%s", path, names[i]->d_name);
			code = take_file(update, whole);
		}
		free(names[i]);
	}
	free(names);
	return code;
}

static int take_path(struct update *update, const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return app_failed(CDN_UPDATE_NAME, "%s: %s", path, strerror(errno));
	return S_ISDIR(status.st_mode) ? take_folder(update, path) : take_file(update, path);
}

/* Lists into the texts of their providers. */
static int edit_all(struct update *update)
{
	for (uint32_t i = 0; i < update->imports.count; i++) {
		const struct cdn_import *import = &update->imports.at[i];
		struct change *change = change_of(update, import->provider);

		if (!change)
			return APP_FAILED;
		if (import->count == 0)
			return app_bad(CDN_UPDATE_NAME, "%s: no prefix in it; nothing was changed",
				       import->file);
		change->text = cdn_edit(&update->imports.pool, change->provider, change->text,
					import);
		if (!change->text)
			return APP_FAILED;
	}
	return APP_OK;
}

/* --- Comparing --- */

static int compare_one(struct update *update, const struct change *change)
{
	struct nw_cdn *old = NULL, *new_one;
	struct cdn_difference difference;
	char name[NAME_BYTES];
	int code;

	(void)snprintf(name, sizeof(name), "the new %s.yaml", change->provider);
	code = load_one(name, change->text, &new_one);
	if (code == APP_OK && change->old_text)
		code = load_one(change->provider, change->old_text, &old);
	if (code != APP_OK)
		return code;
	printf("%s:\n", change->provider);
	difference = cdn_compare(old, new_one, SHOWN_MAX);
	printf("  %u prefixes, %u new, %u gone; %.1f %% of the addresses lost\n",
	       difference.new_count, difference.added, difference.removed,
	       PERCENT * difference.lost);
	if (difference.lost > LOSS_MAX && !update->is_forced) {
		update->refused_count++;
		(void)app_bad(
			CDN_UPDATE_NAME,
			"%s would lose %.1f %% of its addresses; --force takes it all the same",
			change->provider, PERCENT * difference.lost);
	}
	nw_cdn_close(old);
	nw_cdn_close(new_one);
	return APP_OK;
}

static int compare_all(struct update *update)
{
	int code = APP_OK;

	for (uint32_t i = 0; i < update->count && code == APP_OK; i++)
		code = compare_one(update, &update->changes[i]);
	if (code == APP_OK && update->refused_count > 0)
		return app_bad(CDN_UPDATE_NAME, "nothing was changed");
	return code;
}

/* --- Writing --- */

/* A folder and those above it. */
static int make_folder(const char *path)
{
	char copy[APP_CDN_PATH_BYTES];

	(void)snprintf(copy, sizeof(copy), "%s", path);
	for (char *c = copy + 1;; c++) {
		char kept = *c;

		if (kept != '/' && kept != '\0')
			continue;
		*c = '\0';
		if (mkdir(copy, 0777) != 0 && errno != EEXIST)
			return app_failed(CDN_UPDATE_NAME, "%s: %s", copy, strerror(errno));
		*c = kept;
		if (kept == '\0')
			return APP_OK;
	}
}

static bool write_all(int file, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(file, text, left);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			text += n;
			left -= (size_t)n;
		}
	}
	return fsync(file) == 0;
}

/* The file under another name, in its folder. */
static int write_new(int folder, const char *name, const char *text)
{
	int file = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	bool is_written;

	if (file < 0)
		return app_failed(CDN_UPDATE_NAME, "%s: %s", name, strerror(errno));
	is_written = write_all(file, text);
	if (close(file) != 0 || !is_written) {
		int error = errno;

		(void)unlinkat(folder, name, 0);
		return app_failed(CDN_UPDATE_NAME, "%s: %s", name, strerror(error));
	}
	return APP_OK;
}

static void name_of(char *to, const struct change *change, const char *suffix)
{
	(void)snprintf(to, NAME_BYTES, "%.40s.yaml%s", change->provider, suffix);
}

/* The one that was there is kept under *.old before the new one has its name. */
static int put_in_place(int folder, const struct change *change)
{
	char name[NAME_BYTES], fresh[NAME_BYTES], kept[NAME_BYTES];

	name_of(name, change, "");
	name_of(fresh, change, ".new");
	name_of(kept, change, ".old");
	(void)unlinkat(folder, kept, 0);
	if (linkat(folder, name, folder, kept, 0) != 0 && errno != ENOENT)
		app_note(CDN_UPDATE_NAME, "%s is not kept: %s", name, strerror(errno));
	if (renameat(folder, fresh, folder, name) != 0)
		return app_failed(CDN_UPDATE_NAME, "%s: %s", name, strerror(errno));
	return APP_OK;
}

static int write_changes(const struct update *update, int folder)
{
	char fresh[NAME_BYTES];
	int code = APP_OK;

	for (uint32_t i = 0; i < update->count && code == APP_OK; i++) {
		name_of(fresh, &update->changes[i], ".new");
		code = write_new(folder, fresh, update->changes[i].text);
	}
	for (uint32_t i = 0; i < update->count && code == APP_OK; i++)
		code = put_in_place(folder, &update->changes[i]);
	for (uint32_t i = 0; i < update->count && code != APP_OK; i++) {
		name_of(fresh, &update->changes[i], ".new");
		(void)unlinkat(folder, fresh, 0);
	}
	(void)fsync(folder); /* some file systems have no way to; the renames stand then, too */
	return code;
}

static int write_out(const struct update *update)
{
	int folder, code = make_folder(update->to);

	if (code != APP_OK)
		return code;
	folder = open(update->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return app_failed(CDN_UPDATE_NAME, "%s: %s", update->to, strerror(errno));
	code = write_changes(update, folder);
	(void)close(folder);
	if (code == APP_OK)
		printf("%u files in %s\n", update->count, update->to);
	return code;
}

/* --- The command --- */

static int parse(struct update *update, int argc, char **argv, const char **ret_data)
{
	static const struct option words[] = {
		{ "to", required_argument, NULL, 't' },
		{ "force", no_argument, NULL, 'f' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "date", required_argument, NULL, 'D' },
		{ "provider", required_argument, NULL, 'p' },
		{ "data", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};

	opterr = 0;
	for (int got; (got = getopt_long(argc, argv, ":nh", words, NULL)) != -1;) {
		if (got == 't')
			update->to = optarg;
		else if (got == 'f')
			update->is_forced = true;
		else if (got == 'n')
			update->is_dry = true;
		else if (got == 'D')
			update->imports.date = optarg;
		else if (got == 'p')
			update->imports.provider = optarg;
		else if (got == 'd')
			*ret_data = optarg;
		else if (got == 'h')
			return -1;
		else
			return app_bad_option(CDN_UPDATE_NAME, got, argv);
	}
	if (optind == argc)
		return app_bad(CDN_UPDATE_NAME,
			       "which files? nodewise cdn update --help says more");
	return APP_OK;
}

static bool is_date(const char *text)
{
	int year, month, day, end = 0;

	return sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) == 3 && end == 10 &&
	       text[10] == '\0' && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static int prepare(struct update *update, const char *data)
{
	int code = app_cdn_find(CDN_UPDATE_NAME, data, &update->folders);

	if (code != APP_OK)
		return code;
	if (!update->to)
		update->to = update->folders.own;
	if (!*update->to)
		return app_bad(CDN_UPDATE_NAME, "where to? there is no HOME: say --to FOLDER");
	if (strlen(update->to) >= APP_CDN_PATH_BYTES - NAME_BYTES)
		return app_bad(CDN_UPDATE_NAME, "--to: too long a name");
	if (update->imports.date && !is_date(update->imports.date))
		return app_bad(CDN_UPDATE_NAME, "--date takes a date as 2025-07-25, not '%s'",
			       update->imports.date);
	return APP_OK;
}

static int run(struct update *update, int count, char **paths)
{
	int code = APP_OK;

	for (int i = 0; i < count && code == APP_OK; i++)
		code = take_path(update, paths[i]);
	if (code == APP_OK)
		code = edit_all(update);
	if (code == APP_OK)
		code = compare_all(update);
	if (code == APP_OK && !update->is_dry)
		code = write_out(update);
	return code == APP_OK ? app_finish_output(CDN_UPDATE_NAME) : code;
}

int cdn_update(int argc, char **argv)
{
	struct update *update = calloc(1, sizeof(*update));
	const char *data = NULL;
	int code;

	if (!update)
		return app_failed(CDN_UPDATE_NAME, "no memory");
	code = parse(update, argc, argv, &data);
	if (code == -1)
		code = help();
	else if (code == APP_OK)
		code = prepare(update, data);
	if (code == APP_OK && optind < argc)
		code = run(update, argc - optind, argv + optind);
	app_pool_free(&update->imports.pool);
	free(update);
	return code;
}
