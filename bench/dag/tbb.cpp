/* SPDX-License-Identifier: MIT */
/* oneTBB's flow graph as a subject. */
#include "subject.h"

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <cstddef>
#include <deque>
#include <memory>

namespace
{

using node = tbb::flow::continue_node<tbb::flow::continue_msg>;

struct pool {
	tbb::global_control control;
	tbb::task_arena arena;

	explicit pool(std::size_t workers)
	    : control(tbb::global_control::max_allowed_parallelism, workers),
	      arena(static_cast<int>(workers))
	{
		arena.initialize();
	}
};

struct built {
	pool *owner;
	const dag_graph *graph;
	std::unique_ptr<tbb::flow::graph> flow;
	std::deque<node> nodes;
};

void fill(built *b)
{
	const dag_graph *graph = b->graph;

	b->flow = std::make_unique<tbb::flow::graph>();
	for (uint32_t i = 0; i < graph->count; i++) {
		b->nodes.emplace_back(*b->flow, [graph, i](const tbb::flow::continue_msg &) {
			dag_work(graph, i);
			return tbb::flow::continue_msg();
		});
		for (uint32_t j = graph->first[i]; j < graph->first[i + 1]; j++)
			tbb::flow::make_edge(b->nodes[graph->before[j]], b->nodes[i]);
	}
}

void *start(uint32_t workers)
{
	return new pool(workers);
}

void stop(void *arg)
{
	delete static_cast<pool *>(arg);
}

void *build(void *arg, const dag_graph *graph)
{
	pool *owner = static_cast<pool *>(arg);
	built *b = new built;

	b->owner = owner;
	b->graph = graph;
	owner->arena.execute([b] { fill(b); });
	return b;
}

bool run(void *arg)
{
	built *b = static_cast<built *>(arg);

	b->owner->arena.execute([b] {
		for (uint32_t i = 0; i < b->graph->count; i++)
			if (b->graph->first[i] == b->graph->first[i + 1])
				b->nodes[i].try_put(tbb::flow::continue_msg());
		b->flow->wait_for_all();
	});
	return true;
}

void destroy(void *arg)
{
	built *b = static_cast<built *>(arg);

	b->nodes.clear();
	delete b;
}

} /* namespace */

extern "C" {
const struct dag_subject dag_tbb = { "onetbb", true, start, stop, build, run, destroy };
}
