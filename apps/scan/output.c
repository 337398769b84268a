/* SPDX-License-Identifier: MIT */
/*
 * What was found, in the forms that people and their tools read.
 *
 *   text      for people: 10.0.0.1  80/tcp  open
 *   list      masscan's -oL: open tcp 80 10.0.0.1 1390380064
 *   JSON      one object a line
 *   grepable  nmap's -oG, a line a finding
 *   XML       nmap's -oX; closed also where the scan was stopped
 *
 * Invariant: a write that fails is told once, with its path, and makes the scan fail.
 */
#include "scan/cdn.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

static const char *state_of(const struct nw_probe_event *event)
{
	static const char *const names[] = { [NW_PROBE_OPEN] = "open",
					     [NW_PROBE_CLOSED] = "closed",
					     [NW_PROBE_UNREACHABLE] = "filtered",
					     [NW_PROBE_UP] = "up",
					     [NW_PROBE_BANNER] = "open" };

	return names[event->kind];
}

/* Of an answer for a link address. */
static bool has_mac(const struct nw_probe_event *event)
{
	static const unsigned char none[6] = { 0 };

	return event->kind == NW_PROBE_UP && memcmp(event->mac, none, sizeof(none)) != 0;
}

static const char *mac_text(const struct nw_probe_event *event, char ret_text[18])
{
	const unsigned char *m = event->mac;

	(void)snprintf(ret_text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		       m[5]);
	return ret_text;
}

/* Of a connection that was refused a way, in nmap's words. */
static const char *reason_of_error(int error)
{
	switch (error) {
	case EHOSTUNREACH:
		return "host-unreach";
	case ENETUNREACH:
		return "net-unreach";
	case EACCES:
	case EPERM:
		return "admin-prohibited";
	case ECONNRESET:
		return "reset";
	default:
		return "no-connection";
	}
}

static const char *reason_of_connect(const struct nw_probe_event *event)
{
	if (event->kind == NW_PROBE_OPEN)
		return "syn-ack";
	return event->kind == NW_PROBE_CLOSED ? "conn-refused" : reason_of_error(event->error);
}

static const char *reason_of(const struct nw_probe_event *event)
{
	if (event->by_connect)
		return reason_of_connect(event);
	switch ((enum nw_probe_event_kind)event->kind) {
	case NW_PROBE_OPEN:
		return event->is_udp ? "udp-response" : "syn-ack";
	case NW_PROBE_CLOSED:
		return event->is_udp ? "port-unreach" : "reset";
	case NW_PROBE_UP:
		if (!has_mac(event))
			return "echo-reply";
		return event->target.family == 6 ? "nd-response" : "arp-response";
	default:
		return "unreachable";
	}
}

static bool is_host(const struct scan_finding *finding)
{
	return finding->port == 0 && finding->event->kind != NW_PROBE_OPEN;
}

/* --- One finding --- */

static void put_text(FILE *file, const struct scan_finding *f)
{
	char mac[18];

	if (is_host(f) && has_mac(f->event))
		(void)fprintf(file, "%-15s  %s  %s", f->address, f->state, mac_text(f->event, mac));
	else if (is_host(f))
		(void)fprintf(file, "%-15s  %s", f->address, f->state);
	else
		(void)fprintf(file, "%-15s  %u/%s  %s", f->address, f->port, f->protocol, f->state);
	if (f->cdn)
		(void)fprintf(file, "  %s (%s)", f->cdn, f->cdn_kind);
	(void)fputc('\n', file);
}

static const char *host_protocol(const struct nw_probe_event *event)
{
	if (!has_mac(event))
		return "icmp";
	return event->target.family == 6 ? "nd" : "arp";
}

static void put_list(FILE *file, const struct scan_finding *f)
{
	(void)fprintf(file, "%s %s %u %s %llu\n", f->state,
		      is_host(f) ? host_protocol(f->event) : f->protocol, f->port, f->address,
		      f->wall_s);
}

static void put_json(FILE *file, const struct scan_finding *f)
{
	char from[NW_PROBE_ADDRESS_TEXT_BYTES], mac[18];

	(void)fprintf(file, "{\"event\": \"%s\", \"time\": %llu.%03llu, \"address\": \"%s\"",
		      is_host(f) ? "host" : "port", f->wall_s,
		      (unsigned long long)(f->event->wall_ns / 1000000 % 1000), f->address);
	if (!is_host(f))
		(void)fprintf(file, ", \"port\": %u, \"protocol\": \"%s\"", f->port, f->protocol);
	(void)fprintf(file, ", \"state\": \"%s\", \"reason\": \"%s\"", f->state, f->reason);
	if (has_mac(f->event))
		(void)fprintf(file, ", \"mac\": \"%s\"", mac_text(f->event, mac));
	else if (!f->event->by_connect)
		(void)fprintf(file, ", \"ttl\": %u", f->event->hops);
	if (f->event->kind == NW_PROBE_UNREACHABLE && !f->event->by_connect)
		(void)fprintf(file, ", \"from\": \"%s\", \"icmp\": [%u, %u]",
			      nw_probe_address_text(&f->event->from, from), f->event->icmp_type,
			      f->event->icmp_code);
	if (f->cdn)
		(void)fprintf(file, ", \"cdn\": \"%s\", \"cdn_kind\": \"%s\"", f->cdn, f->cdn_kind);
	(void)fputs("}\n", file);
}

static void put_grep(FILE *file, const struct scan_finding *f)
{
	if (is_host(f))
		(void)fprintf(file, "Host: %s ()\tStatus: %s", f->address,
			      f->event->kind == NW_PROBE_UP ? "Up" : "Down");
	else
		(void)fprintf(file, "Timestamp: %llu\tHost: %s ()\tPorts: %u/%s/%s////", f->wall_s,
			      f->address, f->port, f->state, f->protocol);
	if (f->cdn)
		(void)fprintf(file, "\tCDN: %s (%s)", f->cdn, f->cdn_kind);
	(void)fputc('\n', file);
}

/* nmap's readers know what a script has said of a host. */
static void end_xml_host(FILE *file, const struct scan_finding *f)
{
	if (f->cdn)
		(void)fprintf(file,
			      "<hostscript><script id=\"cdn\" output=\"%s (%s)\"/></hostscript>",
			      f->cdn, f->cdn_kind);
	(void)fputs("</host>\n", file);
}

static void put_xml(FILE *file, const struct scan_finding *f)
{
	const char *kind = f->event->target.family == 6 ? "ipv6" : "ipv4";
	char mac[18];

	(void)fprintf(file, "<host starttime=\"%llu\" endtime=\"%llu\">", f->wall_s, f->wall_s);
	if (is_host(f)) {
		(void)fprintf(file,
			      "<status state=\"%s\" reason=\"%s\" reason_ttl=\"%u\"/>"
			      "<address addr=\"%s\" addrtype=\"%s\"/>",
			      f->event->kind == NW_PROBE_UP ? "up" : "down", f->reason,
			      f->event->hops, f->address, kind);
		if (has_mac(f->event))
			(void)fprintf(file, "<address addr=\"%s\" addrtype=\"mac\"/>",
				      mac_text(f->event, mac));
		end_xml_host(file, f);
		return;
	}
	(void)fprintf(file,
		      "<status state=\"up\" reason=\"%s\" reason_ttl=\"%u\"/>"
		      "<address addr=\"%s\" addrtype=\"%s\"/><ports><port protocol=\"%s\" "
		      "portid=\"%u\"><state state=\"%s\" reason=\"%s\" reason_ttl=\"%u\"/>"
		      "</port></ports>",
		      f->reason, f->event->hops, f->address, kind, f->protocol, f->port, f->state,
		      f->reason, f->event->hops);
	end_xml_host(file, f);
}

/* --- Beginnings and ends --- */

static void begin(FILE *file, enum scan_format format, const struct scan_options *options,
		  uint64_t wall_s)
{
	if (format == SCAN_LIST || format == SCAN_GREP) {
		(void)fprintf(file, "# nodewise %s scan", app_version);
		for (int i = 1; i < options->argc; i++)
			(void)fprintf(file, " %s", options->argv[i]);
		(void)fputc('\n', file);
	}
	if (format == SCAN_XML)
		(void)fprintf(
			file,
			"<?xml version=\"1.0\"?>\n<nmaprun scanner=\"nodewise\" start=\"%llu\" "
			"version=\"%s\" xmloutputversion=\"1.04\">\n",
			(unsigned long long)wall_s, app_version);
}

static void end(FILE *file, enum scan_format format, const struct nw_probe_counts *counts,
		uint64_t begun_wall_ns, bool was_stopped)
{
	unsigned long long now = (unsigned long long)time(NULL), begun = begun_wall_ns / NS_PER_S;
	unsigned long long up = counts->open + counts->up;

	if (format == SCAN_LIST || format == SCAN_GREP)
		(void)fprintf(file, "# end%s\n", was_stopped ? ", stopped" : "");
	if (format == SCAN_XML)
		(void)fprintf(
			file,
			"<runstats><finished time=\"%llu\" elapsed=\"%llu\" exit=\"%s\"/>"
			"<hosts up=\"%llu\" down=\"0\" total=\"%llu\"/></runstats>\n</nmaprun>\n",
			now, now - begun, was_stopped ? "error" : "success", up,
			(unsigned long long)counts->place_count);
}

/* --- All of them --- */

static int open_one(struct scan_outputs *outputs, const struct scan_options *options,
		    enum scan_format format, const char *path, bool appends)
{
	FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, appends ? "ae" : "we");

	if (!file)
		return app_failed(SCAN_NAME, "%s: %s", path, strerror(errno));
	outputs->at[outputs->count].format = format;
	outputs->at[outputs->count].path = path;
	outputs->at[outputs->count++].file = file;
	if (!appends || file == stdout)
		begin(file, format, options, outputs->begun_wall_ns / NS_PER_S);
	return APP_OK;
}

int scan_outputs_open(struct scan_outputs *outputs, const struct scan_options *options,
		      bool appends)
{
	bool has_stdout = options->is_json;
	int code = APP_OK;

	*outputs = (struct scan_outputs){ .only_open = options->only_open,
					  .begun_wall_ns = (uint64_t)time(NULL) * NS_PER_S };
	for (uint32_t i = 0; code == APP_OK && i < options->output_count; i++) {
		const struct scan_output *output = &options->outputs[i];

		has_stdout |= strcmp(output->path, "-") == 0;
		code = open_one(outputs, options, output->format, output->path, appends);
	}
	if (code == APP_OK && !has_stdout && !options->is_quiet)
		code = open_one(outputs, options, SCAN_TEXT, "-", appends);
	return code;
}

void scan_outputs_event(struct scan_outputs *outputs, const struct nw_probe_event *event)
{
	static void (*const put[SCAN_FORMAT_COUNT])(FILE *, const struct scan_finding *) = {
		put_text, put_list, put_json, put_grep, put_xml
	};
	char address[NW_PROBE_ADDRESS_TEXT_BYTES];
	struct scan_finding finding = { .address = nw_probe_address_text(&event->target, address),
					.protocol = event->is_udp ? "udp" : "tcp",
					.state = state_of(event),
					.reason = reason_of(event),
					.port = event->port,
					.wall_s = (unsigned long long)(event->wall_ns / NS_PER_S),
					.event = event };

	if (event->kind == NW_PROBE_BANNER) {
		scan_banner_put(outputs, &finding);
		return;
	}
	if (outputs->cdn)
		finding.cdn = scan_cdn_name(outputs->cdn, &event->target, &finding.cdn_kind);
	if (outputs->only_open && event->kind != NW_PROBE_OPEN && event->kind != NW_PROBE_UP)
		return;
	for (uint32_t i = 0; i < outputs->count; i++)
		put[outputs->at[i].format](outputs->at[i].file, &finding);
}

/* Of the forms JSON alone has events beside findings. Who is no CDN is in the findings. */
void scan_outputs_cdn(struct scan_outputs *outputs, const struct scan_detection *d)
{
	const char *name = d->is_front ? nw_cdn_event_name(NW_CDN_DETECTED) : "left_out";

	if (!d->is_front && !d->is_left_out)
		return;
	for (uint32_t i = 0; i < outputs->count; i++)
		if (outputs->at[i].format == SCAN_JSON)
			(void)fprintf(outputs->at[i].file,
				      "{\"event\": \"%s\", \"time\": %llu.%03llu, "
				      "\"address\": \"%s\", \"provider\": \"%s\", "
				      "\"kind\": \"%s\", \"probability\": %.4f, "
				      "\"left_out\": %s}\n",
				      name, (unsigned long long)(d->wall_ns / NS_PER_S),
				      (unsigned long long)(d->wall_ns / 1000000 % 1000), d->address,
				      d->provider, d->kind, d->probability,
				      d->is_left_out ? "true" : "false");
}

bool scan_outputs_flush(struct scan_outputs *outputs)
{
	for (uint32_t i = 0; i < outputs->count && !outputs->has_failed; i++) {
		if (fflush(outputs->at[i].file) == 0 && !ferror(outputs->at[i].file))
			continue;
		(void)app_failed(SCAN_NAME,
				 "%s: %s: what was found cannot be written; the scan is "
				 "stopped",
				 outputs->at[i].path, strerror(errno));
		outputs->has_failed = true;
	}
	return !outputs->has_failed;
}

int scan_outputs_close(struct scan_outputs *outputs, const struct nw_probe_counts *counts,
		       bool was_stopped)
{
	for (uint32_t i = 0; i < outputs->count; i++)
		end(outputs->at[i].file, outputs->at[i].format, counts, outputs->begun_wall_ns,
		    was_stopped);
	(void)scan_outputs_flush(outputs);
	for (uint32_t i = 0; i < outputs->count; i++)
		if (outputs->at[i].file != stdout && fclose(outputs->at[i].file) != 0 &&
		    !outputs->has_failed) {
			outputs->has_failed = true;
			(void)app_failed(SCAN_NAME, "%s: %s", outputs->at[i].path, strerror(errno));
		}
	return outputs->has_failed ? APP_FAILED : APP_OK;
}
