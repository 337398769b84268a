/* SPDX-License-Identifier: MIT */
/*
 * Formats in which providers publish their addresses: Cloudflare's text, Amazon's ip-ranges.json,
 * Fastly's, Google's goog.json and cloud.json, Azure's service tags; and any list of prefixes.
 * Invariant: a prefix that was taken is one; what is not is named with its line.
 */
#include "cdn/update.h"

#include "common/app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { PREFIX_BYTES = 64, ROOM_FIRST = 256 };

/* Which part of which file becomes which list. */
struct target {
	const char *tag; /* service, scope or name in the file */
	const char *provider, *source, *kind, *weight;
};

#define AWS_SOURCE   "https://ip-ranges.amazonaws.com/ip-ranges.json, service "
#define AZURE_SOURCE "https://www.microsoft.com/download/details.aspx?id=56519, "
static const struct target aws[] = {
	{ "CLOUDFRONT", "cloudfront", AWS_SOURCE "CLOUDFRONT", "cdn", "7.0" },
	{ "EC2", "aws", AWS_SOURCE "EC2", "cloud-vm", "5.0" },
	{ "S3", "aws", AWS_SOURCE "S3", "storage", "5.0" },
	{ "GLOBALACCELERATOR", "aws", AWS_SOURCE "GLOBALACCELERATOR", "cloud-lb", "6.0" },
};
static const struct target azure[] = {
	{ "AzureFrontDoor.Frontend", "azure", AZURE_SOURCE "AzureFrontDoor.Frontend", "cdn",
	  "7.0" },
	{ "AzureFrontDoor.FirstParty", "azure", AZURE_SOURCE "AzureFrontDoor.FirstParty", "cdn",
	  "6.5" },
	{ "AzureFrontDoor.Backend", "azure-cloud", AZURE_SOURCE "AzureFrontDoor.Backend",
	  "cloud-vm", "6.5" },
	{ "AzureCloud", "azure-cloud", AZURE_SOURCE "AzureCloud", "cloud-vm", "5.0" },
};
static const struct target google_global = { "global", "google",
					     "https://www.gstatic.com/ipranges/cloud.json, scope "
					     "global",
					     "cdn", "7.0" };
static const struct target google_regions = {
	"", "google-cloud", "https://www.gstatic.com/ipranges/cloud.json, regions", "cloud-vm",
	"5.0"
};
static const struct target google_all = {
	"", "google", "https://www.gstatic.com/ipranges/goog.json less cloud.json", "cdn", "5.0"
};
static const struct target fastly = { "", "fastly", "https://api.fastly.com/public-ip-list", "cdn",
				      "7.0" };
static const struct target cloudflare = { "", "cloudflare", "https://www.cloudflare.com/ips", "cdn",
					  "7.0" };

static int bad(const char *path, uint32_t line, const char *text)
{
	return app_bad(CDN_UPDATE_NAME, "%s:%u: %s; nothing was changed", path, line, text);
}

/* --- Lists --- */

/* "20241227" or "2024-12-27" at the beginning of a text. */
static bool take_date(const char *text, char *ret_date)
{
	char digits[9];
	size_t count = 0;

	for (; *text && count < 8; text++) {
		if (*text >= '0' && *text <= '9')
			digits[count++] = *text;
		else if (*text != '-')
			return false;
	}
	if (count < 8)
		return false;
	digits[8] = '\0';
	(void)snprintf(ret_date, CDN_DATE_BYTES, "%.4s-%.2s-%.2s", digits, digits + 4, digits + 6);
	return strncmp(digits, "20", 2) == 0;
}

/* In the file's name, as of ServiceTags_Public_20250721.json. */
static bool take_name_date(const char *path, char *ret_date)
{
	const char *name = strrchr(path, '/');

	for (name = name ? name + 1 : path; *name; name++) {
		if (*name == '2' && take_date(name, ret_date))
			return true;
	}
	return false;
}

/* What the user says, what the file says, what its name says, when it was written. */
static void set_date(struct cdn_import *import, const struct cdn_imports *imports, const char *said)
{
	struct stat status;
	struct tm when;

	if (imports->date) {
		(void)snprintf(import->date, sizeof(import->date), "%.10s", imports->date);
		return;
	}
	if ((said && take_date(said, import->date)) || take_name_date(import->file, import->date))
		return;
	if (stat(import->file, &status) == 0 && gmtime_r(&status.st_mtime, &when))
		(void)strftime(import->date, sizeof(import->date), "%Y-%m-%d", &when);
	else
		(void)snprintf(import->date, sizeof(import->date), "1970-01-01");
}

/* The list of a source, new or begun by another file; NULL: too many. */
static struct cdn_import *list_of(struct cdn_imports *imports, const char *path,
				  const struct target *target, const char *said)
{
	struct cdn_import *import;

	for (uint32_t i = 0; i < imports->count; i++) {
		import = &imports->at[i];
		if (strcmp(import->provider, target->provider) == 0 &&
		    strcmp(import->source, target->source) == 0)
			return import;
	}
	if (imports->count == CDN_IMPORTS_MAX)
		return NULL;
	import = &imports->at[imports->count++];
	*import = (struct cdn_import){ .file = path,
				       .provider = target->provider,
				       .source = target->source,
				       .kind = target->kind,
				       .weight = target->weight };
	set_date(import, imports, said);
	return import;
}

static int add_prefix(struct cdn_imports *imports, struct cdn_import *import, const char *path,
		      uint32_t line, const char *text)
{
	char normal[PREFIX_BYTES], address_text[NW_CDN_ADDRESS_TEXT_BYTES];
	struct nw_cdn_address address;
	const char **grown;
	uint8_t bits;

	if (!import)
		return bad(path, line, "more than 64 lists");
	if (!text || !nw_cdn_prefix_parse(text, &address, &bits))
		return bad(path, line, "here a prefix should stand, as 192.0.2.0/24");
	if (import->count == import->room) {
		import->room = import->room == 0 ? ROOM_FIRST : 2 * import->room;
		grown = app_pool_array(&imports->pool, import->room, sizeof(*grown));
		if (!grown)
			return app_failed(CDN_UPDATE_NAME, "no memory");
		if (import->count > 0)
			memcpy(grown, import->prefixes, import->count * sizeof(*grown));
		import->prefixes = grown;
	}
	(void)snprintf(normal, sizeof(normal), "%s/%u", nw_cdn_address_text(&address, address_text),
		       bits);
	import->prefixes[import->count] = app_pool_text(&imports->pool, normal, strlen(normal));
	if (!import->prefixes[import->count++])
		return app_failed(CDN_UPDATE_NAME, "no memory");
	*(address.family == 4 ? &import->has_ipv4 : &import->has_ipv6) = true;
	return APP_OK;
}

/* --- JSON --- */

struct reading {
	struct cdn_imports *imports;
	const char *path;
	const char *said; /* the file's own date, or NULL */
};

static const char *text_at(const struct app_tree *map, const char *key)
{
	const struct app_tree *value = app_tree_get(map, key);

	return value && value->kind == APP_TREE_TEXT ? value->text : NULL;
}

/* All texts of a list. */
static int take_texts(const struct reading *reading, const struct target *target,
		      const struct app_tree *list)
{
	struct cdn_import *import = list_of(reading->imports, reading->path, target, reading->said);
	int code = APP_OK;

	if (!list || list->kind != APP_TREE_LIST)
		return bad(reading->path, list ? list->line : 1, "here a list should stand");
	for (const struct app_tree *item = list->first; item && code == APP_OK; item = item->next)
		code = add_prefix(reading->imports, import, reading->path, item->line,
				  item->kind == APP_TREE_TEXT ? item->text : NULL);
	return code;
}

static int take_fastly(const struct reading *reading, const struct app_tree *root)
{
	int code = take_texts(reading, &fastly, app_tree_get(root, "addresses"));

	return code != APP_OK ? code
			      : take_texts(reading, &fastly, app_tree_get(root, "ipv6_addresses"));
}

static int take_azure(const struct reading *reading, const struct app_tree *root)
{
	const struct app_tree *values = app_tree_get(root, "values");
	int code = APP_OK;

	for (const struct app_tree *item = values->first; item && code == APP_OK;
	     item = item->next) {
		const char *name = text_at(item, "name");

		for (size_t i = 0; name && i < sizeof(azure) / sizeof(*azure) && code == APP_OK;
		     i++) {
			if (strcmp(name, azure[i].tag) == 0)
				code = take_texts(reading, &azure[i],
						  app_tree_get(app_tree_get(item, "properties"),
							       "addressPrefixes"));
		}
	}
	return code;
}

static int take_aws(const struct reading *reading, const struct app_tree *list, const char *key)
{
	int code = APP_OK;

	for (const struct app_tree *item = list ? list->first : NULL; item && code == APP_OK;
	     item = item->next) {
		const char *service = text_at(item, "service");

		for (size_t i = 0; service && i < sizeof(aws) / sizeof(*aws) && code == APP_OK;
		     i++) {
			if (strcmp(service, aws[i].tag) == 0)
				code = add_prefix(reading->imports,
						  list_of(reading->imports, reading->path, &aws[i],
							  reading->said),
						  reading->path, item->line, text_at(item, key));
		}
	}
	return code;
}

/* cloud.json has a scope in each item; goog.json has none. */
static int take_google(const struct reading *reading, const struct app_tree *list)
{
	int code = APP_OK;

	for (const struct app_tree *item = list->first; item && code == APP_OK; item = item->next) {
		const char *scope = text_at(item, "scope"), *text = text_at(item, "ipv4Prefix");
		const struct target *target = !scope                         ? &google_all
					      : strcmp(scope, "global") == 0 ? &google_global
									     : &google_regions;

		code = add_prefix(reading->imports,
				  list_of(reading->imports, reading->path, target, reading->said),
				  reading->path, item->line,
				  text ? text : text_at(item, "ipv6Prefix"));
	}
	return code;
}

static int take_json(struct cdn_imports *imports, const char *path, const struct app_tree *root)
{
	const struct app_tree *prefixes = app_tree_get(root, "prefixes");
	struct reading reading = { .imports = imports, .path = path };
	int code;

	if (app_tree_get(root, "createDate") && prefixes) {
		reading.said = text_at(root, "createDate");
		code = take_aws(&reading, prefixes, "ip_prefix");
		return code != APP_OK ? code
				      : take_aws(&reading, app_tree_get(root, "ipv6_prefixes"),
						 "ipv6_prefix");
	}
	if (prefixes && prefixes->kind == APP_TREE_LIST && app_tree_get(root, "creationTime")) {
		reading.said = text_at(root, "creationTime");
		return take_google(&reading, prefixes);
	}
	if (app_tree_get(root, "addresses"))
		return take_fastly(&reading, root);
	if (app_tree_get(root, "values"))
		return take_azure(&reading, root);
	return bad(path, 1, "JSON, and neither Amazon's, Google's, Fastly's nor Azure's");
}

/* --- Text --- */

static bool is_cloudflare(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return strstr(name, "cloudflare") || strncmp(name, "ips-v", 5) == 0;
}

/* Of --provider: a list that the user names. */
static const struct target *target_of_text(struct cdn_imports *imports, const char *path)
{
	struct target *target;

	if (!imports->provider || strcmp(imports->provider, cloudflare.provider) == 0)
		return imports->provider || is_cloudflare(path) ? &cloudflare : NULL;
	target = app_pool_alloc(&imports->pool, sizeof(*target));
	if (target)
		*target = (struct target){ "", imports->provider,
					   "a list given to nodewise cdn update", NULL, "6.0" };
	return target;
}

static int take_text(struct cdn_imports *imports, const char *path, char *text)
{
	const struct target *target = target_of_text(imports, path);
	struct cdn_import *import;
	uint32_t line = 1;
	int code = APP_OK;

	if (!target)
		return app_bad(CDN_UPDATE_NAME,
			       "%s: a list of prefixes, of whom? say --provider NAME; nothing was "
			       "changed",
			       path);
	import = list_of(imports, path, target, NULL);
	for (char *at = text; *at && code == APP_OK; line++) {
		size_t length = strcspn(at, "\n");
		bool is_last = at[length] == '\0';

		at[length] = '\0';
		at[strcspn(at, "#\r \t")] = '\0';
		if (*at)
			code = add_prefix(imports, import, path, line, at);
		at += length + !is_last;
	}
	return code;
}

/* The first byte that is no blank; 0: none. */
static char first_of(const char *text)
{
	return text[strspn(text, " \t\r\n")];
}

int cdn_import_file(struct cdn_imports *imports, const char *path, const char *text, size_t n_bytes,
		    bool *ret_is_ours)
{
	char *copy = app_pool_text(&imports->pool, text, n_bytes);
	struct app_tree *root;
	struct app_fault fault;
	int rc;

	*ret_is_ours = false;
	if (!copy)
		return app_failed(CDN_UPDATE_NAME, "no memory");
	if (strlen(copy) != n_bytes)
		return bad(path, 1, "a zero byte: this is no text");
	if (first_of(copy) == '\0')
		return bad(path, 1, "the file is empty");
	if (first_of(copy) == '{') {
		rc = app_tree_read(&imports->pool, copy, n_bytes, true, &root, &fault);
		if (rc == -EINVAL)
			return bad(path, fault.line, fault.text);
		return rc != 0 ? app_failed(CDN_UPDATE_NAME, "no memory")
			       : take_json(imports, path, root);
	}
	if (strncmp(copy, "provider:", 9) == 0 || strstr(copy, "\nprovider:")) {
		*ret_is_ours = true;
		return APP_OK;
	}
	return take_text(imports, path, copy);
}
