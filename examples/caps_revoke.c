/* SPDX-License-Identifier: MIT */
/* This example shows how to take rights back: all that were made of one, at once, for all threads.
 */
#include <nw/caps.h>

#include <stdio.h>

enum { LENGTH = 4, OWNER = 7, SOCKET_ID = 3 };

static int count_found(struct nw_caps *caps, struct nw_rcu_thread *thread, const nw_cap *chain)
{
	int count = 0;

	nw_rcu_read_lock(thread);
	for (int i = 0; i < LENGTH; i++)
		count += nw_caps_find(caps, chain[i], NW_CAP_READ) != NULL;
	nw_rcu_read_unlock(thread); /* what was found is not to be used any more */
	return count;
}

int main(void)
{
	struct nw_cap_terms terms = { .rights = NW_CAP_RIGHTS_ALL,
				      .quota.amount[NW_RESOURCE_CAPS] = LENGTH };
	struct nw_rcu *rcu;
	struct nw_rcu_thread *thread;
	struct nw_caps *caps;
	nw_cap chain[LENGTH];
	int before, after, rc;

	if (nw_rcu_create(&rcu, NW_NODE_ANY, NULL) < 0 ||
	    nw_rcu_register(&thread, rcu, "main") < 0 ||
	    nw_caps_create(&caps, NW_NODE_ANY, 64, 1024) < 0)
		return 1;
	rc = nw_caps_mint(caps, NW_CAP_SOCKET, SOCKET_ID, OWNER, &terms, &chain[0]);
	for (int i = 1; i < LENGTH && rc == 0; i++) {
		terms.quota.amount[NW_RESOURCE_CAPS]--; /* each costs one more than it gets */
		rc = nw_caps_derive(caps, chain[i - 1], &terms, &chain[i]);
	}
	before = count_found(caps, thread, chain);
	if (rc == 0) /* the second one and what lies below it; the right to do so is its own */
		rc = nw_caps_revoke(caps, thread, chain[1], chain[1]);
	after = count_found(caps, thread, chain);
	nw_rcu_synchronize(rcu, thread); /* from here on no other thread reads one of them */
	nw_rcu_unregister(thread);
	nw_rcu_destroy(rcu); /* runs what is left to do */
	nw_caps_destroy(caps);
	printf("found %d, after the revocation %d\n", before, after);
	return rc == 0 && before == LENGTH && after == 1 ? 0 : 1;
}
