/* SPDX-License-Identifier: MIT */
/*
 * Two namespaces without names, a pair of virtual interfaces between them.
 *
 * Three processes: the keeper stays where it was and puts the machine's backlog back; the driver
 * lives in the near namespace; the far one lives in the other and does as it is told by a pipe.
 * Invariant: a namespace is held by nothing but its process, which dies with the one that made it.
 */
#include "bench/scanning/scanning.h"

#include <nw/bpf.h>

#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKLOG "/proc/sys/net/core/netdev_max_backlog"

enum { PORT = 80, ACCEPTS_AT_ONCE = 256, WORD_BYTES = 64 };

/* No RST of the scanner's own kernel, which knows nothing of the questions; no offloads that merge
 * frames; the default route is zmap's wish. */
static const char near_script[] = "set -e\n"
				  "ip link set lo up\n"
				  "ip link add " SCANNING_INTERFACE
				  " numtxqueues 2 numrxqueues 2 type veth"
				  " peer name vb numtxqueues 2 numrxqueues 2 netns $FAR\n"
				  "ip link set " SCANNING_INTERFACE " address " SCANNING_NEAR_MAC
				  "\n"
				  "ip addr add " SCANNING_NEAR "/30 dev " SCANNING_INTERFACE "\n"
				  "ip link set " SCANNING_INTERFACE " up\n"
				  "ip route add default via 192.168.98.2\n"
				  "ip neigh replace 192.168.98.2 lladdr " SCANNING_FAR_MAC
				  " dev " SCANNING_INTERFACE " nud permanent\n"
				  "nft 'add table ip bench; add chain ip bench out "
				  "{ type filter hook output priority 0; policy accept; };"
				  " add rule ip bench out oifname \"" SCANNING_INTERFACE
				  "\" tcp flags & rst == rst drop'\n"
				  "ethtool -K " SCANNING_INTERFACE
				  " gro off tso off gso off tx off >/dev/null 2>&1 || :\n";

static const char far_script[] =
	"set -e\n"
	"ip link set lo up\n"
	"ip link set vb address " SCANNING_FAR_MAC "\n"
	"ip addr add 192.168.98.2/30 dev vb\n"
	"ip link set vb up\n"
	"ip neigh replace " SCANNING_NEAR " lladdr " SCANNING_NEAR_MAC " dev vb nud permanent\n"
	"ip route add local 10.64.0.0/10 dev lo table local\n"
	"cd /proc/sys/net\n"
	"echo 2 >ipv4/tcp_syncookies\n"
	"echo 65535 >core/somaxconn\n"
	"echo 65536 >ipv4/tcp_max_syn_backlog\n"
	"echo 0 >ipv4/conf/all/rp_filter\n"
	"echo 0 >ipv4/conf/vb/rp_filter\n"
	"ethtool -K vb gro off tso off gso off tx off >/dev/null 2>&1 || :\n";

static int orders = -1, answers = -1; /* the driver's ends of the pipes to the far one */

static bool run_script(const char *script)
{
	/* NOLINTNEXTLINE(cert-env33-c): constant text */
	return system(script) == 0;
}

/* --- The far one --- */

/* A program that drops all, at the interface. The end of the link that is returned takes it off. */
static int drop_all(void)
{
	static const struct bpf_insn lines[] = { NW_BPF_SET(0, XDP_DROP), NW_BPF_EXIT };
	int program_fd = nw_bpf_program_open(&(struct nw_bpf_code){
		.type = BPF_PROG_TYPE_XDP, .name = "drop_all", .lines = lines, .line_count = 2 });
	int link_fd;

	if (program_fd < 0)
		return program_fd;
	link_fd = nw_bpf_attach_xdp(program_fd, (int)if_nametoindex("vb"), 0);
	nw_bpf_close(program_fd); /* the link holds it */
	return link_fd;
}

static int listen_on_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 65535) < 0)
		return -1;
	return fd;
}

static void accept_some(int listener)
{
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			return;
		(void)close(fd); /* that it was accepted was all */
	}
}

/* True: it stands. */
static bool obey(char order, int *inout_link)
{
	if (*inout_link >= 0)
		(void)close(*inout_link);
	*inout_link = order == SCANNING_DROPS ? drop_all() : -1;
	return order != SCANNING_DROPS || *inout_link >= 0;
}

/* Never returns. */
static void be_far(int from, int to)
{
	char order = 'x';
	int link_fd = -1, listener;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Here is the namespace; wait for the interface. */
	if (unshare(CLONE_NEWNET) < 0 || write(to, "y", 1) != 1 || read(from, &order, 1) != 1)
		_exit(1);
	listener = run_script(far_script) ? listen_on_port() : -1;
	if (write(to, listener < 0 ? "n" : "y", 1) != 1 || listener < 0)
		_exit(1);
	for (;;) {
		struct pollfd ready[2] = { { .fd = from, .events = POLLIN },
					   { .fd = listener, .events = POLLIN } };

		if (poll(ready, 2, -1) < 0 && errno != EINTR)
			_exit(1);
		if (ready[1].revents)
			accept_some(listener);
		if (!ready[0].revents)
			continue;
		if (read(from, &order, 1) != 1 ||
		    write(to, obey(order, &link_fd) ? "y" : "n", 1) != 1)
			_exit(0);
	}
}

static bool is_yes(void)
{
	char word = 'n';

	return read(answers, &word, 1) == 1 && word == 'y';
}

static bool start_far(pid_t *ret_pid)
{
	int there[2], back[2];

	if (pipe(there) < 0 || pipe(back) < 0)
		return false;
	*ret_pid = fork();
	if (*ret_pid < 0)
		return false;
	if (*ret_pid == 0) {
		(void)close(there[1]);
		(void)close(back[0]);
		be_far(there[0], back[1]);
	}
	(void)close(there[0]);
	(void)close(back[1]);
	orders = there[1];
	answers = back[0];
	return is_yes();
}

bool scanning_sink(enum scanning_sink sink)
{
	char order = (char)sink;

	return write(orders, &order, 1) == 1 && is_yes();
}

/* --- The near one, and who keeps the machine as it was --- */

static char scratch[] = "/tmp/bench_scan.XXXXXX";

static void remove_scratch(void)
{
	char *args[] = { "rm", "-rf", scratch, NULL };
	pid_t pid;

	if (posix_spawnp(&pid, args[0], NULL, NULL, args, environ) == 0)
		(void)waitpid(pid, NULL, 0);
}

static bool write_backlog(const char *text)
{
	FILE *file = fopen(BACKLOG, "w");

	return file && fputs(text, file) >= 0 && fclose(file) == 0;
}

/* Never returns: ends as the driver does, with the backlog as it was. */
static void keep(pid_t driver)
{
	char before[WORD_BYTES] = "";
	FILE *file = fopen(BACKLOG, "r");
	int status;

	(void)signal(SIGINT, SIG_IGN); /* the driver has it, too, and ends */
	(void)signal(SIGTERM, SIG_IGN);
	if (file && fgets(before, sizeof(before), file))
		(void)write_backlog("100000"); /* else replies are lost before any scanner */
	if (file)
		(void)fclose(file);
	while (waitpid(driver, &status, 0) < 0 && errno == EINTR)
		continue;
	if (before[0])
		(void)write_backlog(before);
	remove_scratch();
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

bool scanning_enter(const char **ret_why)
{
	char number[WORD_BYTES];
	pid_t driver, far;

	if (geteuid() != 0)
		return *ret_why = "namespaces and raw frames need root", false;
	if (!mkdtemp(scratch) || chdir(scratch) < 0)
		return *ret_why = "no folder can be made in /tmp", false;
	driver = fork();
	if (driver < 0)
		return *ret_why = "no process can be made", false;
	if (driver > 0)
		keep(driver);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) < 0)
		return *ret_why = "no network namespace is to be had", false;
	if (!start_far(&far))
		return *ret_why = "no second namespace is to be had", false;
	(void)snprintf(number, sizeof(number), "%d", (int)far);
	if (setenv("FAR", number, 1) < 0 || !run_script(near_script))
		return *ret_why = "ip or nft (iproute2, nftables) would not make the network",
		       false;
	if (!scanning_sink(SCANNING_ANSWERS))
		return *ret_why = "ip would not set up the far side", false;
	return true;
}
