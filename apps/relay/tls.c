/* SPDX-License-Identifier: MIT */
/* OpenSSL's calls. Invariant: its queue of errors is empty between two of ours. */
#include "relay/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

/* ---- saying why ---- */

static void explain(char *ret_why, const char *what, const char *path)
{
	char text[120] = "";
	unsigned long error = ERR_peek_last_error();

	if (error != 0)
		ERR_error_string_n(error, text, sizeof(text));
	ERR_clear_error();
	/* "error:0A00...:library::reason": the last part is for people. */
	(void)snprintf(ret_why, RELAY_TEXT_BYTES, "%s%s%.90s%s%.80s", what, *path ? " " : "", path,
		       *text ? ": " : "", strrchr(text, ':') ? strrchr(text, ':') + 1 : text);
}

/* ---- contexts ---- */

static bool load_own(SSL_CTX *context, const char *certificate, const char *key, char *ret_why)
{
	if (relay_may_others_read(key)) {
		(void)snprintf(ret_why, RELAY_TEXT_BYTES, "everybody may read %.120s; chmod o-r it",
			       key);
		return false;
	}
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1) {
		explain(ret_why, "cannot use certificate", certificate);
		return false;
	}
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
		explain(ret_why, "cannot use key", key);
		return false;
	}
	return true;
}

static bool load_ca(SSL_CTX *context, const char *ca, char *ret_why)
{
	if (SSL_CTX_load_verify_locations(context, ca, NULL) == 1)
		return true;
	explain(ret_why, "cannot use certificates of", ca);
	return false;
}

static SSL_CTX *make(const SSL_METHOD *method, char *ret_why)
{
	SSL_CTX *context;

	ERR_clear_error();
	context = SSL_CTX_new(method);
	if (context && SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1) {
		/* What is left over of a write may have moved when it is tried again. */
		(void)SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
							SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
		return context;
	}
	explain(ret_why, "no TLS 1.3", "");
	SSL_CTX_free(context);
	return NULL;
}

void *relay_tls_server(const struct relay_tls *tls, char *ret_why)
{
	SSL_CTX *context = make(TLS_server_method(), ret_why);

	if (!context)
		return NULL;
	/* Nobody comes back by a ticket: it would be written when nobody expects it. */
	(void)SSL_CTX_set_num_tickets(context, 0);
	(void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	if (!load_own(context, tls->certificate, tls->key, ret_why) ||
	    (tls->client_ca && !load_ca(context, tls->client_ca, ret_why))) {
		SSL_CTX_free(context);
		return NULL;
	}
	/* Who has a token need not have a certificate; one that is shown has to be good. */
	if (tls->client_ca)
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	return context;
}

void *relay_tls_client(const char *ca, const char *certificate, const char *key, char *ret_why)
{
	SSL_CTX *context = make(TLS_client_method(), ret_why);

	if (!context)
		return NULL;
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	if (!load_ca(context, ca, ret_why) ||
	    (certificate && !load_own(context, certificate, key, ret_why))) {
		SSL_CTX_free(context);
		return NULL;
	}
	return context;
}

void relay_tls_free(void *context)
{
	SSL_CTX_free(context);
}

/* ---- connections ---- */

/* Whom the client wants to speak to. */
static bool expect(SSL *tls, const char *server)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, server, address) == 1 || inet_pton(AF_INET6, server, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), server) == 1;
	return SSL_set1_host(tls, server) == 1 && SSL_set_tlsext_host_name(tls, server) == 1;
}

void *relay_tls_open(void *context, int fd, const char *server)
{
	SSL *tls = SSL_new(context);

	if (!tls)
		return NULL;
	if (SSL_set_fd(tls, fd) != 1 || (server && !expect(tls, server))) {
		SSL_free(tls);
		return NULL;
	}
	if (server)
		SSL_set_connect_state(tls);
	else
		SSL_set_accept_state(tls);
	return tls;
}

void relay_tls_close(void *tls)
{
	if (!tls)
		return;
	ERR_clear_error();
	/* A last word, if it goes; it is not waited for. */
	if (SSL_is_init_finished(tls))
		(void)SSL_shutdown(tls);
	ERR_clear_error();
	SSL_free(tls);
}

int relay_tls_greet(void *tls, bool *ret_to_write, char *ret_why)
{
	int rc, error;

	*ret_to_write = false;
	ERR_clear_error();
	rc = SSL_do_handshake(tls);
	if (rc == 1)
		return 0;
	error = SSL_get_error(tls, rc);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		*ret_to_write = error == SSL_ERROR_WANT_WRITE;
		return -EAGAIN;
	}
	if (SSL_get_verify_result(tls) != X509_V_OK)
		explain(ret_why, X509_verify_cert_error_string(SSL_get_verify_result(tls)), "");
	else
		explain(ret_why, "no TLS", "");
	return -EPROTO;
}

/* What a call that did not succeed means. */
static int outcome(SSL *tls, int rc)
{
	int error = SSL_get_error(tls, rc);

	ERR_clear_error();
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return -EAGAIN;
	return error == SSL_ERROR_ZERO_RETURN ? 0 : -EPROTO;
}

int64_t relay_tls_read(void *tls, void *ret_bytes, size_t n_bytes)
{
	size_t n = 0;
	int rc;

	ERR_clear_error();
	rc = SSL_read_ex(tls, ret_bytes, n_bytes, &n);
	return rc == 1 ? (int64_t)n : outcome(tls, rc);
}

int64_t relay_tls_write(void *tls, const void *bytes, size_t n_bytes)
{
	size_t n = 0;
	int rc, why;

	ERR_clear_error();
	rc = SSL_write_ex(tls, bytes, n_bytes, &n);
	if (rc == 1)
		return (int64_t)n;
	why = outcome(tls, rc);
	return why == 0 ? -EPROTO : why; /* it has said that it ends */
}

bool relay_tls_has_more(const void *tls)
{
	return tls && SSL_pending(tls) > 0;
}

/* ---- whom a certificate names ---- */

/* A name that is one line, without zeros. */
static bool take_name(const ASN1_STRING *string, char *ret_name, size_t n_bytes)
{
	int length = ASN1_STRING_length(string);
	const unsigned char *text = ASN1_STRING_get0_data(string);

	if (length <= 0 || (size_t)length >= n_bytes || memchr(text, 0, (size_t)length))
		return false;
	memcpy(ret_name, text, (size_t)length);
	ret_name[length] = '\0';
	return relay_is_clean(ret_name, n_bytes - 1);
}

static bool take_dns_name(X509 *certificate, char *ret_name, size_t n_bytes)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool is_found = false;

	for (int i = 0; names && !is_found && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		is_found = name->type == GEN_DNS && take_name(name->d.dNSName, ret_name, n_bytes);
	}
	GENERAL_NAMES_free(names);
	return is_found;
}

static bool take_common_name(X509 *certificate, char *ret_name, size_t n_bytes)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	return at >= 0 && take_name(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)),
				    ret_name, n_bytes);
}

bool relay_tls_name(const void *tls, char *ret_name, size_t n_bytes)
{
	X509 *certificate = SSL_get1_peer_certificate(tls);
	bool is_found = false;

	/* A certificate that was not checked, or not found good, names nobody. */
	if (certificate && SSL_get_verify_mode(tls) & SSL_VERIFY_PEER &&
	    SSL_get_verify_result(tls) == X509_V_OK)
		is_found = take_dns_name(certificate, ret_name, n_bytes) ||
			   take_common_name(certificate, ret_name, n_bytes);
	X509_free(certificate);
	ERR_clear_error();
	return is_found;
}
