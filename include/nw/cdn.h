/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Who stands in front of an address: a content network, a firewall, a cloud, or nobody.
 *
 * Providers are dated data files. What is known of a target (its address, its AS, the names and
 * answers it gave) is put into a struct nw_cdn_seen by whoever asked; nw_cdn_classify() weighs it
 * and says who, how sure, and because of what. Nothing here asks the network anything.
 *
 * Each piece of evidence has a weight in log-odds against "nobody". Those of one group (address,
 * names, answers) depend on each other, so a group's sum is capped; the groups are added, and the
 * sums of all providers become one probability.
 */
#ifndef NW_CDN_H
#define NW_CDN_H

#include <nw/base.h>
#include <nw/diag.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** Data of all providers, loaded; does not change until it is closed. Opaque. */
struct nw_cdn;

/** What stands there. CDN and WAF are fronts: what they answer comes from a machine behind. */
enum nw_cdn_kind {
	NW_CDN_NONE,
	NW_CDN_CDN,
	NW_CDN_WAF,
	NW_CDN_CLOUD_LB,
	NW_CDN_CLOUD_VM,
	NW_CDN_STORAGE,
	NW_CDN_HOSTING,
	NW_CDN_DNS,
	NW_CDN_KIND_COUNT
};

/** "none", "cdn", "waf", "cloud-lb", "cloud-vm", "storage", "hosting", "dns". Threads: any. */
NW_API const char *nw_cdn_kind_name(enum nw_cdn_kind kind);

/** Whether a kind stands in front of others: CDN and WAF. Threads: any. */
NW_API bool nw_cdn_kind_is_front(enum nw_cdn_kind kind);

/** An address: 4 bytes of IPv4 or 16 of IPv6, as they are in packets; as nw_probe_address. */
struct nw_cdn_address {
	uint8_t family; /* 4, 6, or 0: absent */
	unsigned char bytes[16];
};

/** Room that nw_cdn_address_text() needs. */
#define NW_CDN_ADDRESS_TEXT_BYTES 46u

/** Text of an address, in a room of NW_CDN_ADDRESS_TEXT_BYTES; returns that. Threads: any. */
NW_API char *nw_cdn_address_text(const struct nw_cdn_address *address, char *ret_text);

/**
 * Read one address. One of IPv4 inside of IPv6 (::ffff:1.2.3.4) is the one of IPv4.
 *
 * @return false: text is none
 *
 * Threads: any.
 */
NW_API bool nw_cdn_address_parse(const char *text, struct nw_cdn_address *ret_address) NW_MUST_USE;

/**
 * Read a prefix, as 10.0.0.0/8; an address is one of its full length. Bits below it are cleared.
 *
 * @param ret_bits  its length
 * @return false: text is none
 *
 * Threads: any.
 */
NW_API bool nw_cdn_prefix_parse(const char *text, struct nw_cdn_address *ret_address,
				uint8_t *ret_bits) NW_MUST_USE;

/* --- Data --- */

/** Where data is; NULL: not there. */
struct nw_cdn_options {
	const char *folder;   /* every *.yaml in it is a provider's */
	const char *newer;    /* a folder whose files go before those of the same name; or absent */
	const char *asn_path; /* .mmdb, or iptoasn's .tsv or .tsv.gz; NULL: asn.tsv of newer or of
				 folder, where there is one */
};

/**
 * Load every provider's file of a folder, and the table of ASes.
 *
 * @return 0
 * @return -EINVAL   a file is malformed: reterr_diag names it and its line
 * @return -ENOENT   no such folder or file, or no provider in the folder
 * @return -ENOTSUP  an .mmdb, and this build has no libmaxminddb
 * @return -ENOMEM
 * @return other negative errno  a file cannot be read
 *
 * Threads: any.
 * Owner:   the caller; release with nw_cdn_close().
 */
NW_API int nw_cdn_open(struct nw_cdn **ret_cdn, const struct nw_cdn_options *options,
		       struct nw_diag *reterr_diag) NW_MUST_USE;

/** One provider's file in memory. */
struct nw_cdn_file {
	const char *name; /* for messages */
	const char *text; /* need not end with 0 */
	size_t n_bytes;
};

/**
 * Load from memory; as nw_cdn_open().
 *
 * @param asn_path  may be NULL
 *
 * Threads: any.
 * Owner:   the caller; release with nw_cdn_close(). Files are borrowed for the call.
 */
NW_API int nw_cdn_load(struct nw_cdn **ret_cdn, const struct nw_cdn_file *files, uint32_t count,
		       const char *asn_path, struct nw_diag *reterr_diag) NW_MUST_USE;

/** Release. NULL is a no-op. Threads: when nobody uses it. */
NW_API void nw_cdn_close(struct nw_cdn *cdn);

/** A provider, lent until the data is closed. */
struct nw_cdn_provider {
	const char *name, *title;
	enum nw_cdn_kind kind;
	const char *oldest, *newest; /* dates of its lists, 2025-07-25; NULL: it has none */
	uint32_t prefix4_count, prefix6_count, list_count, asn_count, pattern_count;
};

/** How many there are. Threads: any. */
NW_API uint32_t nw_cdn_provider_count(const struct nw_cdn *cdn);

/** The idx-th, in the order of their names. Threads: any. */
NW_API void nw_cdn_provider_at(const struct nw_cdn *cdn, uint32_t idx,
			       struct nw_cdn_provider *ret_provider);

/** Whether there is one of this name, and its position (ret_idx may be NULL). Threads: any. */
NW_API bool nw_cdn_provider(const struct nw_cdn *cdn, const char *name, uint32_t *ret_idx);

/** A list of prefixes of a provider, lent until the data is closed. */
struct nw_cdn_list {
	const char *provider, *source, *date;
	enum nw_cdn_kind kind;
	uint32_t prefix4_count, prefix6_count;
};

/** Lists of all providers. Threads: any. */
NW_API uint32_t nw_cdn_list_count(const struct nw_cdn *cdn);

/** The idx-th list; those of one provider follow each other. Threads: any. */
NW_API void nw_cdn_list_at(const struct nw_cdn *cdn, uint32_t idx, struct nw_cdn_list *ret_list);

/** What the data takes: the table of prefixes alone, and how long that took to make. Threads: any.
 */
NW_API void nw_cdn_table_cost(const struct nw_cdn *cdn, uint64_t *ret_bytes, uint64_t *ret_ns);

/* --- Addresses alone --- */

/** A prefix of a list, lent until the data is closed. */
struct nw_cdn_range {
	const char *provider, *source, *date;
	enum nw_cdn_kind kind;
	uint8_t bits;
	struct nw_cdn_address address;
};

/**
 * The longest prefix that an address lies in. Of two lists with the same prefix, the one with the
 * greater weight has it, then the later one, then the one whose provider's name comes first.
 *
 * @return its number, 0: in none
 *
 * Threads: any. Progress: wait-free.
 * Cost:    no allocation; `nodewise bench cdn` measures it
 */
NW_API uint32_t nw_cdn_find(const struct nw_cdn *cdn, const struct nw_cdn_address *address);

/** The same for an address of IPv4 as a number, 0x01020304 for 1.2.3.4. Threads: any. */
NW_API uint32_t nw_cdn_find4(const struct nw_cdn *cdn, uint32_t address);

/** The same for many. Threads: any. */
NW_API void nw_cdn_find_burst(const struct nw_cdn *cdn, const struct nw_cdn_address *addresses,
			      uint32_t count, uint32_t *ret_numbers);

/** Prefixes there are: their numbers are 1 to this, in ascending order. Threads: any. */
NW_API uint32_t nw_cdn_range_count(const struct nw_cdn *cdn);

/** The prefix of a number above 0. Threads: any. */
NW_API void nw_cdn_range(const struct nw_cdn *cdn, uint32_t number, struct nw_cdn_range *ret_range);

/** The AS that announces an address, 0: not known. Threads: any. */
NW_API uint32_t nw_cdn_asn(const struct nw_cdn *cdn, const struct nw_cdn_address *address);

/* --- All that is known --- */

/** A certificate; text is borrowed, NULL: not there. */
struct nw_cdn_certificate {
	const char *subject_cn, *issuer_o, *issuer_cn;
	const char *const *sans;
	uint32_t san_count;
};

struct nw_cdn_header {
	const char *name, *value;
};

/** What was asked for at all: what is absent is evidence only where one asked. */
enum {
	NW_CDN_ASKED_PTR = 1 << 0,
	NW_CDN_ASKED_CNAME = 1 << 1,
	NW_CDN_ASKED_HEADERS = 1 << 2,
	NW_CDN_ASKED_CERT = 1 << 3,
	NW_CDN_ASKED_DEFAULT_CERT = 1 << 4,
};

/** What is known of a target; all of it borrowed. */
struct nw_cdn_seen {
	struct nw_cdn_address address; /* family 0: a name without one */
	uint32_t asn;                  /* 0: looked up in the table of ASes */
	uint32_t asked;                /* NW_CDN_ASKED_... */
	const char *ptr;
	bool is_ptr_confirmed; /* the name's own address is this one */
	const char *const *cnames;
	uint32_t cname_count;
	const struct nw_cdn_header *headers;
	uint32_t header_count;
	const struct nw_cdn_certificate *cert;         /* with the name */
	const struct nw_cdn_certificate *default_cert; /* without a name */
};

enum nw_cdn_evidence_kind {
	NW_CDN_BY_RANGE,
	NW_CDN_BY_ASN,
	NW_CDN_BY_PTR,
	NW_CDN_BY_CNAME,
	NW_CDN_BY_HEADER,
	NW_CDN_BY_CERT,
	NW_CDN_BY_DEFAULT_CERT,
};

/** "range", "asn", "ptr", "cname", "header", "cert", "default-cert". Threads: any. */
NW_API const char *nw_cdn_evidence_name(enum nw_cdn_evidence_kind kind);

enum {
	NW_CDN_EVIDENCE_MAX = 24,
	NW_CDN_BEHIND_MAX = 4,
	NW_CDN_EVIDENCE_TEXT_BYTES = 104,
};

struct nw_cdn_evidence {
	enum nw_cdn_evidence_kind kind;
	const char *provider; /* lent until the data is closed */
	double log_odds;      /* for it; below 0: against it */
	char text[NW_CDN_EVIDENCE_TEXT_BYTES];
};

struct nw_cdn_answer {
	const char *provider, *title; /* "none": nobody; lent until the data is closed */
	uint32_t provider_idx;        /* UINT32_MAX: none */
	enum nw_cdn_kind kind;
	double probability;       /* that this provider, or none, is right */
	double front_probability; /* that a CDN or WAF, whichever, stands there */
	bool is_decided;          /* nothing else that could be asked is likely to change it */
	uint32_t asn;             /* 0: not known */
	uint32_t range;           /* as of nw_cdn_find() */
	const char *behind[NW_CDN_BEHIND_MAX]; /* others whose traces came through the front */
	uint32_t behind_count;
	struct nw_cdn_evidence evidence[NW_CDN_EVIDENCE_MAX]; /* strongest of each group first */
	uint32_t evidence_count;
};

/**
 * Weigh all that is known of a target.
 *
 * Threads: any. Progress: wait-free.
 * Cost:    no allocation, no system call; `nodewise bench cdn` measures it
 */
NW_API void nw_cdn_classify(const struct nw_cdn *cdn, const struct nw_cdn_seen *seen,
			    struct nw_cdn_answer *ret_answer);

NW_END_DECLS

#endif /* NW_CDN_H */
