/* SPDX-License-Identifier: MIT */
/* Data of providers: beside the command, or the user's own where `nodewise cdn update` made it. */
#include "common/cdn.h"

#include "common/app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DAY_S = 86400, NAME_BYTES = 64 };

/* "<text>/<rest>"; false: too long. */
static bool join(char *to, const char *text, const char *rest)
{
	int length = snprintf(to, APP_CDN_PATH_BYTES, "%s/%s", text, rest);

	return length > 0 && length < APP_CDN_PATH_BYTES;
}

/* A build tree and an installed one both have it at ../share of the command. */
static int find_shipped(const char *command, char *ret_path)
{
	char self[APP_CDN_PATH_BYTES];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n < 0)
		return app_failed(command, "/proc/self/exe: %s", strerror(errno));
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	if (!join(ret_path, self, "../share/nodewise/cdn"))
		return app_failed(command, "%s: too long a name", self);
	return APP_OK;
}

/* As the XDG base directory specification has it. */
static void find_own(char *ret_path)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	bool is_found = data && *data == '/'   ? join(ret_path, data, "nodewise/cdn")
			: home && *home == '/' ? join(ret_path, home, ".local/share/nodewise/cdn")
					       : false;

	if (!is_found)
		*ret_path = '\0';
}

int app_cdn_find(const char *command, const char *data, struct app_cdn_folders *ret_folders)
{
	if (!data) {
		find_own(ret_folders->own);
		return find_shipped(command, ret_folders->shipped);
	}
	*ret_folders->own = '\0';
	if (strlen(data) >= sizeof(ret_folders->shipped))
		return app_bad(command, "--data: too long a name");
	memcpy(ret_folders->shipped, data, strlen(data) + 1);
	return APP_OK;
}

int app_cdn_open(const char *command, const char *data, const char *asn_path,
		 struct nw_cdn **ret_cdn)
{
	struct app_cdn_folders folders = { .own = "" };
	struct nw_diag diag;
	int rc = app_cdn_find(command, data, &folders);

	if (rc != APP_OK)
		return rc;
	const struct nw_cdn_options options = { .folder = folders.shipped,
						.newer = *folders.own ? folders.own : NULL,
						.asn_path = asn_path };

	rc = nw_cdn_open(ret_cdn, &options, &diag);
	return rc == 0 ? APP_OK : app_failed(command, "%s", diag.text);
}

long app_cdn_days_since(const char *date)
{
	struct tm then = { .tm_mday = (int)strtol(date + 8, NULL, 10),
			   .tm_mon = (int)strtol(date + 5, NULL, 10) - 1,
			   .tm_year = (int)strtol(date, NULL, 10) - 1900 };

	return (long)(time(NULL) / DAY_S - timegm(&then) / DAY_S);
}

void app_cdn_note_age(const char *command, const struct nw_cdn *cdn)
{
	struct nw_cdn_provider provider, oldest = { 0 };
	uint32_t count = 0;

	for (uint32_t i = 0; i < nw_cdn_provider_count(cdn); i++) {
		nw_cdn_provider_at(cdn, i, &provider);
		if (!provider.newest || !nw_cdn_kind_is_front(provider.kind) ||
		    app_cdn_days_since(provider.newest) <= APP_CDN_TOO_OLD_DAYS)
			continue;
		if (count++ == 0 || strcmp(provider.newest, oldest.newest) < 0)
			oldest = provider;
	}
	if (count > 0)
		app_note(command,
			 "lists of %u providers are more than %d days old (%s: %s); nodewise cdn "
			 "update imports newer ones",
			 count, APP_CDN_TOO_OLD_DAYS, oldest.name, oldest.newest);
}

int app_cdn_names(const char *command, const char *option, const struct nw_cdn *cdn,
		  const char *text, bool **ret_set)
{
	uint32_t count = nw_cdn_provider_count(cdn);
	bool *set = calloc(count + 1, sizeof(*set));

	if (!set)
		return app_failed(command, "no memory");
	for (const char *at = text;; at++) {
		size_t length = strcspn(at, ",");
		char name[NAME_BYTES];
		uint32_t idx = count;

		(void)snprintf(name, sizeof(name), "%.*s", (int)(length < NAME_BYTES ? length : 63),
			       at);
		if (strcmp(name, "none") != 0 && !nw_cdn_provider(cdn, name, &idx)) {
			free(set);
			return app_bad(command,
				       "%s: no provider '%s'; nodewise cdn list names them", option,
				       name);
		}
		set[idx] = true;
		at += length;
		if (*at == '\0')
			break;
	}
	*ret_set = set;
	return APP_OK;
}
