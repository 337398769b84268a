/* SPDX-License-Identifier: MIT */
/* Answers of the DNS, read as far as the chain of a name needs; names are expanded by c-ares. */
#include "cdn/ask_chain.h"

#include <ares.h>
#include <assert.h>
#include <string.h>

enum { HEADER_BYTES = 12, RECORD_BYTES = 10, CLASS_IN = 1 };

struct record {
	uint16_t type;
	uint32_t ttl_s;
	char owner[NWI_HOST_BYTES];
	const unsigned char *data;
	uint16_t data_bytes;
};

struct message {
	const unsigned char *bytes, *at;
	size_t n_bytes;
	uint32_t left; /* records */
	bool is_broken;
};

void nwi_chain_init(struct nwi_chain *path, const char *name)
{
	memset(path, 0, offsetof(struct nwi_chain, texts));
	nwi_texts_init(&path->texts);
	path->ttl_s = UINT32_MAX;
	path->name = nwi_texts_add_name(&path->texts, name, strlen(name));
}

const char *nwi_chain_last(const struct nwi_chain *path)
{
	uint32_t at = path->cname_count ? path->cnames[path->cname_count - 1] : path->name;

	return nwi_texts_at(&path->texts, at);
}

size_t nwi_chain_bytes(const struct nwi_chain *path)
{
	return offsetof(struct nwi_chain, texts.bytes) + path->texts.used;
}

const char *nwi_chain_end_text(enum nwi_chain_end end)
{
	static const char *const texts[] = {
		[NWI_CHAIN_NOT_ASKED] = "not asked",
		[NWI_CHAIN_FOUND] = "found",
		[NWI_CHAIN_NO_NAME] = "there is no such name",
		[NWI_CHAIN_NO_DATA] = "the name has no such record",
		[NWI_CHAIN_LOOP] = "its CNAMEs go round, or on for more than 8",
		[NWI_CHAIN_REFUSED] = "the name servers refuse or fail",
		[NWI_CHAIN_SILENT] = "no name server answers in time",
		[NWI_CHAIN_BROKEN] = "the name server's answer cannot be read",
		[NWI_CHAIN_SPENT] = "the budget is spent",
	};

	return texts[end];
}

/* --- Messages --- */

static uint16_t get16(const unsigned char *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const unsigned char *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static size_t left(const struct message *message)
{
	return message->n_bytes - (size_t)(message->at - message->bytes);
}

/* Expands the name at a place; one that is not of a host is "". false: it cannot be read. */
static bool read_name(const struct message *message, const unsigned char *at, char *ret_host,
		      long *ret_bytes)
{
	const char *reason;
	char *name = NULL;

	if (ares_expand_name(at, message->bytes, (int)message->n_bytes, &name, ret_bytes) !=
	    ARES_SUCCESS)
		return false;
	if (!nwi_host_read(name, strlen(name), true, ret_host, &reason))
		ret_host[0] = '\0';
	ares_free_string(name);
	return true;
}

static bool skip_question(struct message *message)
{
	char host[NWI_HOST_BYTES];
	long n;

	if (left(message) == 0 || !read_name(message, message->at, host, &n) ||
	    left(message) < (size_t)n + 4)
		return false;
	message->at += n + 4;
	return true;
}

static bool break_off(struct message *message)
{
	message->is_broken = true;
	return false;
}

/* The next record of class IN. false: there is none, or no sense in the rest. */
static bool next_record(struct message *message, struct record *ret_record)
{
	while (message->left > 0) {
		uint16_t class;
		long n;

		message->left--;
		if (left(message) == 0 || !read_name(message, message->at, ret_record->owner, &n) ||
		    left(message) < (size_t)n + RECORD_BYTES)
			return break_off(message);
		message->at += n;
		ret_record->type = get16(message->at);
		class = get16(message->at + 2);
		ret_record->ttl_s = get32(message->at + 4);
		ret_record->data_bytes = get16(message->at + 8);
		message->at += RECORD_BYTES;
		if (left(message) < ret_record->data_bytes)
			return break_off(message);
		ret_record->data = message->at;
		message->at += ret_record->data_bytes;
		if (class == CLASS_IN)
			return true;
	}
	return false;
}

/* false: it is no answer. */
static bool open_message(struct message *ret_message, const unsigned char *bytes, size_t n_bytes)
{
	uint32_t questions;

	*ret_message = (struct message){ bytes, bytes + HEADER_BYTES, n_bytes, 0, false };
	if (n_bytes < HEADER_BYTES || n_bytes > UINT16_MAX || !(bytes[2] & 0x80))
		return false;
	questions = get16(bytes + 4);
	ret_message->left = get16(bytes + 6);
	if (ret_message->left > NWI_CHAIN_RECORDS)
		ret_message->left = NWI_CHAIN_RECORDS;
	if (questions > 1)
		return false;
	return questions == 0 || skip_question(ret_message);
}

/* --- The chain --- */

static bool meets_itself(const struct nwi_chain *path, const char *name)
{
	if (strcmp(nwi_texts_at(&path->texts, path->name), name) == 0)
		return true;
	for (unsigned i = 0; i < path->cname_count; i++)
		if (strcmp(nwi_texts_at(&path->texts, path->cnames[i]), name) == 0)
			return true;
	return false;
}

static void note_ttl(struct nwi_chain *path, const struct record *record)
{
	if (record->ttl_s < path->ttl_s)
		path->ttl_s = record->ttl_s;
}

/* false: the chain ends here, badly. */
static bool add_cname(struct nwi_chain *path, const struct message *message,
		      const struct record *record)
{
	char host[NWI_HOST_BYTES];
	uint32_t at;
	long n;

	if (record->data_bytes == 0 || !read_name(message, record->data, host, &n) || !host[0]) {
		path->end = NWI_CHAIN_BROKEN;
		return false;
	}
	if (path->cname_count == NWI_CHAIN_STEPS || meets_itself(path, host)) {
		path->end = NWI_CHAIN_LOOP;
		return false;
	}
	at = nwi_texts_add_name(&path->texts, host, strlen(host));
	if (!at) {
		path->end = NWI_CHAIN_BROKEN;
		return false;
	}
	path->cnames[path->cname_count++] = at;
	note_ttl(path, record);
	return true;
}

/* Whether the answer takes the chain one step on from its last name. */
static bool step(struct nwi_chain *path, struct message message)
{
	struct record record;

	while (next_record(&message, &record))
		if (record.type == NWI_DNS_CNAME && strcmp(record.owner, nwi_chain_last(path)) == 0)
			return add_cname(path, &message, &record);
	return false;
}

static bool has_address(const struct nwi_chain *path, const struct nw_cdn_address *address)
{
	for (unsigned i = 0; i < path->address_count; i++)
		if (memcmp(&path->addresses[i], address, sizeof(*address)) == 0)
			return true;
	return false;
}

static void add_address(struct nwi_chain *path, const struct record *record, uint16_t n_bytes)
{
	struct nw_cdn_address address = { .family = n_bytes == 4 ? 4 : 6 };

	if (record->data_bytes != n_bytes || path->address_count == NWI_CHAIN_ADDRESSES)
		return;
	memcpy(address.bytes, record->data, n_bytes);
	if (!has_address(path, &address))
		path->addresses[path->address_count++] = address;
}

static void add_value(struct nwi_chain *path, uint32_t text, uint16_t preference)
{
	if (text && path->value_count < NWI_CHAIN_VALUES)
		path->values[path->value_count++] = (struct nwi_chain_value){ text, preference };
}

static void add_host(struct nwi_chain *path, const struct message *message,
		     const struct record *record, unsigned skip)
{
	char host[NWI_HOST_BYTES];
	long n;

	if (record->data_bytes <= skip || !read_name(message, record->data + skip, host, &n))
		return;
	add_value(path, nwi_texts_add_name(&path->texts, host, strlen(host)),
		  skip ? get16(record->data) : 0);
}

/* The pieces of a text are one text. */
static void add_text(struct nwi_chain *path, const struct record *record)
{
	char text[2048];
	size_t used = 0;

	for (uint32_t i = 0; i < record->data_bytes;) {
		uint32_t n = record->data[i++];

		if (n > record->data_bytes - i || used + n > sizeof(text))
			break;
		memcpy(text + used, record->data + i, n);
		used += n;
		i += n;
	}
	add_value(path, nwi_texts_add(&path->texts, text, used), 0);
}

static void add_record(struct nwi_chain *path, const struct message *message,
		       const struct record *record)
{
	switch (record->type) {
	case NWI_DNS_A:
		add_address(path, record, 4);
		break;
	case NWI_DNS_AAAA:
		add_address(path, record, 16);
		break;
	case NWI_DNS_PTR:
		add_host(path, message, record, 0);
		break;
	case NWI_DNS_MX:
		add_host(path, message, record, 2);
		break;
	default:
		add_text(path, record);
		break;
	}
	note_ttl(path, record);
}

/* What hangs on the chain's end. false: some of the answer cannot be read. */
static bool gather(struct nwi_chain *path, enum nwi_dns_type type, struct message message)
{
	struct record record;

	while (next_record(&message, &record))
		if (record.type == type && strcmp(record.owner, nwi_chain_last(path)) == 0)
			add_record(path, &message, &record);
	return !message.is_broken;
}

/* Whether the answer itself says that there is nothing more: with the SOA of who knows it. */
static bool is_last_word(struct message message, const unsigned char *bytes)
{
	struct record record;

	while (next_record(&message, &record))
		;
	message.left = message.is_broken ? 0 : get16(bytes + 8);
	while (next_record(&message, &record))
		if (record.type == NWI_DNS_SOA)
			return true;
	return false;
}

bool nwi_chain_read(struct nwi_chain *path, enum nwi_dns_type type, const unsigned char *bytes,
		    size_t n_bytes)
{
	unsigned count = path->cname_count;
	struct message message;
	bool is_whole;

	assert(type != NWI_DNS_CNAME);
	path->end = NWI_CHAIN_NO_DATA;
	if (!open_message(&message, bytes, n_bytes)) {
		path->end = NWI_CHAIN_BROKEN;
		return false;
	}
	while (step(path, message))
		;
	if (path->end != NWI_CHAIN_NO_DATA)
		return false;
	is_whole = gather(path, type, message);
	if (path->address_count > 0 || path->value_count > 0) {
		path->end = NWI_CHAIN_FOUND;
		return false;
	}
	if ((bytes[3] & 0x0f) == 3) {
		path->end = NWI_CHAIN_NO_NAME;
		return false;
	}
	if (path->cname_count > count && !is_last_word(message, bytes))
		return true;
	if (!is_whole)
		path->end = NWI_CHAIN_BROKEN;
	return false;
}
