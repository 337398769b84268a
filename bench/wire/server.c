/* SPDX-License-Identifier: MIT */
/*
 * The servers: found on PATH, started on one core with sockets in a folder of their own, and
 * ended.
 * Invariant: no process that is started here outlives the driver, whichever way that ends.
 */
#include "bench/nw_pin.h"
#include "bench/wire/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READY_TRIES = 500, TRY_NS = 10000000, ARGS_MAX = 24 };

static void pause_ns(long ns)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
}

/* A port that nobody has now. */
static uint16_t free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint16_t port = 0;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, n) == 0 &&
	    getsockname(fd, (struct sockaddr *)&address, &n) == 0)
		port = ntohs(address.sin_port);
	if (fd >= 0)
		(void)close(fd); /* nobody connected */
	return port;
}

static void make_rules(const char *folder)
{
	char path[WIRE_PATH_BYTES + 16];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/rules", folder);
	file = fopen(path, "w");
	if (!file)
		return;
	fputs("version: 1\nsenders: [ { name: \"*\", rate: 1000M, burst: 1000M, hear: all } ]\n"
	      "topics:\n",
	      file);
	for (int c = 'A'; c <= 'Z'; c++)
		fprintf(file, " - { name: bench%c, rate: 1000M, burst: 1000M }\n", c);
	(void)fclose(file); /* the relay says what it misses */
}

/* In the child: never returns. */
static void become(char *const *args, const char *folder, uint32_t cpu)
{
	FILE *log;

	nw_pin(cpu);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(folder) == 0) {
		log = freopen("log", "a", stdout);
		if (log)
			(void)dup2(fileno(log), STDERR_FILENO);
	}
	(void)execvp(args[0], args);
	(void)execv("/usr/sbin/nats-server", args); /* where a user's PATH has no sbin */
	_exit(127);
}

static pid_t start(char *const *args, const char *folder, uint32_t cpu)
{
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		become(args, folder, cpu);
	return pid < 0 ? 0 : pid;
}

static bool is_running(pid_t *pid)
{
	if (*pid > 0 && waitpid(*pid, NULL, WNOHANG) != 0)
		*pid = 0;
	return *pid > 0;
}

/* Until its port answers, or it has ended. */
static bool wait_ready(struct wire_place *place, enum wire_server server)
{
	for (int i = 0; i < READY_TRIES && is_running(&place->pids[server]); i++) {
		struct wire_stream stream;
		bool is_there = wire_stream_tcp(&stream, place->ports[server]);

		wire_stream_close(&stream);
		if (is_there)
			return true;
		pause_ns(TRY_NS);
	}
	return false;
}

static void start_nodewise(struct wire_place *place, uint32_t cpu)
{
	const char *program = getenv("NODEWISE");
	char address[64], path[WIRE_PATH_BYTES + 16], rules[WIRE_PATH_BYTES + 16];
	char *args[] = { (char *)(uintptr_t)(program ? program : "nodewise"),
			 "relay",
			 "--rules",
			 rules,
			 "--unix",
			 path,
			 "--tcp",
			 address,
			 "--udp",
			 address,
			 "--http",
			 "127.0.0.1:0",
			 "--shards",
			 "1",
			 "--no-pin",
			 NULL };

	make_rules(place->folder);
	(void)snprintf(rules, sizeof(rules), "%s/rules", place->folder);
	(void)snprintf(path, sizeof(path), "%s/relay", place->folder);
	(void)snprintf(address, sizeof(address), "127.0.0.1:%u",
		       (unsigned)place->ports[WIRE_NODEWISE]);
	place->pids[WIRE_NODEWISE] = start(args, place->folder, cpu);
}

static void start_nats(struct wire_place *place, uint32_t cpu)
{
	char port[8];
	char *args[] = { "nats-server", "-a", "127.0.0.1", "-p", port, NULL };

	(void)snprintf(port, sizeof(port), "%u", (unsigned)place->ports[WIRE_NATS]);
	place->pids[WIRE_NATS] = start(args, place->folder, cpu);
}

static void start_redis(struct wire_place *place, uint32_t cpu)
{
	char port[8];
	char *args[] = { "redis-server", "--port", port,     "--bind", "127.0.0.1",
			 "--unixsocket", "redis",  "--save", "",       "--appendonly",
			 "no",           NULL };

	(void)snprintf(port, sizeof(port), "%u", (unsigned)place->ports[WIRE_REDIS]);
	place->pids[WIRE_REDIS] = start(args, place->folder, cpu);
}

bool wire_servers_start(struct wire_place *ret_place, uint32_t cpu)
{
	static const char *const names[] = { "nodewise relay", "nats-server", "redis-server" };
	static void (*const starters[])(struct wire_place *,
					uint32_t) = { start_nodewise, start_nats, start_redis };

	*ret_place = (struct wire_place){ .folder = "/tmp/bench_relay.XXXXXX" };
	if (!mkdtemp(ret_place->folder)) {
		printf("# no folder for sockets: %s\n", strerror(errno));
		return false;
	}
	for (int i = 0; i < WIRE_SERVERS; i++) {
		ret_place->ports[i] = free_port();
		starters[i](ret_place, cpu);
		if (wait_ready(ret_place, (enum wire_server)i))
			continue;
		printf("# %s is not here, or does not start: without it (%s)\n", names[i],
		       i == WIRE_NODEWISE ? "run nodewise bench, or name it in NODEWISE"
					  : "Debian has it");
	}
	return ret_place->pids[WIRE_NODEWISE] > 0;
}

static void end(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(pid, SIGTERM);
	for (int i = 0; i < READY_TRIES; i++) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		pause_ns(TRY_NS);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0); /* it is gone: nothing more is to be learnt */
}

void wire_servers_stop(struct wire_place *place)
{
	static const char *const files[] = { "rules", "relay", "redis", "log", "dump.rdb" };
	char path[WIRE_PATH_BYTES + 16];

	for (int i = 0; i < WIRE_SERVERS; i++)
		end(place->pids[i]);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", place->folder, files[i]);
		(void)unlink(path); /* those that are there */
	}
	(void)rmdir(place->folder); /* a file that was not thought of stays */
}

uint64_t wire_server_cpu_ns(const struct wire_place *place, enum wire_server server)
{
	struct timespec t = { 0 };
	clockid_t clock;

	if (clock_getcpuclockid(place->pids[server], &clock) != 0 || clock_gettime(clock, &t) != 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
