/* SPDX-License-Identifier: MIT */
/* `nodewise dag run` on a machine with several nodes: each task says where it may run and where its
 * memory is, and that must be the node it was told. On one node the cases are skipped. */
#include "guest/machine.h"

enum { TEXT_BYTES = 65536, PATH_BYTES = 256 };

struct place {
	const struct nw_topo *topo;
	char folder[64], text[TEXT_BYTES];
};

static void read_log(struct place *place, int node_id, const char *what)
{
	char path[PATH_BYTES];
	FILE *stream;
	size_t n_bytes;

	(void)snprintf(path, sizeof(path), "%s/where/log/%s-%d.1.out", place->folder, what,
		       node_id);
	stream = fopen(path, "r");
	if (!stream) {
		FAIL("no %s", path);
		return;
	}
	n_bytes = fread(place->text, 1, sizeof(place->text) - 1, stream);
	place->text[n_bytes] = '\0';
	(void)fclose(stream);
}

/* One task a node and fact; a CPU-less node's tasks say that they need no CPU. */
static void write_graph(const struct place *place, const char *path)
{
	FILE *stream = fopen(path, "w");

	CHECK(stream);
	fprintf(stream, "name: where\ndefaults: { strict: true, resources: { cpu: 0 } }\ntasks:\n");
	for (uint32_t i = 0; i < nw_topo_node_count(place->topo); i++) {
		int id = node_at(place->topo, i).id;

		fprintf(stream, "  cpus-%d: { run: cat /proc/self/status, node: %d }\n", id, id);
		fprintf(stream, "  maps-%d: { run: cat /proc/self/numa_maps, node: %d }\n", id, id);
		fprintf(stream, "  env-%d: { run: 'echo $NODEWISE_NODE', node: %d }\n", id, id);
	}
	CHECK(fclose(stream) == 0);
}

static void run_graph(struct place *place)
{
	char path[PATH_BYTES], command[3 * PATH_BYTES];

	place->topo = open_machine();
	(void)snprintf(place->folder, sizeof(place->folder), "/tmp/test_dag.XXXXXX");
	CHECK(mkdtemp(place->folder));
	(void)snprintf(path, sizeof(path), "%s/where.yaml", place->folder);
	write_graph(place, path);
	(void)snprintf(command, sizeof(command),
		       "PATH=" NW_BINARY_DIR "/bin:$PATH nodewise dag run --folder %s %s "
		       ">%s/report 2>&1 || { cat %s/report; false; }",
		       place->folder, path, place->folder, place->folder);
	CHECK_INT(system(command), ==, 0);
	(void)snprintf(command, sizeof(command), "! grep note: %s/report", place->folder);
	CHECK_INT(system(command), ==, 0);
}

/* Whether the node lists exactly the CPUs of "0-1,4". */
static bool is_list_of(const struct nw_topo *topo, uint32_t node_idx, const char *list)
{
	uint32_t count, found = 0;
	const uint32_t *cpus = nw_topo_node_cpus(topo, node_idx, &count);

	for (const char *at = list; *at >= '0' && *at <= '9';) {
		char *end;
		long first = strtol(at, &end, 10),
		     last = *end == '-' ? strtol(end + 1, &end, 10) : first;

		for (long cpu = first; cpu <= last; cpu++, found++)
			if (found >= count || nw_topo_cpu_at(topo, cpus[found])->cpu.id != cpu)
				return false;
		at = *end == ',' ? end + 1 : end;
	}
	return found == count;
}

TEST(tasks_may_run_on_their_nodes_cpus_and_no_others)
{
	static struct place place;

	run_graph(&place);
	for (uint32_t i = 0; i < nw_topo_node_count(place.topo); i++) {
		const char *list;

		read_log(&place, node_at(place.topo, i).id, "cpus");
		list = strstr(place.text, "Cpus_allowed_list:\t");
		CHECK(list);
		list += strlen("Cpus_allowed_list:\t");
		if (nw_topo_node_at(place.topo, i)->cpu_count > 0 &&
		    !is_list_of(place.topo, i, list))
			FAIL("node %d: CPUs %.20s", node_at(place.topo, i).id, list);
		read_log(&place, node_at(place.topo, i).id, "env");
		CHECK_INT(atoi(place.text), ==, node_at(place.topo, i).id);
	}
}

/* Anonymous pages by node, as the task's numa_maps has them. */
static void count_pages(char *maps, uint64_t *ret_here, uint64_t *ret_elsewhere, int node_id)
{
	*ret_here = *ret_elsewhere = 0;
	for (char *line = strtok_r(maps, "\n", &maps); line; line = strtok_r(NULL, "\n", &maps)) {
		if (!strstr(line, " anon=") || strstr(line, " file="))
			continue; /* of a file's lines N also counts what others read of it */
		for (char *at = strstr(line, " N"); at; at = strstr(at + 1, " N")) {
			char *end;
			long id = strtol(at + 2, &end, 10);
			uint64_t pages = *end == '=' ? strtoull(end + 1, NULL, 10) : 0;

			*(id == node_id ? ret_here : ret_elsewhere) += pages;
		}
	}
}

TEST(tasks_have_the_policy_of_their_node_and_their_pages_there)
{
	static struct place place;

	run_graph(&place);
	for (uint32_t i = 0; i < nw_topo_node_count(place.topo); i++) {
		int id = node_at(place.topo, i).id;
		char policy[32];
		uint64_t here, elsewhere;

		if (!has_memory(place.topo, i))
			continue;
		read_log(&place, id, "maps");
		(void)snprintf(policy, sizeof(policy), " prefer:%d ", id);
		if (!strstr(place.text, policy))
			FAIL("node %d: no '%s' in %.200s", id, policy, place.text);
		count_pages(place.text, &here, &elsewhere, id);
		printf("# node %d: %" PRIu64 " anonymous pages there, %" PRIu64 " elsewhere\n", id,
		       here, elsewhere);
		CHECK_INT(here, >, 3);
		CHECK_INT(elsewhere, ==, 0);
	}
}
