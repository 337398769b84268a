/* SPDX-License-Identifier: MIT */
/*
 * What services have said, in each form.
 *
 *   text      10.0.0.1  22/tcp  ssh  OpenSSH_9.2p1
 *   list      masscan's: banner tcp 22 10.0.0.1 1390380064 ssh SSH-2.0-OpenSSH_9.2p1
 *   JSON      an event of its own
 *   grepable  the port again, with its service and version
 *   XML       the port again, with nmap's service and script elements
 *
 * Invariant: bytes of a service pass through scan_put_...() alone.
 */
#include "scan/scan.h"

#include <string.h>

static const char *name_of(const struct nw_probe_banner *banner)
{
	return banner->service[0] ? banner->service : "unknown";
}

/* A field that may be empty, as the form has it. */
typedef void put_fn(FILE *file, const void *bytes, size_t n_bytes);

static void put_field(FILE *file, put_fn *put, const char *before, const char *text,
		      const char *after)
{
	if (text[0] == '\0')
		return;
	(void)fputs(before, file);
	put(file, text, strlen(text));
	(void)fputs(after, file);
}

/* --- The forms --- */

static void put_text(FILE *file, const struct scan_finding *f)
{
	const struct nw_probe_banner *banner = f->event->banner;

	(void)fprintf(file, "%-15s  %u/%s  %s", f->address, f->port, f->protocol, name_of(banner));
	put_field(file, scan_put_escaped, "  ", banner->product, "");
	put_field(file, scan_put_escaped, "  \"", banner->title, "\"");
	if (banner->has_tls)
		(void)fprintf(file, "  %s", banner->tls_version);
	put_field(file, scan_put_escaped, " ", banner->tls_subject, "");
	if (!banner->product[0] && !banner->has_tls) {
		(void)fputs("  ", file);
		scan_put_escaped(file, banner->bytes, banner->n_bytes < 64 ? banner->n_bytes : 64);
	}
	(void)fputc('\n', file);
}

static void put_list_line(FILE *file, const struct scan_finding *f, const char *what)
{
	(void)fprintf(file, "banner %s %u %s %llu %s ", f->protocol, f->port, f->address, f->wall_s,
		      what);
}

static void put_list(FILE *file, const struct scan_finding *f)
{
	const struct nw_probe_banner *banner = f->event->banner;

	if (banner->has_tls) {
		put_list_line(file, f, "ssl");
		(void)fprintf(file, "%s, cipher:%s", banner->tls_version, banner->tls_cipher);
		put_field(file, scan_put_escaped, ", subject[", banner->tls_subject, "]");
		put_field(file, scan_put_escaped, ", issuer[", banner->tls_issuer, "]");
		put_field(file, scan_put_escaped, ", names[", banner->tls_names, "]");
		(void)fputc('\n', file);
	}
	if (banner->n_bytes > 0) {
		put_list_line(file, f, name_of(banner));
		scan_put_escaped(file, banner->bytes, banner->n_bytes);
		(void)fputc('\n', file);
	}
}

static void put_json_tls(FILE *file, const struct nw_probe_banner *banner)
{
	(void)fprintf(file, ", \"tls\": {\"version\": \"%s\", \"cipher\": \"%s\"",
		      banner->tls_version, banner->tls_cipher);
	put_field(file, scan_put_json, ", \"subject\": \"", banner->tls_subject, "\"");
	put_field(file, scan_put_json, ", \"issuer\": \"", banner->tls_issuer, "\"");
	put_field(file, scan_put_json, ", \"names\": \"", banner->tls_names, "\"");
	put_field(file, scan_put_json, ", \"not_before\": \"", banner->tls_not_before, "\"");
	put_field(file, scan_put_json, ", \"not_after\": \"", banner->tls_not_after, "\"");
	put_field(file, scan_put_json, ", \"sha256\": \"", banner->tls_fingerprint, "\"");
	(void)fputc('}', file);
}

static void put_json(FILE *file, const struct scan_finding *f)
{
	const struct nw_probe_banner *banner = f->event->banner;

	(void)fprintf(file,
		      "{\"event\": \"banner\", \"time\": %llu.%03llu, \"address\": \"%s\", "
		      "\"port\": %u, "
		      "\"protocol\": \"%s\"",
		      f->wall_s, (unsigned long long)(f->event->wall_ns / 1000000 % 1000),
		      f->address, f->port, f->protocol);
	put_field(file, scan_put_json, ", \"service\": \"", banner->service, "\"");
	put_field(file, scan_put_json, ", \"product\": \"", banner->product, "\"");
	put_field(file, scan_put_json, ", \"title\": \"", banner->title, "\"");
	if (banner->status)
		(void)fprintf(file, ", \"status\": %u", banner->status);
	if (banner->has_tls)
		put_json_tls(file, banner);
	(void)fputs(", \"banner\": \"", file);
	scan_put_json(file, banner->bytes, banner->n_bytes);
	(void)fprintf(file, "\", \"cut\": %s}\n", banner->is_cut ? "true" : "false");
}

static void put_grep(FILE *file, const struct scan_finding *f)
{
	const struct nw_probe_banner *banner = f->event->banner;

	(void)fprintf(file, "Timestamp: %llu\tHost: %s ()\tPorts: %u/open/%s//%s%s//", f->wall_s,
		      f->address, f->port, f->protocol, banner->has_tls ? "ssl|" : "",
		      name_of(banner));
	scan_put_grep(file, banner->product, strlen(banner->product));
	(void)fputs("/\n", file);
}

static void put_xml_scripts(FILE *file, const struct nw_probe_banner *banner)
{
	if (banner->n_bytes > 0) {
		(void)fputs("<script id=\"banner\" output=\"", file);
		scan_put_xml(file, banner->bytes, banner->n_bytes);
		(void)fputs("\"/>", file);
	}
	put_field(file, scan_put_xml, "<script id=\"http-title\" output=\"", banner->title, "\"/>");
	if (!banner->tls_subject[0])
		return;
	(void)fputs("<script id=\"ssl-cert\" output=\"Subject: ", file);
	scan_put_xml(file, banner->tls_subject, strlen(banner->tls_subject));
	put_field(file, scan_put_xml, "\\nIssuer: ", banner->tls_issuer, "");
	put_field(file, scan_put_xml, "\\nNames: ", banner->tls_names, "");
	(void)fprintf(file, "\\nNot valid before: %s\\nNot valid after: %s\\nSHA-256: %s\"/>",
		      banner->tls_not_before, banner->tls_not_after, banner->tls_fingerprint);
}

static void put_xml(FILE *file, const struct scan_finding *f)
{
	const struct nw_probe_banner *banner = f->event->banner;

	(void)fprintf(file,
		      "<host starttime=\"%llu\" endtime=\"%llu\"><status state=\"up\" "
		      "reason=\"syn-ack\" reason_ttl=\"0\"/><address addr=\"%s\" addrtype=\"%s\"/>"
		      "<ports><port protocol=\"%s\" portid=\"%u\"><state state=\"open\" "
		      "reason=\"syn-ack\" reason_ttl=\"0\"/><service name=\"%s\"",
		      f->wall_s, f->wall_s, f->address,
		      f->event->target.family == 6 ? "ipv6" : "ipv4", f->protocol, f->port,
		      name_of(banner));
	put_field(file, scan_put_xml, " product=\"", banner->product, "\"");
	if (banner->has_tls)
		(void)fputs(" tunnel=\"ssl\"", file);
	(void)fputs(" method=\"probed\" conf=\"5\"/>", file);
	put_xml_scripts(file, banner);
	(void)fputs("</port></ports></host>\n", file);
}

void scan_banner_put(struct scan_outputs *outputs, const struct scan_finding *finding)
{
	static void (*const put[SCAN_FORMAT_COUNT])(FILE *, const struct scan_finding *) = {
		put_text, put_list, put_json, put_grep, put_xml
	};

	for (uint32_t i = 0; i < outputs->count; i++)
		put[outputs->at[i].format](outputs->at[i].file, finding);
}
