/* SPDX-License-Identifier: MIT */
/*
 * /metrics, /livez, /readyz, /healthz by libmicrohttpd, on the control thread: its epoll descriptor
 * is in ours, so there is no thread that nobody named. Invariant: only GET and HEAD of these four;
 * a scrape reads counts and disturbs no worker.
 */
#include "relay/relay.h"

#include "common/app.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECTION_MAX = 64, TIMEOUT_S = 10, BEAT_S_MAX = 5, RED_S_MAX = 5 };

struct relay_http {
	struct MHD_Daemon *daemon;
	int fd;
};

bool relay_is_live(const struct relay_server *server)
{
	uint64_t now_ns = relay_now_ns();

	for (uint32_t i = 0; i < server->shard_count; i++)
		if (now_ns > relay_counted(&server->workers[i]->tally.beat_ns) +
				     (uint64_t)BEAT_S_MAX * 1000000000u)
			return false;
	return true;
}

bool relay_is_ready(const struct relay_server *server)
{
	return relay_stage_of(server) == RELAY_STAGE_RUN;
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned code, const char *type,
			      char *text, size_t n_bytes, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(n_bytes, text, mode);
	enum MHD_Result rc;

	if (!response)
		return MHD_NO;
	(void)MHD_add_response_header(response, "Content-Type", type);
	rc = MHD_queue_response(connection, code, response);
	MHD_destroy_response(response);
	return rc;
}

static enum MHD_Result say(struct MHD_Connection *connection, unsigned code, const char *text)
{
	return answer(connection, code, "text/plain; charset=utf-8", (char *)(uintptr_t)text,
		      strlen(text), MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result metrics(struct relay_server *server, struct MHD_Connection *connection)
{
	size_t n_bytes = 0;
	char *text = relay_metrics_text(server, &n_bytes);

	if (!text)
		return say(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "no memory\n");
	return answer(connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", text,
		      n_bytes, MHD_RESPMEM_MUST_FREE);
}

/* NOLINTNEXTLINE(readability-function-size): libmicrohttpd says what it is given */
static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *body,
			      size_t *body_bytes, void **inout_request)
{
	struct relay_server *server = arg;
	bool is_health = strcmp(url, "/healthz") == 0;

	(void)version;
	(void)body;
	(void)inout_request;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		*body_bytes = 0;
		return say(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET only\n");
	}
	if (strcmp(url, "/metrics") == 0)
		return metrics(server, connection);
	if ((is_health || strcmp(url, "/livez") == 0) && !relay_is_live(server))
		return say(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "a shard does not step\n");
	if ((is_health || strcmp(url, "/readyz") == 0) && !relay_is_ready(server))
		return say(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "draining\n");
	if (is_health || strcmp(url, "/livez") == 0 || strcmp(url, "/readyz") == 0)
		return say(connection, MHD_HTTP_OK, "ok\n");
	return say(connection, MHD_HTTP_NOT_FOUND,
		   "there are /metrics, /livez, /readyz and /healthz\n");
}

int relay_http_open(struct relay_server *server)
{
	const union MHD_DaemonInfo *about;
	struct relay_http *http;
	int fd;

	if (!*server->config.http.text)
		return 0;
	server->http = server->config.http;
	fd = relay_listen(&server->http);
	if (fd < 0)
		return fd;
	http = calloc(1, sizeof(*http));
	if (http)
		http->daemon = MHD_start_daemon(
			MHD_USE_EPOLL, 0, NULL, NULL, handle, server, MHD_OPTION_LISTEN_SOCKET, fd,
			MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTION_MAX,
			MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S, MHD_OPTION_END);
	if (!http || !http->daemon) {
		(void)app_failed(RELAY_NAME, "http %s: the server does not start",
				 server->http.text);
		free(http);
		(void)close(fd); /* nothing came in */
		return -EIO;
	}
	about = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	http->fd = about ? about->epoll_fd : -1;
	server->web = http;
	return 0;
}

int relay_http_fd(const struct relay_server *server)
{
	return server->web ? server->web->fd : -1;
}

void relay_http_step(struct relay_server *server)
{
	if (server->web)
		(void)MHD_run(server->web->daemon); /* fails only for a daemon of another kind */
}

void relay_http_close(struct relay_server *server)
{
	if (!server->web)
		return;
	MHD_stop_daemon(server->web->daemon);
	free(server->web);
	server->web = NULL;
}
