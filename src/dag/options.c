/* SPDX-License-Identifier: MIT */
/* What users give at creation, and of a task, checked and handed to the admission. */
#include "dag/options.h"

#include "base/clock.h"
#include "base/diag.h"
#include "os/heap.h"

#include <errno.h>
#include <inttypes.h>

enum { PASS_MAX_DEFAULT = 64, NODE_COUNT_MAX = 1024 };

int nwi_options_check(const struct nw_dag_options *options, struct nw_diag *reterr_diag)
{
	if (!options->capacity || options->node_count == 0 || options->node_count > NODE_COUNT_MAX)
		nwi_diag_set(reterr_diag,
			     "a graph needs the capacity of 1..%d nodes, not of %" PRIu32,
			     NODE_COUNT_MAX, options->node_count);
	else if ((uint32_t)options->order >= NW_DAG_ORDER_COUNT)
		nwi_diag_set(reterr_diag, "there is no order of dispatch number %d",
			     (int)options->order);
	else if (options->class_count > NWI_ORDER_CLASSES_MAX)
		nwi_diag_set(reterr_diag, "%" PRIu32 " classes: %d is the limit",
			     options->class_count, NWI_ORDER_CLASSES_MAX);
	else if (options->class_count > 0 && !options->classes)
		nwi_diag_set(reterr_diag, "%" PRIu32 " classes, but no list of them",
			     options->class_count);
	else
		return 0;
	return -EINVAL;
}

/* The two enumerations are kept apart so that the header needs nothing of src. */
static enum nwi_order_kind order_kind(enum nw_dag_order order)
{
	static const enum nwi_order_kind kinds[NW_DAG_ORDER_COUNT] = {
		[NW_DAG_ORDER_PRIORITY] = NWI_ORDER_PRIORITY,
		[NW_DAG_ORDER_FIFO] = NWI_ORDER_FIFO,
		[NW_DAG_ORDER_LOTTERY] = NWI_ORDER_LOTTERY,
		[NW_DAG_ORDER_BEATTY] = NWI_ORDER_BEATTY,
		[NW_DAG_ORDER_STURMIAN] = NWI_ORDER_STURMIAN,
	};

	return kinds[order];
}

static void limit_classes(struct nwi_admit *admit, const struct nw_dag_options *options)
{
	for (uint32_t i = 0; i < options->class_count; i++) {
		const struct nw_dag_class *class = &options->classes[i];

		nwi_admit_limit_class(admit, i, class->quota,
				      nwi_tokens_of(class->start_per_s, class->start_burst));
	}
}

int nwi_options_admit(struct nwi_admit *admit, const struct nw_dag_options *options)
{
	uint32_t class_count = options->class_count > 0 ? options->class_count : 1;
	uint32_t *weights = nwi_heap_alloc_array(class_count, sizeof(*weights));
	int rc;

	if (!weights)
		return -ENOMEM;
	weights[0] = 1;
	for (uint32_t i = 0; i < options->class_count; i++)
		weights[i] = options->classes[i].weight > 0 ? options->classes[i].weight : 1;
	rc = nwi_admit_init(admit,
			    &(struct nwi_admit_options){
				    .capacity = options->capacity,
				    .node_count = options->node_count,
				    .machine = options->machine,
				    .running_max = options->running_max,
				    .pass_max = options->pass_max > 0 ? options->pass_max
								      : (uint32_t)PASS_MAX_DEFAULT,
				    .order = { .kind = order_kind(options->order),
					       .class_count = class_count,
					       .weights = weights,
					       .seed = options->seed,
					       .alpha_idx = options->alpha_idx },
			    });
	nwi_heap_free(weights);
	if (rc == 0)
		limit_classes(admit, options);
	return rc;
}

const char *nwi_options_refuse_spec(const struct nwi_admit *admit, const struct nw_caps *caps,
				    const struct nw_dag_spec *spec)
{
	if (spec->has_node && spec->node_idx >= admit->node_count)
		return "it names a node that is not there";
	if (spec->is_node_strict && !spec->has_node)
		return "it is bound to a node, but names none";
	if (spec->class_idx >= admit->class_count)
		return "it names a class that is not there";
	if (spec->cap.value != 0 && !caps)
		return "it names a capability, but the graph has no table";
	return NULL;
}

void nwi_options_ticket(struct nwi_ticket *ret_ticket, const struct nw_dag_spec *spec)
{
	*ret_ticket = (struct nwi_ticket){
		.need = spec->need,
		.has_node = spec->has_node,
		.is_strict = spec->is_node_strict,
		.node_idx = spec->node_idx,
		.item = { .priority = spec->priority, .class_idx = spec->class_idx },
	};
}

uint64_t nwi_options_retry_wait_ns(uint64_t first_ns, uint64_t max_ns, uint32_t attempt)
{
	uint64_t wait_ns = first_ns;

	for (uint32_t i = 1; i < attempt && wait_ns < max_ns; i++)
		wait_ns = nwi_ns_add(wait_ns, wait_ns);
	return wait_ns < max_ns ? wait_ns : max_ns;
}
