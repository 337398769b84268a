/* SPDX-License-Identifier: MIT */
/* Headers line by line, certificates by OpenSSL. */
#include "cdn/ask_reply.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

void nwi_reply_init(struct nwi_reply *page)
{
	memset(page, 0, offsetof(struct nwi_reply, texts));
	nwi_texts_init(&page->texts);
}

size_t nwi_reply_bytes(const struct nwi_reply *page)
{
	return offsetof(struct nwi_reply, texts.bytes) + page->texts.used;
}

const char *nwi_reply_end_text(enum nwi_reply_end end)
{
	static const char *const texts[] = {
		[NWI_REPLY_NOT_ASKED] = "not asked",
		[NWI_REPLY_FOUND] = "answered",
		[NWI_REPLY_REFUSED] = "no connection",
		[NWI_REPLY_SILENT] = "no answer in time",
		[NWI_REPLY_NO_TLS] = "no TLS handshake",
		[NWI_REPLY_CUT] = "headers beyond 64 KiB or 128 lines",
		[NWI_REPLY_HUNG_UP] = "it hangs up without an answer",
		[NWI_REPLY_BROKEN] = "no answer in HTTP that can be read",
		[NWI_REPLY_SPENT] = "the budget is spent",
	};

	return texts[end];
}

/* --- Headers --- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static void trim(const char **text, size_t *n_bytes)
{
	while (*n_bytes > 0 && is_space(**text)) {
		(*text)++;
		(*n_bytes)--;
	}
	while (*n_bytes > 0 && is_space((*text)[*n_bytes - 1]))
		(*n_bytes)--;
}

/* "HTTP/1.1 200 OK": what came before was of an answer that only announced this one. */
static void begin(struct nwi_reply *page, const char *line, size_t n_bytes)
{
	const char *space = memchr(line, ' ', n_bytes);
	unsigned status = 0;

	page->header_count = 0;
	for (const char *c = space ? space + 1 : line + n_bytes;
	     c < line + n_bytes && *c >= '0' && *c <= '9' && status < 1000; c++)
		status = status * 10 + (unsigned)(*c - '0');
	page->status = (uint16_t)(status < 1000 ? status : 0);
}

static bool is_cookie(const char *name, size_t name_bytes)
{
	return name_bytes == 10 && strncasecmp(name, "set-cookie", 10) == 0;
}

/* Cookies by their names alone, as recordings have them: what is in them is nobody's business. */
static void add_cookie(struct nwi_reply *page, const char *value, size_t value_bytes)
{
	static const char name[] = "set-cookie-names";
	const char *equals = memchr(value, '=', value_bytes);
	struct nwi_reply_header header;

	header.name = nwi_texts_add(&page->texts, name, sizeof(name) - 1);
	header.value = nwi_texts_add(&page->texts, value, equals ? (size_t)(equals - value) : 0);
	if (header.name && header.value)
		page->headers[page->header_count++] = header;
}

static void add_header(struct nwi_reply *page, const char *line, const char *colon, size_t n_bytes)
{
	const char *value = colon + 1;
	size_t name_bytes = (size_t)(colon - line), value_bytes = n_bytes - name_bytes - 1;
	struct nwi_reply_header header;

	trim(&line, &name_bytes);
	trim(&value, &value_bytes);
	if (is_cookie(line, name_bytes)) {
		add_cookie(page, value, value_bytes);
		return;
	}
	header.name = nwi_texts_add_name(&page->texts, line, name_bytes);
	header.value = nwi_texts_add(&page->texts, value, value_bytes);
	if (header.name)
		page->headers[page->header_count++] = header;
}

bool nwi_reply_add_line(struct nwi_reply *page, const char *line, size_t n_bytes)
{
	const char *colon;

	while (n_bytes > 0 && (line[n_bytes - 1] == '\n' || line[n_bytes - 1] == '\r'))
		n_bytes--;
	page->header_bytes += (uint32_t)n_bytes + 2;
	if (page->header_bytes > NWI_REPLY_HEADER_BYTES)
		return false;
	if (n_bytes >= 5 && strncasecmp(line, "HTTP/", 5) == 0) {
		begin(page, line, n_bytes);
		return true;
	}
	colon = memchr(line, ':', n_bytes);
	if (!colon || colon == line)
		return true;
	if (page->header_count == NWI_REPLY_HEADERS)
		return false;
	add_header(page, line, colon, n_bytes);
	return true;
}

/* --- Certificates --- */

/* The first entry of that kind, in UTF-8. */
static uint32_t add_entry(struct nwi_texts *texts, const X509_NAME *name, int nid)
{
	int at = X509_NAME_get_index_by_NID((X509_NAME *)name, nid, -1);
	unsigned char *text = NULL;
	uint32_t position;
	int n;

	if (at < 0)
		return 0;
	n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (n < 0)
		return 0;
	position = nwi_texts_add(texts, (char *)text, (size_t)n);
	OPENSSL_free(text);
	return position;
}

static void add_sans(struct nwi_reply *page, X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	struct nwi_reply_cert *cert = &page->cert;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		char host[NWI_HOST_BYTES];
		const char *reason;

		if (name->type != GEN_DNS ||
		    !nwi_host_read((const char *)ASN1_STRING_get0_data(name->d.dNSName),
				   (size_t)ASN1_STRING_length(name->d.dNSName), true, host,
				   &reason))
			continue;
		if (cert->san_count == NWI_REPLY_SANS) {
			cert->is_cut = true;
			break;
		}
		cert->sans[cert->san_count] = nwi_texts_add(&page->texts, host, strlen(host));
		if (cert->sans[cert->san_count])
			cert->san_count++;
		else
			cert->is_cut = true;
	}
	GENERAL_NAMES_free(names);
}

static bool add_digests(struct nwi_reply_cert *cert, const X509 *certificate)
{
	unsigned char *key = NULL;
	unsigned n = 0;
	int key_bytes = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
	bool is_done = key_bytes > 0 &&
		       EVP_Digest(key, (size_t)key_bytes, cert->key_digest, &n, EVP_sha256(),
				  NULL) == 1 &&
		       X509_digest(certificate, EVP_sha256(), cert->digest, &n) == 1;

	OPENSSL_free(key);
	return is_done;
}

static bool add_certificate(struct nwi_reply *page, X509 *certificate)
{
	struct nwi_reply_cert *cert = &page->cert;

	if (!certificate || !add_digests(cert, certificate)) {
		ERR_clear_error();
		return false;
	}
	cert->is_there = true;
	cert->subject_cn = add_entry(&page->texts, X509_get_subject_name(certificate),
				     NID_commonName);
	cert->issuer_o = add_entry(&page->texts, X509_get_issuer_name(certificate),
				   NID_organizationName);
	cert->issuer_cn = add_entry(&page->texts, X509_get_issuer_name(certificate),
				    NID_commonName);
	add_sans(page, certificate);
	ERR_clear_error();
	return true;
}

bool nwi_reply_add_cert(struct nwi_reply *page, const unsigned char *der, size_t n_bytes)
{
	X509 *certificate = d2i_X509(NULL, &der, (long)n_bytes);
	bool is_done = add_certificate(page, certificate);

	X509_free(certificate);
	return is_done;
}

bool nwi_reply_add_pem(struct nwi_reply *page, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	bool is_done = add_certificate(page, certificate);

	X509_free(certificate);
	BIO_free(bio);
	return is_done;
}
