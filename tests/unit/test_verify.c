/* SPDX-License-Identifier: MIT */
/* `nodewise verify` as a user meets it: its exit code and report, here, on pretended nodes, and
 * where a filter makes the kernel refuse, as containers do. Each run is a child of its own. */
#include "nw_test.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { OUTPUT_MAX = 1 << 20, ARGUMENTS_MAX = 8, NO_FILTER = -1 };

static char output[OUTPUT_MAX];

/* From now on this process and its children get EPERM for one system call. */
static void refuse(int call)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(rules) / sizeof(rules[0]), rules };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		_exit(NW_TEST_SKIPPED);
}

static void run_command(int to, int refused_call, const char *const *arguments)
{
	char *argv[ARGUMENTS_MAX + 3] = { "nodewise", "verify" };

	for (int i = 0; arguments[i]; i++)
		argv[i + 2] = (char *)arguments[i];
	if (refused_call != NO_FILTER)
		refuse(refused_call);
	dup2(to, STDOUT_FILENO);
	dup2(to, STDERR_FILENO);
	execv(NW_BINARY_DIR "/bin/nodewise", argv);
	_exit(126);
}

/* Returns the exit code; what was printed is in `output`. */
static int verify(int refused_call, const char *const *arguments)
{
	size_t have = 0;
	ssize_t got;
	int ends[2], status;
	pid_t pid;

	CHECK_INT(pipe(ends), ==, 0);
	pid = fork();
	if (pid == 0)
		run_command(ends[1], refused_call, arguments);
	CHECK_INT(pid, >, 0);
	close(ends[1]);
	while (have < OUTPUT_MAX - 1 &&
	       (got = read(ends[0], output + have, OUTPUT_MAX - 1 - have)) > 0)
		have += (size_t)got;
	output[have] = '\0';
	close(ends[0]);
	CHECK_INT(waitpid(pid, &status, 0), ==, pid);
	CHECK(WIFEXITED(status));
	if (refused_call != NO_FILTER && WEXITSTATUS(status) == NW_TEST_SKIPPED)
		SKIP("this process may not install a seccomp filter");
	return WEXITSTATUS(status);
}

static bool says(const char *text)
{
	return strstr(output, text) != NULL;
}

/* Whether this machine lets programs bind at all: then, and only then, verify must pass. */
static void need_policies(void)
{
	unsigned long mask[16];
	int mode;

	if (syscall(SYS_get_mempolicy, &mode, mask, 1024ul, NULL, 0ul) < 0)
		SKIP("memory policies are refused here");
}

TEST(passes_on_this_machine_and_says_what_was_measured)
{
	need_policies();
	CHECK_INT(verify(NO_FILTER, (const char *[]){ "--quick", NULL }), ==, 0);
	CHECK(says("verified: all that was promised was got"));
	CHECK(says("read latency, ns"));
	CHECK(!says("simulated"));
}

TEST(marks_pretended_nodes)
{
	need_policies();
	CHECK_INT(verify(NO_FILTER, (const char *[]){ "-q", "--simulate-nodes", "3", NULL }), ==,
		  0);
	CHECK(says("3 nodes"));
	CHECK(says("simulated"));
	CHECK_INT(verify(NO_FILTER, (const char *[]){ "-qj", "--simulate-nodes", "2", NULL }), ==,
		  0);
	CHECK(says("\"simulated\": true"));
}

TEST(fails_where_binding_is_refused)
{
	CHECK_INT(verify(SYS_mbind, (const char *[]){ "-q", NULL }), ==, 1);
	CHECK(says("FAILED   unbound: not permitted to set memory policies"));
	CHECK_INT(verify(SYS_mbind, (const char *[]){ "-q", "-j", NULL }), ==, 1);
	CHECK(says("\"ok\": false"));
}

TEST(fails_where_the_kernel_will_not_say_where_pages_are)
{
	need_policies();
	CHECK_INT(verify(SYS_move_pages, (const char *[]){ "-q", NULL }), ==, 1);
	CHECK(says("FAILED   cannot be proved"));
}

TEST(fails_where_threads_cannot_be_pinned)
{
	CHECK_INT(verify(SYS_sched_setaffinity, (const char *[]){ "-q", NULL }), ==, 1);
	CHECK(says("affinity is not that CPU alone"));
}

TEST(bad_words_are_one_line_and_exit_2)
{
	static const char *const bad[][4] = {
		{ "--nonsense" },
		{ "-x" },
		{ "word" },
		{ "--simulate-nodes", "0" },
		{ "--simulate-nodes", "many" },
		{ "--simulate-nodes" },
		{ "--topology", "synthetic:pack:2 pu:2" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(verify(NO_FILTER, bad[i]), ==, 2);
		CHECK(says("nodewise verify: "));
		CHECK(strchr(output, '\n') == output + strlen(output) - 1);
	}
}

TEST(help_is_no_failure)
{
	CHECK_INT(verify(NO_FILTER, (const char *[]){ "--help", NULL }), ==, 0);
	CHECK(says("usage: nodewise verify"));
}
