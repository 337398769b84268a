/* SPDX-License-Identifier: MIT */
/*
 * A stream to a relay.
 * Invariant: while something is sent, what comes is taken: two that both wait for the other to read
 * would wait for ever.
 */
#include "relay/client.h"

#include "common/app.h"
#include "relay/config.h"
#include "relay/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { IN_ROOM = 1 << 21, HELLO_TIMEOUT_S = 10, TOKEN_FILE_MAX = 4096, LANE_SLOTS = 4096 };

bool relay_target_take(struct relay_target *target, int got, const char *value)
{
	const char **texts[] = { &target->tcp,        &target->udp,         &target->unix_path,
				 &target->name,       &target->token_file,  NULL,
				 &target->ca,         &target->certificate, &target->key,
				 &target->server_name };

	if (got < 512 || got >= 512 + (int)APP_COUNT_OF(texts))
		return false;
	if (texts[got - 512])
		*texts[got - 512] = value;
	else
		target->is_lane = true;
	return true;
}

/* ---- bytes ---- */

static int take_frames(struct relay_client *client)
{
	for (;;) {
		struct relay_frame frame;
		size_t wanted;
		int n = relay_frame_take(client->in + client->in_at, client->in_end - client->in_at,
					 RELAY_BODY_MAX, &frame, &wanted);

		if (n < 0)
			return -EPROTO;
		if (n == 0)
			break;
		client->in_at += (size_t)n;
		client->on_frame(client->arg, &frame);
	}
	memmove(client->in, client->in + client->in_at, client->in_end - client->in_at);
	client->in_end -= client->in_at;
	client->in_at = 0;
	return 0;
}

/* > 0, 0: the end, -EAGAIN, -errno. */
static int64_t read_some(struct relay_client *client)
{
	unsigned char *at = client->in + client->in_end;
	size_t room = client->in_room - client->in_end;
	ssize_t n;

	if (client->tls)
		return relay_tls_read(client->tls, at, room);
	n = recv(client->fd, at, room, MSG_DONTWAIT);
	return n < 0 ? -errno : n;
}

static int64_t write_some(struct relay_client *client, const unsigned char *bytes, size_t n_bytes)
{
	ssize_t n;

	if (client->tls)
		return relay_tls_write(client->tls, bytes, n_bytes);
	n = send(client->fd, bytes, n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

static int receive(struct relay_client *client)
{
	int rc;

	do {
		int64_t n = read_some(client);

		if (n < 0)
			return n == -EAGAIN || n == -EINTR ? 0 : (int)n;
		if (n == 0)
			return -EPIPE;
		client->in_end += (size_t)n;
		rc = take_frames(client);
		/* No socket tells of what TLS has taken in already. */
	} while (rc == 0 && relay_tls_has_more(client->tls));
	return rc;
}

int relay_client_pump(struct relay_client *client, uint64_t timeout_ns, bool to_write)
{
	struct pollfd about = { .fd = client->fd,
				.events = (short)(to_write ? POLLIN | POLLOUT : POLLIN) };
	struct timespec timeout = { .tv_sec = (time_t)(timeout_ns / 1000000000u),
				    .tv_nsec = (long)(timeout_ns % 1000000000u) };
	int n = ppoll(&about, 1, &timeout, NULL);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0 || client->is_udp)
		return 0;
	return (about.revents & (POLLIN | POLLHUP | POLLERR)) != 0 ? receive(client) : 0;
}

int relay_client_send(struct relay_client *client, const unsigned char *bytes, size_t n_bytes)
{
	while (n_bytes > 0) {
		int64_t n = write_some(client, bytes, n_bytes);
		int rc = 0;

		if (n < 0 && n != -EAGAIN && n != -EINTR && n != -ENOBUFS)
			return (int)n;
		if (n > 0) {
			bytes += n;
			n_bytes -= (size_t)n;
			continue;
		}
		if (app_was_interrupted())
			return -EINTR;
		rc = relay_client_pump(client, 100000000, true);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int relay_client_say(struct relay_client *client, enum relay_kind kind, const unsigned char *body,
		     size_t n_bytes)
{
	unsigned char head[RELAY_HEAD_BYTES];
	int rc;

	(void)relay_frame_seal(head, kind, RELAY_SLOT_NONE, body, n_bytes);
	rc = relay_client_send(client, head, sizeof(head));
	return rc < 0 ? rc : relay_client_send(client, body, n_bytes);
}

int relay_client_error(const struct relay_client *client)
{
	socklen_t n_bytes = sizeof(int);
	int error = 0;

	if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &n_bytes) < 0)
		return -errno;
	return -error;
}

int relay_client_failed(const struct relay_client *client, int rc)
{
	if (rc == -ECONNREFUSED && client->is_udp)
		return app_failed(RELAY_NAME, "nobody takes datagrams there; is nodewise relay "
					      "running?");
	if (rc == -EPIPE || rc == -ECONNRESET)
		return app_failed(RELAY_NAME, "the relay has ended the connection");
	if (rc == -EPROTO)
		return app_failed(RELAY_NAME, "what answers there is no relay");
	if (rc == -EINTR)
		return app_failed(RELAY_NAME, "interrupted");
	return app_failed(RELAY_NAME, "%s", strerror(-rc));
}

/* ---- one question, one answer ---- */

struct question {
	bool is_answered, is_ok;
	struct relay_hello_ok ok;
	struct relay_ack ack;
	struct relay_refused refused;
	void (*on_frame)(void *arg, const struct relay_frame *frame);
	void *arg;
};

/* What is no answer, as packets, goes where it would have gone. */
static void hear_answer(void *arg, const struct relay_frame *frame)
{
	struct question *question = arg;
	bool is_ok = relay_get_hello_ok(frame, &question->ok) ||
		     relay_get_ack(frame, &question->ack);

	if (is_ok || relay_get_refused(frame, &question->refused)) {
		question->is_answered = true;
		question->is_ok = is_ok;
	} else if (question->on_frame) {
		question->on_frame(question->arg, frame);
	}
}

static int await_answer(struct relay_client *client, struct question *question)
{
	uint64_t left_ns = (uint64_t)HELLO_TIMEOUT_S * 1000000000u, step_ns = 50000000;
	int rc = 0;

	question->on_frame = client->on_frame;
	question->arg = client->arg;
	client->on_frame = hear_answer;
	client->arg = question;
	while (rc == 0 && !question->is_answered && left_ns > 0 && !app_was_interrupted()) {
		rc = relay_client_pump(client, step_ns, false);
		left_ns -= step_ns;
	}
	client->on_frame = question->on_frame;
	client->arg = question->arg;
	/* A refusal, and then the end: the refusal says why. */
	if (question->is_answered)
		return 0;
	return rc < 0 ? rc : app_was_interrupted() ? -EINTR : -ETIMEDOUT;
}

static int ask(struct relay_client *client, enum relay_kind kind, const unsigned char *body,
	       size_t n_bytes, struct question *ret_question)
{
	int rc = relay_client_say(client, kind, body, n_bytes), answer_rc;

	*ret_question = (struct question){ .is_answered = false };
	/* Who was refused before may not be able to send, and still hear why. */
	answer_rc = await_answer(client, ret_question);
	if (answer_rc < 0)
		return relay_client_failed(client, rc < 0 ? rc : answer_rc);
	if (!ret_question->is_ok)
		return app_failed(RELAY_NAME, "refused (%s): %s",
				  relay_reason_name(ret_question->refused.reason),
				  ret_question->refused.text);
	return APP_OK;
}

int relay_client_ask(struct relay_client *client, enum relay_kind kind, const unsigned char *body,
		     size_t n_bytes, uint32_t *ret_accepted)
{
	struct question question;
	int code = ask(client, kind, body, n_bytes, &question);

	*ret_accepted = question.ack.accepted;
	return code;
}

/* ---- the beginning ---- */

static int choose(const struct relay_target *target, struct relay_address *ret_address)
{
	char path[RELAY_UNIX_BYTES];
	const char *text = target->tcp ? target->tcp : target->udp;

	if (target->is_lane && text)
		return app_bad(RELAY_NAME, "--lane is set up over --unix, not --tcp or --udp");
	if ((target->tcp != NULL) + (target->udp != NULL) + (target->unix_path != NULL) > 1)
		return app_bad(RELAY_NAME, "only one of --unix, --tcp, --udp");
	if (text && !relay_address_parse(text, ret_address))
		return app_bad(RELAY_NAME, "ADDRESS:PORT in numbers, as 127.0.0.1:7770, not '%s'",
			       text);
	if (text)
		return APP_OK;
	if (target->unix_path && !relay_address_path(target->unix_path, ret_address))
		return app_bad(RELAY_NAME, "--unix takes a path of 1 to 107 bytes");
	if (!target->unix_path &&
	    (relay_default_path(path, sizeof(path)) < 0 || !relay_address_path(path, ret_address)))
		return app_failed(RELAY_NAME, "the default path of the socket is too long");
	return APP_OK;
}

/* The first line of a file; "-" is standard input. */
static int read_token(const char *path, char ret_token[RELAY_TOKEN_BYTES])
{
	size_t n_bytes = 0, n = 0;
	char *text = NULL;
	int rc = app_read_file(path, TOKEN_FILE_MAX, &text, &n_bytes);

	if (rc < 0)
		return app_bad(RELAY_NAME, "--token-file %s: %s", path, strerror(-rc));
	while (n < n_bytes && text[n] != '\n' && text[n] != '\r')
		n++;
	if (n > 0 && n < RELAY_TOKEN_BYTES) {
		memcpy(ret_token, text, n);
		ret_token[n] = '\0';
	}
	free(text);
	if (n == 0 || n >= RELAY_TOKEN_BYTES)
		return app_bad(RELAY_NAME, "--token-file %s: its first line has 1 to 255 bytes",
			       path);
	return APP_OK;
}

static int connect_to(struct relay_client *client, const struct relay_address *address)
{
	int on = 1, type = client->is_udp ? SOCK_DGRAM : SOCK_STREAM;

	client->fd = socket(address->name.any.sa_family, type | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return app_failed(RELAY_NAME, "%s", strerror(errno));
	if (connect(client->fd, &address->name.any, address->name_bytes) < 0)
		return app_failed(RELAY_NAME, "%s: %s%s", address->text, strerror(errno),
				  errno == ENOENT || errno == ECONNREFUSED
					  ? "; is nodewise relay running?"
					  : "");
	if (address->name.any.sa_family != AF_UNIX && !client->is_udp)
		/* Without it answers come later. */
		(void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return APP_OK;
}

/* The address without its port and brackets. */
static void host_of(const char *text, char *ret_host, size_t n_bytes)
{
	const char *colon = strrchr(text, ':'), *host = *text == '[' ? text + 1 : text;
	size_t n = colon ? (size_t)(colon - host) - (*text == '[') : 0;

	if (!colon)
		(void)snprintf(ret_host, n_bytes, "127.0.0.1");
	else
		(void)snprintf(ret_host, n_bytes, "%.*s", (int)n, host);
}

static int shake_hands(struct relay_client *client, char *ret_why)
{
	int left = HELLO_TIMEOUT_S * 20, rc;
	bool to_write;

	while ((rc = relay_tls_greet(client->tls, &to_write, ret_why)) == -EAGAIN && left-- > 0) {
		struct pollfd about = { .fd = client->fd,
					.events = (short)(to_write ? POLLOUT : POLLIN) };

		if (app_was_interrupted())
			break;
		(void)poll(&about, 1, 50); /* a signal only makes it shorter */
	}
	if (rc == -EAGAIN)
		(void)snprintf(ret_why, RELAY_TEXT_BYTES, "the relay does not answer");
	return rc;
}

static int begin_tls(struct relay_client *client, const struct relay_target *target)
{
	char why[RELAY_TEXT_BYTES] = "no memory", host[RELAY_ADDRESS_BYTES];

	if (!target->ca)
		return APP_OK;
	host_of(target->tcp, host, sizeof(host));
	client->tls_context = relay_tls_client(target->ca, target->certificate, target->key, why);
	if (client->tls_context &&
	    fcntl(client->fd, F_SETFL, fcntl(client->fd, F_GETFL) | O_NONBLOCK) == 0)
		client->tls = relay_tls_open(client->tls_context, client->fd,
					     target->server_name ? target->server_name : host);
	if (client->tls && shake_hands(client, why) == 0)
		return APP_OK;
	return app_failed(RELAY_NAME, "%s: %s", target->tcp, why);
}

static int check_tls(const struct relay_target *target)
{
	if (!target->ca && (target->certificate || target->key || target->server_name))
		return app_bad(RELAY_NAME, "TLS needs --ca FILE, the certificates to believe");
	if (target->ca && !target->tcp)
		return app_bad(RELAY_NAME, "TLS is for --tcp");
	if (!target->certificate != !target->key)
		return app_bad(RELAY_NAME, "--certificate and --key go together");
	return APP_OK;
}

static int greet(struct relay_client *client, const struct relay_target *target)
{
	struct relay_hello hello = { .protocol = RELAY_VERSION };
	unsigned char body[RELAY_HELLO_BYTES_MAX];
	struct question question;
	int code = APP_OK;

	if (target->name && strlen(target->name) >= RELAY_NAME_BYTES)
		return app_bad(RELAY_NAME, "--name takes 1 to 63 bytes");
	if (target->name)
		memcpy(hello.name, target->name, strlen(target->name) + 1);
	if (target->token_file)
		code = read_token(target->token_file, hello.token);
	if (code == APP_OK)
		code = ask(client, RELAY_HELLO, body, relay_put_hello(body, &hello), &question);
	if (code == APP_OK)
		client->ok = question.ok;
	return code;
}

int relay_client_open(struct relay_client *ret_client, const struct relay_target *target)
{
	struct relay_address address;
	int code = check_tls(target);

	ret_client->fd = -1;
	ret_client->is_udp = target->udp != NULL;
	ret_client->in = NULL;
	ret_client->in_at = ret_client->in_end = 0;
	ret_client->in_room = IN_ROOM;
	ret_client->ok = (struct relay_hello_ok){ .body_max = RELAY_DATAGRAM_BODY_MAX };
	if (code == APP_OK)
		code = choose(target, &address);
	if (code != APP_OK)
		return code;
	ret_client->in = malloc(IN_ROOM);
	if (!ret_client->in)
		return app_failed(RELAY_NAME, "no memory");
	code = connect_to(ret_client, &address);
	if (code == APP_OK)
		code = begin_tls(ret_client, target);
	if (code == APP_OK && !ret_client->is_udp)
		code = greet(ret_client, target);
	return code;
}

void relay_client_finish(struct relay_client *client)
{
	(void)shutdown(client->fd, SHUT_WR); /* gone already is as good */
}

void relay_client_close(struct relay_client *client)
{
	relay_tls_close(client->tls);
	relay_tls_free(client->tls_context);
	client->tls = client->tls_context = NULL;
	if (client->fd >= 0)
		(void)close(client->fd); /* nothing is to be learnt any more */
	free(client->in);
	client->fd = -1;
	client->in = NULL;
}

int relay_lane_open(struct nw_relay_client **ret_lane, const struct relay_target *target)
{
	struct nw_relay_client_options options = { .name = target->name };
	char token[RELAY_TOKEN_BYTES] = "";
	struct nw_diag diag = { "" };
	struct relay_address address;
	int code = choose(target, &address), rc;

	if (code == APP_OK && target->token_file)
		code = read_token(target->token_file, token);
	if (code != APP_OK)
		return code;
	options.token = *token ? token : NULL;
	options.submit_slots = options.receive_slots = LANE_SLOTS;
	rc = nw_relay_client_connect(ret_lane, address.text, &options, &diag);
	if (rc < 0)
		return app_failed(RELAY_NAME, "%s: %s", address.text,
				  *diag.text ? diag.text : strerror(-rc));
	return APP_OK;
}
