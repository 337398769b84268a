/* SPDX-License-Identifier: MIT */
/* TLS by OpenSSL over pieces of memory, and what a certificate says. */
#include "probe/tls.h"

#include "probe/banner.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

/* These are the library's own types: no struct of ours is around them. */
static SSL_CTX *own_context(struct nwi_tls_context *context)
{
	return (SSL_CTX *)context;
}

static SSL *own(struct nwi_tls *tls)
{
	return (SSL *)tls;
}

/* Old versions and weak ciphers, too: they are findings. */
struct nwi_tls_context *nwi_tls_context_create(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context)
		return NULL;
	SSL_CTX_set_security_level(context, 0);
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	/* With what fails the defaults stay. */
	(void)SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
	(void)SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
	(void)SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT);
	return (struct nwi_tls_context *)context;
}

void nwi_tls_context_destroy(struct nwi_tls_context *context)
{
	SSL_CTX_free(own_context(context));
}

struct nwi_tls *nwi_tls_create(struct nwi_tls_context *context)
{
	SSL *ssl = SSL_new(own_context(context));
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	if (!ssl || !in || !out) {
		BIO_free(in);
		BIO_free(out);
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_bio(ssl, in, out);
	SSL_set_connect_state(ssl);
	return (struct nwi_tls *)ssl;
}

void nwi_tls_destroy(struct nwi_tls *tls)
{
	SSL_free(own(tls));
}

bool nwi_tls_put(struct nwi_tls *tls, const void *bytes, size_t n_bytes)
{
	return BIO_write(SSL_get_rbio(own(tls)), bytes, (int)n_bytes) == (int)n_bytes;
}

enum nwi_tls_state nwi_tls_shake(struct nwi_tls *tls)
{
	int rc, error;

	ERR_clear_error();
	rc = SSL_do_handshake(own(tls));
	if (rc == 1)
		return NWI_TLS_IS_UP;
	error = SSL_get_error(own(tls), rc);
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? NWI_TLS_GOES_ON
									     : NWI_TLS_FAILED;
}

size_t nwi_tls_get(struct nwi_tls *tls, void *ret_bytes, size_t n_bytes)
{
	int n = BIO_read(SSL_get_wbio(own(tls)), ret_bytes, (int)n_bytes);

	return n > 0 ? (size_t)n : 0;
}

bool nwi_tls_say(struct nwi_tls *tls, const void *bytes, size_t n_bytes)
{
	ERR_clear_error();
	return SSL_write(own(tls), bytes, (int)n_bytes) == (int)n_bytes;
}

size_t nwi_tls_hear(struct nwi_tls *tls, void *ret_bytes, size_t n_bytes)
{
	int n;

	ERR_clear_error();
	n = SSL_read(own(tls), ret_bytes, (int)n_bytes);
	return n > 0 ? (size_t)n : 0;
}

/* --- The certificate --- */

static void set_text(char *ret_text, size_t text_bytes, const char *text)
{
	nwi_banner_text(ret_text, text_bytes, (const unsigned char *)text, strlen(text));
}

static void set_name(char *ret_text, size_t text_bytes, const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;

	if (!bio)
		return;
	if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
		n = BIO_get_mem_data(bio, &text);
		nwi_banner_text(ret_text, text_bytes, (unsigned char *)text, (size_t)n);
	}
	BIO_free(bio);
}

static void set_time(char *ret_text, size_t text_bytes, const ASN1_TIME *time)
{
	struct tm when;

	if (ASN1_TIME_to_tm(time, &when) == 1)
		(void)strftime(ret_text, text_bytes, "%Y-%m-%dT%H:%M:%SZ", &when);
}

static void set_fingerprint(struct nw_probe_banner *banner, const X509 *certificate)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (X509_digest(certificate, EVP_sha256(), digest, &n) != 1)
		return;
	for (unsigned i = 0; i < n && 2 * i + 2 < sizeof(banner->tls_fingerprint); i++)
		(void)snprintf(banner->tls_fingerprint + 2 * (size_t)i, 3, "%02x", digest[i]);
}

/* Names of the domain name system, with spaces between; those that do not fit whole are left out.
 */
static void set_names(struct nw_probe_banner *banner, const X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i((X509 *)certificate, NID_subject_alt_name, NULL,
						NULL);
	size_t used = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		size_t n;

		if (name->type != GEN_DNS)
			continue;
		n = (size_t)ASN1_STRING_length(name->d.dNSName);
		if (used + n + 2 > sizeof(banner->tls_names))
			continue;
		if (used > 0)
			banner->tls_names[used++] = ' ';
		nwi_banner_text(banner->tls_names + used, n + 1,
				ASN1_STRING_get0_data(name->d.dNSName), n);
		used += n;
	}
	GENERAL_NAMES_free(names);
}

void nwi_tls_describe(struct nwi_tls *tls, struct nw_probe_banner *banner)
{
	X509 *certificate = SSL_get0_peer_certificate(own(tls));

	banner->has_tls = true;
	set_text(banner->tls_version, sizeof(banner->tls_version), SSL_get_version(own(tls)));
	set_text(banner->tls_cipher, sizeof(banner->tls_cipher), SSL_get_cipher_name(own(tls)));
	if (!certificate)
		return;
	set_name(banner->tls_subject, sizeof(banner->tls_subject),
		 X509_get_subject_name(certificate));
	set_name(banner->tls_issuer, sizeof(banner->tls_issuer), X509_get_issuer_name(certificate));
	set_time(banner->tls_not_before, sizeof(banner->tls_not_before),
		 X509_get0_notBefore(certificate));
	set_time(banner->tls_not_after, sizeof(banner->tls_not_after),
		 X509_get0_notAfter(certificate));
	set_fingerprint(banner, certificate);
	set_names(banner, certificate);
}
