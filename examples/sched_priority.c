/* SPDX-License-Identifier: MIT */
/* This example shows in which order jobs of different priorities run. */
#include <nw/sched.h>

#include <stdio.h>

struct errand {
	struct nw_job job; /* the first member, so that a job is an errand */
	const char *name;
	enum nw_sched_priority priority;
};

static struct errand errands[] = {
	{ .name = "sweep", .priority = NW_SCHED_LOW },
	{ .name = "bake", .priority = NW_SCHED_NORMAL },
	{ .name = "put out the fire", .priority = NW_SCHED_HIGH },
};
enum { COUNT = sizeof(errands) / sizeof(errands[0]) };

static const char *done[COUNT];
static int done_count;

static void run(struct nw_here here, struct nw_job *job)
{
	(void)here;
	done[done_count++] = ((struct errand *)(void *)job)->name;
}

/* Submits the others: they wait until the only worker is done with this. */
static void send(struct nw_here here, void *arg)
{
	for (int i = 0, rc = 0; i < COUNT && rc == 0; i++) {
		nw_job_init(&errands[i].job, run);
		errands[i].job.priority = errands[i].priority;
		errands[i].job.group = arg;
		rc = nw_sched_submit(nw_here_sched(here), &errands[i].job);
	}
}

int main(void)
{
	struct nw_crew_options crew = { .worker_count = 1 }; /* so that there is an order */
	struct nw_group group;
	struct nw_topo *topo;
	struct nw_sched *sched;

	nw_group_init(&group);
	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, NULL) < 0)
		return 1;
	crew.topo = topo;
	if (nw_sched_start(&sched, &crew, NULL, NULL) < 0 ||
	    nw_sched_run(sched, send, &group) < 0 || nw_group_wait(&group) < 0)
		return 1;
	for (int i = 0; i < done_count; i++)
		printf("%d: %s\n", i + 1, done[i]);
	nw_sched_destroy(sched);
	nw_topo_close(topo);
	return done_count == COUNT && done[0] == errands[2].name ? 0 : 1;
}
