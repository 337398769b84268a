/* SPDX-License-Identifier: MIT */
/*
 * Words that name a machine: "synthetic:<hwloc string>" and "xml:<file>".
 *
 * hwloc says only that a description is wrong, and prints why only in a verbose mode that no
 * library may switch on; so the wrong word is found here, by offering hwloc longer and longer
 * beginnings.
 * Invariant: no description reaches hwloc that asks for more than NWI_TOPO_CPU_COUNT_MAX CPUs.
 */
#include "os/heap.h"
#include "os/sysfs.h"
#include "topo/internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char synthetic_prefix[] = "synthetic:", xml_prefix[] = "xml:";

/* Past the next word; blanks inside (attributes) do not end one. */
static const char *skip_word(const char *text)
{
	int depth = 0;

	for (; *text; text++) {
		depth += (*text == '(') - (*text == ')');
		if (*text == ' ' && depth <= 0)
			break;
	}
	return text;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t\n");
}

/* "core:4(...)" -> 4, "4" -> 4, "[numa]" -> 1: how much a word multiplies what is below it. */
static uint64_t count_of_word(const char *word)
{
	size_t name_bytes = strcspn(word, ":( ");

	if (word[name_bytes] == ':')
		return strtoull(word + name_bytes + 1, NULL, 10);
	return isdigit((unsigned char)word[0]) ? strtoull(word, NULL, 10) : 1;
}

static bool is_too_large(const char *text)
{
	uint64_t cpu_count = 1;

	for (text = skip_blanks(text); *text; text = skip_blanks(skip_word(text))) {
		uint64_t count = count_of_word(text);

		if (count > NWI_TOPO_CPU_COUNT_MAX)
			return true;
		cpu_count *= count ? count : 1;
		if (cpu_count > NWI_TOPO_CPU_COUNT_MAX)
			return true;
	}
	return false;
}

static bool takes(hwloc_topology_t hw, const char *text)
{
	return hwloc_topology_set_synthetic(hw, text) == 0;
}

/* Whether hwloc takes the beginning of text, as it is or as the upper levels of a machine. */
static bool takes_beginning(hwloc_topology_t hw, const char *text, size_t n_bytes)
{
	static const char bottom[] = " pu:1";
	char *copy = nwi_heap_alloc(n_bytes + sizeof(bottom));
	bool is_taken = true; /* without memory nothing is known, so nothing is blamed */

	if (copy) {
		memcpy(copy, text, n_bytes);
		is_taken = takes(hw, copy);
		if (!is_taken) {
			memcpy(copy + n_bytes, bottom, sizeof(bottom));
			is_taken = takes(hw, copy);
		}
	}
	nwi_heap_free(copy);
	return is_taken;
}

static int blame_word(hwloc_topology_t hw, const char *text, struct nw_diag *diag)
{
	const char *word, *end;

	for (word = skip_blanks(text); *word; word = skip_blanks(end)) {
		end = skip_word(word);
		if (!takes_beginning(hw, text, (size_t)(end - text)))
			return nwi_topo_refuse(
				-EINVAL, diag,
				"synthetic topology: '%.*s' is wrong or in the wrong place",
				(int)(end - word), word);
	}
	return nwi_topo_refuse(-EINVAL, diag,
			       "synthetic topology '%s': the last level must be pu:N", text);
}

static int set_synthetic(hwloc_topology_t hw, const char *text, struct nw_diag *diag)
{
	if (*skip_blanks(text) == '\0')
		return nwi_topo_refuse(-EINVAL, diag,
				       "synthetic topology: no levels; try 'numa:2 core:4 pu:2'");
	if (is_too_large(text))
		return nwi_topo_refuse(-E2BIG, diag, "synthetic topology '%s': more than %d CPUs",
				       text, NWI_TOPO_CPU_COUNT_MAX);
	return takes(hw, text) ? 0 : blame_word(hw, text, diag);
}

static int not_xml(const char *path, struct nw_diag *diag)
{
	return nwi_topo_refuse(-EINVAL, diag, "topology file '%s': not an hwloc XML file", path);
}

static int set_xml(hwloc_topology_t hw, const char *path, struct nw_diag *diag)
{
	uint64_t n_bytes;
	int rc = nwi_sysfs_file_bytes(path, &n_bytes);

	if (rc == -EINVAL)
		return nwi_topo_refuse(rc, diag, "topology file '%s': not a regular file", path);
	if (rc < 0)
		return nwi_topo_refuse(rc, diag, "topology file '%s': %s", path, strerror(-rc));
	if (n_bytes > NWI_TOPO_XML_BYTES_MAX)
		return nwi_topo_refuse(-E2BIG, diag, "topology file '%s': larger than %d MiB", path,
				       NWI_TOPO_XML_BYTES_MAX / 1024 / 1024);
	return hwloc_topology_set_xml(hw, path) < 0 ? not_xml(path, diag) : 0;
}

int nwi_topo_refuse_xml(const char *source, struct nw_diag *diag)
{
	return not_xml(source + strlen(xml_prefix), diag);
}

int nwi_topo_set_source(hwloc_topology_t hw, const char *source, enum nw_topo_kind *ret_kind,
			struct nw_diag *diag)
{
	int rc;

	if (strncmp(source, synthetic_prefix, strlen(synthetic_prefix)) == 0) {
		rc = set_synthetic(hw, source + strlen(synthetic_prefix), diag);
		if (rc == 0)
			*ret_kind = NW_TOPO_SYNTHETIC;
		return rc;
	}
	if (strncmp(source, xml_prefix, strlen(xml_prefix)) == 0) {
		rc = set_xml(hw, source + strlen(xml_prefix), diag);
		if (rc == 0)
			*ret_kind = NW_TOPO_XML;
		return rc;
	}
	return nwi_topo_refuse(-EINVAL, diag,
			       "topology source '%s': write synthetic:\"<levels>\" or xml:<file>",
			       source);
}
