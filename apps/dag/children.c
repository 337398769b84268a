/* SPDX-License-Identifier: MIT */
/*
 * Tasks as processes: started on the CPUs and with the memory policy of their node, each in a
 * session of its own, so that it can be ended with all that it started and asks no terminal; its
 * output in files; ended by SIGTERM, after a grace by SIGKILL.
 *
 * nodewise itself goes to the node before it starts a child, which inherits both, and comes back
 * afterwards: so what the kernel refuses is known here and said once. One thread; the signals it
 * waits for are blocked except in sigtimedwait(), so none is lost and no handler is needed.
 *
 * What a task's shell leaves behind becomes nodewise's own child (PR_SET_CHILD_SUBREAPER). So a
 * task that is to end has ended when no child of its group is left: until then the rest of it has
 * its grace, and the number of the group, which signals go to, cannot become another's.
 *
 * The file of stdout is locked (flock) by the open file that the child inherits: whoever finds it
 * locked later knows that something of that task still runs.
 */
#include "common/app.h"
#include "dag/run.h"

#include <nw/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { TICK_NS = 200000000, PATH_BYTES = 4096, OWN_WORDS = 3 };

struct child {
	pid_t pid;
	uint32_t task_idx, attempt, node_pos;
	uint64_t start_ns;
	uint64_t kill_ns; /* when SIGKILL is due; 0: not asked to end; UINT64_MAX: has got it */
	int status;
	bool is_buried; /* its shell has ended, something of its group is left */
};

struct children {
	struct child *all; /* [count] */
	uint32_t count, room;
	sigset_t waited, before;
	cpu_set_t cpus_before;
	struct nw_mem_policy policy_before;
	bool has_cpus_before, has_policy_before;
	bool is_urgent; /* a second signal came */
};

static uint64_t now_of(const struct dag_run *run)
{
	struct timespec now;

	(void)run;
	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* this clock is always there */
	return (uint64_t)now.tv_sec * DAG_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* What nohup or a shell's & had ignored stays so: once blocked it would come to sigtimedwait(). */
static void add_unless_ignored(sigset_t *waited, int signal_number)
{
	struct sigaction action;

	if (sigaction(signal_number, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
		(void)sigaddset(waited, signal_number);
}

int dag_children_open(struct dag_run *run)
{
	struct children *children = calloc(1, sizeof(*children));

	if (!children)
		return app_failed(DAG_NAME, "no memory");
	(void)sigemptyset(&children->waited);
	/* Fails on no kernel that nodewise runs on. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* Where it is ignored, nobody would be told how a child ended. */
	(void)signal(SIGCHLD, SIG_DFL);
	for (size_t i = 0; i < 4; i++)
		add_unless_ignored(&children->waited,
				   (const int[]){ SIGCHLD, SIGINT, SIGTERM, SIGHUP }[i]);
	(void)sigprocmask(SIG_BLOCK, &children->waited, &children->before);
	children->has_cpus_before = sched_getaffinity(0, sizeof(children->cpus_before),
						      &children->cpus_before) == 0;
	children->has_policy_before = nw_mem_policy_save(&children->policy_before) == 0;
	run->engine = children;
	return APP_OK;
}

void dag_children_close(struct dag_run *run)
{
	struct children *children = run->engine;

	if (!children)
		return;
	(void)sigprocmask(SIG_SETMASK, &children->before, NULL);
	free(children->all);
	free(children);
	run->engine = NULL;
}

/* ---- the place ---- */

/* The node itself, or where it has no CPUs the nearest one that has. */
static uint32_t server_of(const struct nw_topo *topo, uint32_t node_idx)
{
	uint32_t best = UINT32_MAX, server = node_idx;

	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		uint32_t distance = i == node_idx ? 0 : nw_topo_distance(topo, node_idx, i);

		if (nw_topo_node_at(topo, i)->cpu_count > 0 && distance < best) {
			best = distance;
			server = i;
		}
	}
	return server;
}

static void go_to_cpus(const struct dag_run *run, uint32_t node_idx)
{
	const struct children *children = run->engine;
	uint32_t count, server = server_of(run->topo, node_idx);
	const uint32_t *cpus = nw_topo_node_cpus(run->topo, server, &count);
	cpu_set_t set;

	CPU_ZERO(&set);
	for (uint32_t i = 0; i < count; i++) {
		nw_cpu cpu = nw_topo_cpu_at(run->topo, cpus[i])->cpu;

		if (cpu.id >= 0 && cpu.id < CPU_SETSIZE)
			CPU_SET((size_t)cpu.id, &set);
	}
	if (!children->has_cpus_before || sched_setaffinity(0, sizeof(set), &set) < 0)
		app_note(DAG_NAME, "tasks are not pinned to their node's CPUs: %s",
			 children->has_cpus_before ? strerror(errno) : "more than 1024 CPUs");
}

static void go_to_memory(const struct dag_run *run, uint32_t node_idx)
{
	const struct children *children = run->engine;
	const struct nw_topo_node *node = nw_topo_node_at(run->topo, node_idx);
	int rc;

	if (node->memory_bytes == 0)
		return;
	rc = children->has_policy_before ? nw_mem_policy_prefer(node->memory_node) : -EPERM;
	if (rc < 0)
		app_note(DAG_NAME, "tasks have no memory policy of their node: %s",
			 nw_mem_reason_text(rc));
}

static void go_to(const struct dag_run *run, uint32_t node_idx)
{
	if (run->options->no_pin)
		return;
	dag_progress_clear(); /* a note may follow */
	go_to_cpus(run, node_idx);
	go_to_memory(run, node_idx);
}

/* What could not be read was not set either. */
static void come_back(const struct dag_run *run)
{
	const struct children *children = run->engine;

	if (run->options->no_pin)
		return;
	if (children->has_cpus_before &&
	    sched_setaffinity(0, sizeof(children->cpus_before), &children->cpus_before) < 0)
		app_note(DAG_NAME, "nodewise itself stays on its last task's CPUs: %s",
			 strerror(errno));
	if (children->has_policy_before && nw_mem_policy_restore(&children->policy_before) < 0)
		app_note(DAG_NAME, "nodewise itself keeps its last task's memory policy");
}

/* ---- starting ---- */

/* The environment and the task's own, which comes last and so has to take out what it replaces. */
static char **environment_of(const struct dag_task *task, char *const own[OWN_WORDS])
{
	size_t count = 0, n = 0;
	char **words;

	while (environ[count])
		count++;
	words = calloc(count + task->env_count + OWN_WORDS + 1, sizeof(*words));
	if (!words)
		return NULL;
	for (size_t i = 0; i < count + task->env_count + OWN_WORDS; i++) {
		char *word = i < count                     ? environ[i]
			     : i < count + task->env_count ? (char *)task->env[i - count]
							   : own[i - count - task->env_count];
		size_t name_bytes = strcspn(word, "=") + 1, k = 0;

		while (k < n && strncmp(words[k], word, name_bytes) != 0)
			k++;
		words[k] = word;
		n += k == n;
	}
	return words;
}

static int open_log(const struct dag_run *run, uint32_t task_idx, uint32_t attempt,
		    const char *suffix)
{
	char path[PATH_BYTES];

	if (!dag_log_path(run, task_idx, attempt, suffix, path, sizeof(path))) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

static int set_attributes(const struct children *children, posix_spawnattr_t *attributes)
{
	sigset_t ignored;
	int rc = posix_spawnattr_init(attributes);

	if (rc != 0)
		return rc;
	/* What this process waits for, the child gets as usual. */
	(void)sigemptyset(&ignored);
	(void)sigaddset(&ignored, SIGPIPE);
	(void)posix_spawnattr_setsigdefault(attributes, &ignored);
	(void)posix_spawnattr_setsigmask(attributes, &children->before);
	(void)posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
							   POSIX_SPAWN_SETSIGDEF);
	return 0;
}

static int spawn(const struct children *children, const struct dag_task *task, char *const own[],
		 int out, int err, pid_t *ret_pid)
{
	char *const words[] = { (char *)"sh", (char *)"-c", (char *)task->command, NULL };
	char **environment = environment_of(task, own);
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc = environment ? posix_spawn_file_actions_init(&actions) : ENOMEM;

	if (rc == 0) {
		rc = set_attributes(children, &attributes);
		if (rc == 0)
			rc = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY,
							      0);
		if (rc == 0)
			rc = posix_spawn_file_actions_adddup2(&actions, out, 1);
		if (rc == 0)
			rc = posix_spawn_file_actions_adddup2(&actions, err, 2);
		if (rc == 0 && task->dir)
			rc = posix_spawn_file_actions_addchdir_np(&actions, task->dir);
		if (rc == 0)
			rc = posix_spawn(ret_pid, "/bin/sh", &actions, &attributes, words,
					 environment);
		(void)posix_spawnattr_destroy(&attributes);
		(void)posix_spawn_file_actions_destroy(&actions);
	}
	free(environment);
	return rc;
}

static int start_child(struct dag_run *run, const struct dag_task *task,
		       const struct nw_dag_step *step, struct child *child)
{
	struct children *children = run->engine;
	char node[32], attempt[32], id[300];
	char *const own[OWN_WORDS] = { node, attempt, id };
	int out = open_log(run, child->task_idx, step->attempt, "out");
	int err = out < 0 ? -1 : open_log(run, child->task_idx, step->attempt, "err"), rc;

	if (err < 0) {
		rc = errno;
		if (out >= 0)
			(void)close(out);
		return rc;
	}
	(void)snprintf(node, sizeof(node), "NODEWISE_NODE=%d", dag_node_of(run, step->node_idx).id);
	(void)snprintf(attempt, sizeof(attempt), "NODEWISE_TRY=%u", (unsigned)step->attempt);
	(void)snprintf(id, sizeof(id), "NODEWISE_TASK=%s", task->id);
	/* Where locks do not work, a crash may leave a task that is not waited for. */
	(void)flock(out, LOCK_EX | LOCK_NB);
	go_to(run, run->node_idxs[step->node_idx]);
	rc = spawn(children, task, own, out, err, &child->pid);
	come_back(run);
	(void)close(out);
	(void)close(err);
	return rc;
}

static bool make_room(struct children *children)
{
	uint32_t room = children->room * 2 + 16;
	struct child *more;

	if (children->count < children->room)
		return true;
	more = realloc(children->all, room * sizeof(*more));
	if (!more)
		return false;
	children->all = more;
	children->room = room;
	return true;
}

static bool start(struct dag_run *run, uint32_t task_idx, const struct nw_dag_step *step)
{
	struct children *children = run->engine;
	const struct dag_task *task = &run->file->tasks[task_idx];
	struct child child = { .task_idx = task_idx,
			       .attempt = step->attempt,
			       .node_pos = step->node_idx,
			       .start_ns = now_of(run) };
	int rc = make_room(children) ? start_child(run, task, step, &child) : ENOMEM;

	if (rc != 0) {
		dag_progress_clear();
		(void)app_failed(DAG_NAME, "%s:%u: %s: cannot be started: %s%s%s", run->file->path,
				 (unsigned)task->line, task->id, strerror(rc),
				 task->dir ? ", dir " : "", task->dir ? task->dir : "");
		return false;
	}
	children->all[children->count++] = child;
	dag_progress_draw(run);
	return true;
}

/* ---- ending ---- */

static void stop(struct dag_run *run, uint32_t task_idx, const struct nw_dag_step *step)
{
	struct children *children = run->engine;

	(void)step;
	for (uint32_t i = 0; i < children->count; i++) {
		struct child *child = &children->all[i];

		if (child->task_idx != task_idx)
			continue;
		/* A stopped group takes SIGTERM only when it goes on. */
		(void)kill(-child->pid, children->is_urgent ? SIGKILL : SIGTERM);
		(void)kill(-child->pid, SIGCONT);
		child->kill_ns = now_of(run) + run->options->grace_ns;
	}
}

/* SIGKILL to the groups whose grace is over. Returns when the next one is due. */
static uint64_t kill_overdue(struct dag_run *run)
{
	struct children *children = run->engine;
	uint64_t now_ns = now_of(run), next_ns = UINT64_MAX;

	for (uint32_t i = 0; i < children->count; i++) {
		struct child *child = &children->all[i];

		if (child->kill_ns == 0 || child->kill_ns == UINT64_MAX)
			continue;
		if (child->kill_ns <= now_ns) {
			(void)kill(-child->pid, SIGKILL);
			child->kill_ns = UINT64_MAX;
		} else if (child->kill_ns < next_ns) {
			next_ns = child->kill_ns;
		}
	}
	return next_ns;
}

static uint64_t ns_of(struct timeval time)
{
	return (uint64_t)time.tv_sec * DAG_NS_PER_S + (uint64_t)time.tv_usec * 1000;
}

/* A task has ended, with all that belongs to it as far as it was asked to end. */
static void finish(struct dag_run *run, uint32_t i)
{
	struct children *children = run->engine;
	struct child child = children->all[i];
	struct dag_try try = { .task_idx = child.task_idx,
			       .attempt = child.attempt,
			       .node_pos = child.node_pos,
			       .start_ns = child.start_ns,
			       .end_ns = now_of(run),
			       .is_ok = WIFEXITED(child.status) && WEXITSTATUS(child.status) == 0 };

	children->all[i] = children->all[--children->count];
	dag_run_ended(run, &try, child.status);
}

/* The shell of a task has ended. */
static void bury(struct dag_run *run, uint32_t i)
{
	struct children *children = run->engine;
	struct child *child = &children->all[i];
	struct dag_result *result = &run->results[child->task_idx];
	struct rusage usage = { 0 };

	/* It is a zombie and our child: this cannot fail. */
	(void)wait4(child->pid, &child->status, 0, &usage);
	child->is_buried = true;
	result->cpu_ns += ns_of(usage.ru_utime) + ns_of(usage.ru_stime);
	if (result->rss_bytes < (uint64_t)usage.ru_maxrss * 1024)
		result->rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
	if (child->kill_ns == 0)
		finish(run, i);
}

/* Tasks that were asked to end have ended when nobody of their group is left. */
static void finish_empty(struct dag_run *run)
{
	struct children *children = run->engine;

	for (uint32_t i = children->count; i-- > 0;)
		if (children->all[i].is_buried && waitpid(-children->all[i].pid, NULL, WNOHANG) < 0)
			finish(run, i);
}

static void reap(struct dag_run *run)
{
	struct children *children = run->engine;

	for (;;) {
		siginfo_t info = { .si_pid = 0 };
		uint32_t i = 0;

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
			return;
		while (i < children->count &&
		       (children->all[i].pid != info.si_pid || children->all[i].is_buried))
			i++;
		if (i < children->count)
			bury(run, i);
		else /* what a task left behind */
			(void)waitpid(info.si_pid, NULL, WNOHANG);
	}
}

static void interrupt(struct dag_run *run, int signal_number)
{
	struct children *children = run->engine;

	dag_progress_clear();
	if (run->signal_number == 0) {
		run->signal_number = signal_number;
		fprintf(stderr, "nodewise dag: %s: ending %u task%s; again: at once\n",
			signal_number == SIGINT ? "interrupted" : strsignal(signal_number),
			(unsigned)children->count, children->count == 1 ? "" : "s");
		dag_run_cancel(run, true, now_of(run));
		return;
	}
	children->is_urgent = true;
	for (uint32_t i = 0; i < children->count; i++)
		(void)kill(-children->all[i].pid, SIGKILL);
}

static void wait_until(struct dag_run *run, uint64_t until_ns)
{
	struct children *children = run->engine;
	uint64_t kill_ns = kill_overdue(run), now_ns = now_of(run), ns;
	struct timespec time;
	int signal_number;

	until_ns = kill_ns < until_ns ? kill_ns : until_ns;
	if (dag_progress_is_live() && until_ns - now_ns > TICK_NS && until_ns > now_ns)
		until_ns = now_ns + TICK_NS;
	ns = until_ns > now_ns ? until_ns - now_ns : 0;
	if (ns > 3600 * DAG_NS_PER_S)
		ns = 3600 * DAG_NS_PER_S;
	time = (struct timespec){ .tv_sec = (time_t)(ns / DAG_NS_PER_S),
				  .tv_nsec = (long)(ns % DAG_NS_PER_S) };
	signal_number = sigtimedwait(&children->waited, NULL, &time);
	if (signal_number == SIGCHLD)
		reap(run);
	else if (signal_number > 0)
		interrupt(run, signal_number);
	(void)kill_overdue(run);
	finish_empty(run);
	dag_progress_draw(run);
}

const struct dag_engine dag_children = { now_of, start, stop, wait_until };
