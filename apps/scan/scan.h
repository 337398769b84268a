/* SPDX-License-Identifier: MIT */
/*
 * What the files of `nodewise scan` share.
 *
 * options.c  words of the command line -> struct scan_options
 * ports.c    --top-ports
 * targets.c  texts, files and names -> targets; what is not scanned unasked
 * way.c      interface, own addresses, next hop
 * crew.c     nodes, workers, connections of each
 * cdn.c      networks in front of targets
 * card.c     the card's node and interrupts; irq.c reads and moves them
 * segment.c  the numbers for other programs
 * discover.c hosts of the local link
 * output.c   what was found: text, lists, JSON lines, grepable, nmap's XML
 * banner.c   what services have said, in the same forms
 * escape.c   bytes of others in the forms that are written
 * resume.c   a scan that was stopped goes on
 * run.c      the scan itself, its end
 * tell.c     what is said of it on standard error, and as JSON in the end
 */
#ifndef APP_SCAN_SCAN_H
#define APP_SCAN_SCAN_H

#include "common/app.h"

#include <nw/link.h>
#include <nw/probe.h>

#include <stdio.h>

#define SCAN_NAME "scan"

/* Beside APP_OK, APP_FAILED, APP_USAGE. */
enum { SCAN_STOPPED = 3 };

enum { SCAN_PARALLELISM_MAX = 65536 };
enum { SCAN_TARGETS_MAX = 4096, SCAN_OUTPUTS_MAX = 8, SCAN_PORTS_BYTES = 4096 };

enum scan_method { SCAN_SYN, SCAN_UDP, SCAN_HOSTS, SCAN_CONNECT };
enum scan_cdn_mode { SCAN_CDN_OFF, SCAN_CDN_MARK, SCAN_CDN_SKIP, SCAN_CDN_ONLY };
enum scan_format { SCAN_TEXT, SCAN_LIST, SCAN_JSON, SCAN_GREP, SCAN_XML, SCAN_FORMAT_COUNT };

/* A place for what is found. */
struct scan_output {
	enum scan_format format;
	const char *path; /* "-": standard output */
};

/* Texts are argv's, or of the file that is resumed. */
struct scan_options {
	const char *targets[SCAN_TARGETS_MAX];
	uint32_t target_count;
	const char *lists[SCAN_OUTPUTS_MAX]; /* -iL */
	uint32_t list_count;
	const char *excludes[SCAN_TARGETS_MAX];
	uint32_t exclude_count;
	const char *exclude_lists[SCAN_OUTPUTS_MAX];
	uint32_t exclude_list_count;
	char ports[SCAN_PORTS_BYTES]; /* "": by the method */
	uint64_t top_ports;
	enum scan_method method;
	bool has_method;
	const char *interface, *source_ip, *source_port, *router_mac;
	uint64_t rate, retries, wait_ns, seed, workers, parallelism, banner_ns, connect_ns;
	bool has_rate, has_seed;
	uint64_t shard, shard_count;
	const char *nodes;
	enum nw_link_path path;
	bool no_numa;
	struct scan_output outputs[SCAN_OUTPUTS_MAX];
	uint32_t output_count;
	enum scan_cdn_mode cdn;
	const char *cdn_only, *cdn_except, *cdn_list, *cdn_data, *cdn_asn;
	bool by_echo, by_link; /* -PE, -PR */
	bool pins_irqs;
	bool wants_banners, only_open, is_quiet, is_json, is_dry_run, is_help, allows_internet;
	uint64_t stats_every_s, max_runtime_s;
	const char *resume;
	int argc; /* as they were given: for the resume file */
	char **argv;
};

/* All that return int: APP_OK, or the exit code after having said why. */
int scan_options_parse(struct scan_options *ret_options, int argc, char **argv);
int scan_help(void);
/* The first count ports of the list, as text for the engine. */
int scan_top_ports(uint64_t count, bool is_udp, char *ret_text, size_t text_bytes);

/* targets.c */
int scan_targets_open(struct nw_probe_targets **ret_targets, const struct scan_options *options);

/* output.c */
struct scan_outputs {
	struct {
		enum scan_format format;
		const char *path;
		FILE *file;
	} at[SCAN_OUTPUTS_MAX + 1];
	uint32_t count;
	bool only_open, has_failed;
	uint64_t begun_wall_ns;
	const struct scan_cdn *cdn; /* NULL: findings are not marked */
};
int scan_outputs_open(struct scan_outputs *outputs, const struct scan_options *options,
		      bool appends);
void scan_outputs_event(struct scan_outputs *outputs, const struct nw_probe_event *event);
/* Flush; false: something would not take it all, and that was said. */
bool scan_outputs_flush(struct scan_outputs *outputs);
int scan_outputs_close(struct scan_outputs *outputs, const struct nw_probe_counts *counts,
		       bool was_stopped);

/* One finding, as all forms need it. */
struct scan_finding {
	const char *address, *protocol, *state, *reason;
	unsigned port;
	unsigned long long wall_s;
	const struct nw_probe_event *event;
	const char *cdn,
		*cdn_kind; /* who stands in front of it; NULL: nobody known, or not asked for */
};

/* A network that stands in front of a target. */
struct scan_detection {
	const char *address, *provider, *kind;
	uint64_t wall_ns;
	double probability;
	bool is_front, is_left_out;
};
void scan_outputs_cdn(struct scan_outputs *outputs, const struct scan_detection *detection);

/* banner.c: what a service has said. */
void scan_banner_put(struct scan_outputs *outputs, const struct scan_finding *finding);

/* escape.c: bytes that may be any, in each form. */
/* \r, \n, \t, \\, \xHH for what is not printable ASCII: one line, whatever it is. */
void scan_put_escaped(FILE *file, const void *bytes, size_t n_bytes);
/* A string of JSON without its quotes: what is not ASCII as \u00HH, a byte each. */
void scan_put_json(FILE *file, const void *bytes, size_t n_bytes);
/* As the first, with what XML gives a meaning to as entities. */
void scan_put_xml(FILE *file, const void *bytes, size_t n_bytes);
/* As the first, with / as |, as nmap's grepable form has it. */
void scan_put_grep(FILE *file, const void *bytes, size_t n_bytes);

/* resume.c */
struct scan_state {
	uint64_t seed, key[2], digest; /* digest: of what is scanned */
	uint32_t worker_count;
	uint64_t positions[NW_PROBE_WORKERS_MAX];
	double seconds; /* of the runs before */
};
/* Whether there is such a file; then *ret_argv is what the scan was called with. */
int scan_resume_read(const char *path, struct scan_state *ret_state, int *ret_argc,
		     char ***ret_argv);
/* What it was called with. NULL is a no-op. */
void scan_resume_free(char **argv);
int scan_resume_write(const char *path, const struct scan_state *state, int argc, char **argv);
void scan_resume_remove(const char *path);

struct scan_irqs;
struct scan_cdn;
struct nw_stats;

/* A scan that is under way. */
struct scan_run {
	struct scan_options *options;
	struct nw_topo *topo;
	struct nw_probe_targets *targets;
	struct nw_probe *probe;   /* NULL: hosts of the local link are all there is */
	struct nw_probe *watched; /* the one that is running */
	struct nw_probe_options probe_options;
	struct scan_outputs outputs;
	struct scan_state state;
	/* Those on the local link, if any can be, and the others; or NULL. */
	struct nw_probe_targets *on_link, *off_link;
	struct nw_probe_neighbours *neighbours;
	struct nw_probe_counts discovered; /* of hosts that were asked for link addresses */
	bool has_next_hop;
	struct scan_irqs *irqs;
	struct scan_cdn *cdn;   /* NULL: nobody asked for it */
	struct nw_stats *stats; /* NULL: there are none */
	uint32_t card_node_idx;
	uint32_t *node_idxs;
	char interface[16], ports[SCAN_PORTS_BYTES];
	uint64_t begun_ns, saved_ns, told_ns;
	uint64_t warned[3]; /* of each kind of warning: how often */
	bool is_resumed, was_stopped, is_terminal;
};

/* way.c */
int scan_way_find(struct scan_run *run);
/* Whether all targets, as far as is looked, are addresses of this machine. */
bool scan_way_is_own(const struct scan_run *run);

/* crew.c */
int scan_crew_nodes(struct scan_run *run);
/* How many workers, once the nodes are known. */
uint32_t scan_crew_count(const struct scan_run *run);
/* For the answers to one worker. */
uint32_t scan_crew_ring_bytes(const struct scan_run *run);
/* What is said to the engine of connections, where they are the method. */
void scan_crew_connect(struct scan_run *run);

/* cdn.c */
int scan_cdn_open(struct scan_run *run);
/* The engine asks before each question, and all tell on one bus. */
int scan_cdn_use(struct scan_run *run);
/* While a pass runs after which another comes by the same targets. */
void scan_cdn_be_silent(struct scan_run *run, bool is_silent);
/* Whether an event is about a network in front of a target; then it is counted, listed and told. */
bool scan_cdn_take(struct scan_run *run, const struct nw_probe_event *event);
void scan_cdn_tell_end(const struct scan_run *run, const struct nw_probe_counts *counts);
json_t *scan_cdn_json(const struct scan_run *run);
/* Addresses met and left out of a provider (the last one: none), and its name. */
uint32_t scan_cdn_count(const struct scan_run *run);
const char *scan_cdn_at(const struct scan_run *run, uint32_t idx, uint64_t *ret_met,
			uint64_t *ret_left_out);
/* Says what could not be written. */
int scan_cdn_close(struct scan_run *run);

/* card.c */
int scan_card_find(struct scan_run *run);
/* Once the workers are placed: tell, and move if that was asked for. */
int scan_card_use(struct scan_run *run);
/* All is as it was. */
void scan_card_leave(struct scan_run *run);

/* segment.c */
void scan_segment_open(struct scan_run *run);
void scan_segment_write(struct scan_run *run);
/* What was found, and what went wrong, on its way elsewhere. */
void scan_segment_event(struct scan_run *run, const struct nw_probe_event *event);
void scan_segment_close(struct scan_run *run);

/* discover.c */
/* Ask the targets of the local link for their link addresses, if there are any. */
int scan_discover(struct scan_run *run);
/* Hosts of the local link that have not answered. */
uint64_t scan_down_count(const struct scan_run *run);

/* tell.c */
void scan_tell_plan(const struct scan_run *run);
void scan_tell_workers(const struct scan_run *run);
/* Whether an event is about a worker; then it is told as far as somebody watches. */
bool scan_tell_news(struct scan_run *run, const struct nw_probe_event *event);
void scan_tell_end(const struct scan_run *run, const struct nw_probe_counts *counts,
		   double seconds);
int scan_tell_json(const struct scan_run *run, const struct nw_probe_counts *counts,
		   double seconds);

/* run.c */
/* Until it has ended: events, progress, limits. told: what is done with an event. */
void scan_watch(struct scan_run *run, struct nw_probe *probe,
		void (*told)(struct scan_run *run, const struct nw_probe_event *event));
int scan_run(struct scan_options *options, const struct scan_state *resumed);

#endif /* APP_SCAN_SCAN_H */
