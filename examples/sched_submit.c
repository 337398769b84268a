/* SPDX-License-Identifier: MIT */
/* This example shows how threads of your own hand jobs over and wait for them.
 *
 *     cc sched_submit.c $(pkg-config --cflags --libs nodewise) -pthread
 */
#include <nw/sched.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum { CLIENTS = 3, REQUESTS = 1000 };

static struct nw_sched *sched;
static atomic_int served;

static void serve(struct nw_here here, struct nw_job *job)
{
	(void)here, (void)job; /* the job is ours again from here on */
	atomic_fetch_add(&served, 1);
}

static void *ask(void *arg)
{
	struct nw_job jobs[REQUESTS];
	struct nw_group group;

	nw_group_init(&group);
	for (int i = 0; i < REQUESTS; i++) {
		nw_job_init(&jobs[i], serve);
		jobs[i].group = &group;
		while (nw_sched_submit(sched, &jobs[i]) == -EAGAIN)
			sched_yield(); /* full: that is how it says not so fast */
	}
	return nw_group_wait(&group) == 0 ? NULL : arg; /* before jobs[] goes out of scope */
}

int main(void)
{
	struct nw_topo *topo;
	pthread_t clients[CLIENTS];
	struct nw_diag diag;

	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0 ||
	    nw_sched_start(&sched, &(struct nw_crew_options){ .topo = topo }, NULL, &diag) < 0)
		return fprintf(stderr, "%s\n", diag.text), 1;
	for (int i = 0; i < CLIENTS; i++)
		if (pthread_create(&clients[i], NULL, ask, clients) != 0)
			return fprintf(stderr, "no thread\n"), 1;
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(clients[i], NULL);
	printf("%d requests served\n", served);
	nw_sched_destroy(sched);
	nw_topo_close(topo);
	return served == CLIENTS * REQUESTS ? 0 : 1;
}
