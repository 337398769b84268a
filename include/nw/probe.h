/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Scans: questions to many addresses and ports, each from a worker on its node, each answer brought
 * back to the worker that asked.
 *
 * A scan is made of targets and ports; nw_probe_start() starts its crew, events are taken out while
 * it runs, and it ends by itself, or when it is told to stop. What was asked where is a function of
 * the seed and the place, so a scan that was stopped goes on from its position.
 *
 * An answer is believed only if it carries a keyed hash of its question.
 *
 * Scan only what you may. Nothing here keeps you from it: the program `nodewise scan` does.
 */
#ifndef NW_PROBE_H
#define NW_PROBE_H

#include <nw/base.h>
#include <nw/diag.h>
#include <nw/link.h>
#include <nw/news.h>
#include <nw/node.h>
#include <nw/topo.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/* --- What is scanned --- */

/** Addresses, and those among them that are left out. Opaque. */
struct nw_probe_targets;

/** An address: 4 bytes of IPv4 or 16 of IPv6, as they are in packets. */
struct nw_probe_address {
	uint8_t family; /* 4 or 6 */
	unsigned char bytes[16];
};

/** Room that nw_probe_address_text() needs. */
#define NW_PROBE_ADDRESS_TEXT_BYTES 46u

/**
 * Text of an address.
 *
 * @param ret_text  room for NW_PROBE_ADDRESS_TEXT_BYTES
 * @return ret_text
 *
 * Threads: any thread.
 */
NW_API char *nw_probe_address_text(const struct nw_probe_address *address, char *ret_text);

/**
 * Read one address.
 *
 * @return false: text is none
 *
 * Threads: any thread.
 */
NW_API bool nw_probe_address_parse(const char *text, struct nw_probe_address *ret_address)
	NW_MUST_USE;

/**
 * Read an address, a prefix or a range, as nw_probe_targets_add() does.
 *
 * @param ret_first, ret_last  both in it; of one family
 * @return 0
 * @return -EINVAL  it is none of these: reterr_diag says why
 *
 * Threads: any thread.
 */
NW_API int nw_probe_range_parse(const char *text, struct nw_probe_address *ret_first,
				struct nw_probe_address *ret_last, struct nw_diag *reterr_diag)
	NW_MUST_USE;

/**
 * Create an empty set.
 *
 * @return 0
 * @return -ENOMEM
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_probe_targets_destroy().
 */
NW_API int nw_probe_targets_create(struct nw_probe_targets **ret_targets) NW_MUST_USE;

/** Release a set. NULL is a no-op. Threads: when no scan uses it. */
NW_API void nw_probe_targets_destroy(struct nw_probe_targets *targets);

/**
 * Add an address, a prefix (10.0.0.0/8, 2001:db8::/64) or a range (10.0.0.1-10.0.0.9, 10.0.0.1-9).
 *
 * @return 0
 * @return -EINVAL  it is none of these: reterr_diag says why
 * @return -EBUSY   the set is closed
 * @return -ENOMEM
 *
 * Threads: one at a time.
 */
NW_API int nw_probe_targets_add(struct nw_probe_targets *targets, const char *text,
				struct nw_diag *reterr_diag) NW_MUST_USE;

/** Leave addresses out, whenever they are added; else as nw_probe_targets_add(). Threads: one. */
NW_API int nw_probe_targets_exclude(struct nw_probe_targets *targets, const char *text,
				    struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Take out repeats and what is excluded, and number the rest.
 *
 * @return 0
 * @return -E2BIG   more than 2^46 addresses are left
 * @return -EBUSY   it was closed before
 * @return -ENOMEM
 *
 * Threads: one at a time.
 */
NW_API int nw_probe_targets_close(struct nw_probe_targets *targets) NW_MUST_USE;

/** Addresses of a closed set. Threads: any. */
NW_API uint64_t nw_probe_targets_count(const struct nw_probe_targets *targets);

/** A hash of what a closed set holds, however it was written: equal sets have equal ones, so that a
 * scan that goes on notices that its targets changed. Threads: any. */
NW_API uint64_t nw_probe_targets_digest(const struct nw_probe_targets *targets);

/** Addresses that were added and then left out. Threads: any. */
NW_API uint64_t nw_probe_targets_excluded_count(const struct nw_probe_targets *targets);

/** The address of a number below the count. Threads: any. */
NW_API void nw_probe_targets_at(const struct nw_probe_targets *targets, uint64_t number,
				struct nw_probe_address *ret_address);

/** Whether a closed set has an address. Threads: any. */
NW_API bool nw_probe_targets_has(const struct nw_probe_targets *targets,
				 const struct nw_probe_address *address);

/**
 * Add to an open set those addresses of a closed one that lie in a prefix or range.
 *
 * @return as nw_probe_targets_add()
 *
 * Threads: one at a time.
 */
NW_API int nw_probe_targets_add_within(struct nw_probe_targets *targets,
				       const struct nw_probe_targets *from, const char *text,
				       struct nw_diag *reterr_diag) NW_MUST_USE;

/* --- The local link --- */

/** Link addresses of hosts on the local link. Opaque. */
struct nw_probe_neighbours;

/**
 * Create a table in which all are down.
 *
 * @param on_link  closed; borrowed until the table is destroyed
 * @return 0
 * @return -EINVAL  it is not closed
 * @return -E2BIG   more than 2^20 addresses
 * @return -ENOMEM
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_probe_neighbours_destroy().
 */
NW_API int nw_probe_neighbours_create(struct nw_probe_neighbours **ret_neighbours,
				      const struct nw_probe_targets *on_link) NW_MUST_USE;

/** Release a table. NULL is a no-op. Threads: when no scan uses it. */
NW_API void nw_probe_neighbours_destroy(struct nw_probe_neighbours *neighbours);

/**
 * A host is up, and that is its link address.
 *
 * @return false: it is not one of these
 *
 * Threads: one at a time, while no scan uses the table.
 */
NW_API bool nw_probe_neighbours_put(struct nw_probe_neighbours *neighbours,
				    const struct nw_probe_address *address,
				    const unsigned char mac[6]);

/** Hosts that are up. Threads: any. */
NW_API uint64_t nw_probe_neighbours_count(const struct nw_probe_neighbours *neighbours);

/* --- A scan --- */

/** A scan. Opaque. */
struct nw_probe;

/** Limits. */
#define NW_PROBE_WORKERS_MAX 64u
#define NW_PROBE_TRIES_MAX   16u

/** Events that a worker may have on the way. */
#define NW_PROBE_NEWS_SLOTS 32768u

/** How it is asked. */
enum nw_probe_method {
	NW_PROBE_FRAMES = 0, /* frames of the worker's own: TCP SYN, UDP, echo; CAP_NET_RAW */
	NW_PROBE_CONNECT,    /* connections of the kernel's: TCP alone, no privileges */
	NW_PROBE_NEIGHBOURS  /* hosts alone, for their link addresses: ARP, neighbour discovery */
};

/**
 * Says whether a target may be asked: called by a worker before each question, and nothing goes to
 * a target that it says no to. It must say the same of a target each time.
 *
 * @param is_first  true for one of the questions to each target, hence once for each that the scan
 *                  comes by; not where a question is asked again
 *
 * What it tells of it may be told by that worker's producer of the bus: one event at the most.
 *
 * Threads: each worker's, at the same time.
 */
typedef bool nw_probe_admit_fn(void *context, uint32_t worker_idx,
			       const struct nw_probe_address *target, bool is_first);

/** What a scan is told; zero means the default in brackets. Borrowed for the call, but for topo and
 * targets, which are borrowed until it is destroyed. */
struct nw_probe_options {
	const struct nw_topo *topo;
	const uint32_t *node_idxs; /* [all] */
	uint32_t node_idx_count;
	uint32_t worker_count; /* [1] */
	bool no_pin;

	const struct nw_probe_targets *targets; /* closed */
	const char *ports;                      /* "80,1-1024,U:53"; NULL: hosts alone, by echo */
	enum nw_probe_method method;
	const char *interface; /* through which; NULL, of connections: the route's */
	struct nw_probe_address source_ipv4, source_ipv6; /* family 0: that family is not scanned;
							     of connections: the route's */
	unsigned char next_hop[6];                        /* link address of the router */
	const struct nw_probe_neighbours *neighbours; /* NULL, or who is on the local link: borrowed
							 as targets are */
	uint32_t line_count;                          /* [1024] of connections: at once, a worker */
	bool no_uring;                                /* of connections: by epoll */
	bool wants_banners; /* open ports of TCP are connected to and heard */
	uint64_t banner_ns; /* [5 s] for one of them, at the most */
	uint16_t source_port_first, source_port_last; /* [61000, 65535] */

	uint64_t rate_per_s; /* questions, repetitions included; 0: as fast as it goes */
	uint32_t try_count;  /* [1] askings of what does not answer */
	uint64_t delay_ns;   /* [1 s] from one asking to the next */
	uint64_t wait_ns;    /* for answers after the last question; 0 is 0 */
	uint64_t seed;       /* of the order and, with key, of the cookies */
	uint64_t key[2];     /* secret; all zero is not allowed */
	uint32_t shard_idx, shard_count; /* [0, 1] of several machines that share a scan */
	const uint64_t *positions; /* [worker_count] of nw_probe_positions(); NULL: the start */
	uint32_t ring_bytes;       /* [32 MiB] for answers, a worker */
	enum nw_link_path path;    /* of frames; worker i has queue i where that counts */
	nw_probe_admit_fn *admit;  /* [all may be asked] */
	void *admit_context;
	struct nw_news *news; /* NULL: one of its own; else borrowed as targets are, worker i being
				 producer i of it; NW_PROBE_NEWS_SLOTS at least */
};

/** What an event is about. */
enum nw_probe_event_kind {
	NW_PROBE_OPEN = 1,    /* a port answers */
	NW_PROBE_CLOSED,      /* a port refuses */
	NW_PROBE_UNREACHABLE, /* a router or a host says that it cannot be reached */
	NW_PROBE_UP,          /* a host answers an echo, or for its link address */
	NW_PROBE_BANNER,      /* a service has said something: `banner` */
	NW_PROBE_STARTED,     /* a worker begins: its first event */
	NW_PROBE_PROGRESS,    /* a worker has done with `count` questions; about once a second */
	NW_PROBE_WARNING,     /* `warning` says of what, `count` how often since the last one */
	NW_PROBE_FINISHED     /* a worker has ended: its last event */
};

/** What a warning is about. */
enum nw_probe_warning {
	NW_PROBE_WARNING_DROPPED = 1, /* answers that the kernel had no room for: they are lost */
	NW_PROBE_WARNING_FULL /* the interface, or the system, took no more: it is tried again */
};

/** Bytes that are kept of what a service says. */
#define NW_PROBE_BANNER_BYTES 1024u

/** What a service has said. Texts end with 0; they and bytes may hold any others. */
struct nw_probe_banner {
	char service[16];  /* "http", "ssh", "smtp", "tls", ...; "": not known */
	char product[128]; /* as it names itself, "" where it does not */
	char title[128];   /* of a page */
	uint16_t status;   /* of HTTP; 0: none */
	uint16_t n_bytes;
	bool is_cut; /* it said more */
	bool has_tls;
	char tls_version[16], tls_cipher[48];
	char tls_subject[256], tls_issuer[256];     /* names, RFC 2253 */
	char tls_names[512];                        /* of the alternative names, spaces between */
	char tls_not_before[24], tls_not_after[24]; /* 2026-11-30T08:00:00Z */
	char tls_fingerprint[65];                   /* SHA-256, in hexadecimal */
	unsigned char bytes[NW_PROBE_BANNER_BYTES]; /* n_bytes of them */
};

/** One thing that was found, laid over struct nw_news_event: 64 bytes. */
struct nw_probe_event {
	uint64_t wall_ns; /* nw_news_now_ns() */
	uint8_t engine;   /* NW_NEWS_PROBE; another: of somebody else on a bus that is shared */
	uint8_t kind;     /* enum nw_probe_event_kind */
	uint8_t worker_idx;
	uint8_t is_udp;
	struct nw_probe_address target;
	struct nw_probe_address from; /* another, where a router answered */
	uint16_t port;
	uint8_t hops; /* left of the answer's */
	uint8_t icmp_type, icmp_code;
	bool by_connect; /* a connection was asked for, not a frame sent */
	uint8_t warning; /* enum nw_probe_warning */
	uint8_t unused;
	uint16_t error; /* of NW_PROBE_UNREACHABLE by a connection: errno, and no `from` */
	union {
		const struct nw_probe_banner *banner; /* lent until the next nw_probe_take() */
		unsigned char mac[6];                 /* of NW_PROBE_NEIGHBOURS */
		uint64_t count;                       /* of progress and warnings */
	};
};

/** What a scan counts. */
struct nw_probe_counts {
	uint64_t place_count; /* things to ask, of this shard */
	uint64_t asked;       /* at least once */
	uint64_t sent;        /* with repetitions */
	uint64_t open, closed, unreachable, up;
	uint64_t down;       /* not asked: the host is on the local link and did not answer there */
	uint64_t left_out;   /* not asked: the target must not be */
	uint64_t banners;    /* services that said something */
	uint64_t timed_out;  /* askings that had no answer in their time */
	uint64_t duplicates; /* answers to what was answered */
	uint64_t forged;     /* of the right shape, with the wrong cookie */
	uint64_t other;      /* frames that answer nothing that was asked */
	uint64_t handed_over;  /* answers that another worker had asked for */
	uint64_t received;     /* frames */
	uint64_t received_xdp; /* of them by AF_XDP */
	uint64_t dropped;      /* by the kernel, for want of room: answers that were lost */
	uint64_t full;         /* times the interface took no more */
};

/**
 * A hash of what a scan would ask: its targets, ports (as they are written) and shard. One that
 * goes on notices by it that it is another one.
 *
 * Threads: any thread.
 */
NW_API uint64_t nw_probe_digest(const struct nw_probe_options *options);

/**
 * Prepare a scan: check all that can be checked without starting a thread.
 *
 * @return 0
 * @return -EINVAL  reterr_diag says what is wrong
 * @return -E2BIG   more questions than can be numbered
 * @return -ENOMEM
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_probe_destroy().
 */
NW_API int nw_probe_create(struct nw_probe **ret_probe, const struct nw_probe_options *options,
			   struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Start the workers; returns when each has its link open.
 *
 * @return 0
 * @return -EPERM, -ENODEV, ...  as nw_link_open() and nw_crew_start(): reterr_diag says more
 *
 * Threads: the caller's of nw_probe_create(), once.
 */
NW_API int nw_probe_start(struct nw_probe *probe, struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Take out what was found. A scan whose events are not taken out stops sending until they are:
 * nothing is lost. What others tell on a bus that is shared comes with them: see `engine`.
 *
 * @param ret_events  room for count
 * @return how many
 *
 * Threads: one at a time.
 * Progress: does not wait.
 */
NW_API uint32_t nw_probe_take(struct nw_probe *probe, struct nw_probe_event *ret_events,
			      uint32_t count);

/**
 * Whether all workers have ended. Events may still be there to be taken out.
 *
 * Threads: any thread.
 */
NW_API bool nw_probe_is_over(const struct nw_probe *probe);

/** Ask no more; wait for answers as long as was said, then end. Threads: any; async-signal-safe. */
NW_API void nw_probe_stop(struct nw_probe *probe);

/** What was counted so far. Threads: any. */
NW_API void nw_probe_counts(const struct nw_probe *probe, struct nw_probe_counts *ret_counts);

/** What one worker has counted so far. Threads: any, once started. */
NW_API void nw_probe_worker_counts(const struct nw_probe *probe, uint32_t worker_idx,
				   struct nw_probe_counts *ret_counts);

/**
 * How far each worker has come: all before was asked as often as it is going to be.
 *
 * @param ret_positions  room for worker_count
 *
 * Threads: any thread.
 */
NW_API void nw_probe_positions(const struct nw_probe *probe, uint64_t *ret_positions);

/** Node, binding and pinning of one worker. */
struct nw_probe_worker {
	nw_node node;   /* of its frames, as the kernel was asked */
	bool is_bound;  /* they are there by policy */
	bool is_pinned; /* it runs on one CPU of its node */
	bool bypasses;  /* past the queueing discipline */
	nw_cpu cpu;
	const char *how;                /* lent: "sendmmsg", "io_uring", "epoll" and why */
	const char *why;                /* lent: why frames are sent so; NULL of connections */
	const char *receives;           /* lent: "AF_XDP" or "TPACKET_V3"; NULL of connections */
	const char *receives_why;       /* lent */
	uint16_t port_first, port_last; /* its slice of source ports */
};

/** What one worker got. Threads: any, once started. */
NW_API void nw_probe_worker(const struct nw_probe *probe, uint32_t worker_idx,
			    struct nw_probe_worker *ret_worker);

/** Wait for the workers to end, and release all. NULL is a no-op. Threads: none else is in it. */
NW_API void nw_probe_destroy(struct nw_probe *probe);

NW_END_DECLS

#endif /* NW_PROBE_H */
