/* SPDX-License-Identifier: MIT */
/*
 * Builder of rule sets (nw/rules.h): rules in arrays that grow, an index of their keys, names in
 * one string of bytes.
 *
 * Invariants: a rule that was refused changed nothing but `refused`, and while that is set no set
 * is made. A topic's name and its id belong together: another name with the id is refused.
 */
#include "govern/rules.h"

#include "base/bits.h"
#include "base/diag.h"
#include "os/heap.h"

#include <nw/packet.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum { FIRST_BITS = 6, LINE_ALIGN = 64 };

/* A growing array of items, with where each was said; items of one size. */
struct list {
	void *items;
	uint32_t *lines;
	struct nwi_index index;
	uint32_t count, room;
};

struct nw_rules_builder {
	struct list topics, senders;
	char *names;
	size_t name_bytes, name_room;
	bool allows_all, has_any;
	struct nw_sender_rule any;
	struct nw_limit all;
	uint32_t any_line, all_line;
	bool is_refused;
	struct nw_diag refused; /* the first one's sentence */
};

/* -- saying no ---------------------------------------------------------------------------- */

static int refuse(struct nw_rules_builder *builder, struct nw_diag *reterr_diag, int rc,
		  uint32_t line, const char *format, ...)
{
	struct nw_diag diag;
	char text[200];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (line > 0)
		nwi_diag_set(&diag, "line %" PRIu32 ": %s", line, text);
	else
		nwi_diag_set(&diag, "%s", text);
	if (!builder->is_refused)
		builder->refused = diag;
	builder->is_refused = true;
	if (reterr_diag)
		*reterr_diag = diag;
	return rc;
}

/* "line 3" or "a rule without a line", for the second half of a sentence. */
static const char *place(char *text, size_t n_bytes, uint32_t line)
{
	if (line > 0)
		(void)snprintf(text, n_bytes, "line %" PRIu32, line);
	else
		(void)snprintf(text, n_bytes, "another rule");
	return text;
}

static int no_memory(struct nw_rules_builder *builder, struct nw_diag *reterr_diag, uint32_t line)
{
	return refuse(builder, reterr_diag, -ENOMEM, line, "no memory for another rule");
}

/* -- lists -------------------------------------------------------------------------------- */

static bool grow_index(struct nwi_index *index)
{
	struct nwi_index bigger = { .bits = index->bits ? index->bits + 1 : FIRST_BITS };
	uint32_t pair_count = index->bits ? UINT32_C(1) << index->bits : 0;

	bigger.pairs = nwi_heap_alloc_array((size_t)1 << bigger.bits, sizeof(*bigger.pairs));
	if (!bigger.pairs)
		return false;
	for (uint32_t i = 0; i < pair_count; i++) {
		if (index->pairs[i].slot != 0)
			nwi_index_put(&bigger, index->pairs[i].key, index->pairs[i].slot - 1);
	}
	nwi_heap_free(index->pairs);
	*index = bigger;
	return true;
}

/* A block of `room` items in place of one of `count`; NULL: the old one is as it was. */
static void *moved(void *items, size_t count, size_t room, size_t n_bytes)
{
	void *bigger = nwi_heap_alloc_array(room, n_bytes);

	if (bigger && count > 0)
		memcpy(bigger, items, count * n_bytes);
	if (bigger)
		nwi_heap_free(items);
	return bigger;
}

/* Room for one more item, in all three. */
static bool list_reserve(struct list *list, size_t n_bytes)
{
	if (list->count == list->room) {
		uint32_t room = list->room ? list->room * 2 : 1u << (FIRST_BITS - 1);
		void *items = moved(list->items, list->count, room, n_bytes), *lines;

		if (!items)
			return false;
		list->items = items;
		lines = moved(list->lines, list->count, room, sizeof(*list->lines));
		if (!lines)
			return false;
		list->lines = lines;
		list->room = room;
	}
	if (list->index.bits == 0 || list->count * 2 >= UINT32_C(1) << list->index.bits)
		return grow_index(&list->index);
	return true;
}

static uint32_t list_find(const struct list *list, uint32_t key)
{
	return list->index.bits ? nwi_index_find(&list->index, key) : NWI_NONE;
}

static void list_add(struct list *list, uint32_t key, uint32_t line)
{
	nwi_index_put(&list->index, key, list->count);
	list->lines[list->count++] = line;
}

static void list_fini(struct list *list)
{
	nwi_heap_free(list->items);
	nwi_heap_free(list->lines);
	nwi_heap_free(list->index.pairs);
}

/* Room for n_bytes more of names. The first byte is no name's, so that 0 means none. */
static bool names_reserve(struct nw_rules_builder *builder, size_t n_bytes)
{
	size_t wanted = (builder->name_bytes ? builder->name_bytes : 1) + n_bytes, room;
	char *names;

	if (wanted <= builder->name_room)
		return true;
	room = (size_t)nwi_next_pow2(wanted < 4096 ? 4096 : wanted);
	names = moved(builder->names, builder->name_bytes, room, 1);
	if (!names)
		return false;
	builder->names = names;
	builder->name_room = room;
	if (builder->name_bytes == 0)
		builder->name_bytes = 1;
	return true;
}

/* -- rules -------------------------------------------------------------------------------- */

int nw_rules_builder_create(struct nw_rules_builder **ret_builder)
{
	struct nw_rules_builder *builder = nwi_heap_alloc(sizeof(*builder));

	if (!builder)
		return -ENOMEM;
	*ret_builder = builder;
	return 0;
}

void nw_rules_builder_destroy(struct nw_rules_builder *builder)
{
	if (!builder)
		return;
	list_fini(&builder->topics);
	list_fini(&builder->senders);
	nwi_heap_free(builder->names);
	nwi_heap_free(builder);
}

void nw_rules_builder_allow_all(struct nw_rules_builder *builder)
{
	builder->allows_all = true;
}

static int check_limit(struct nw_rules_builder *builder, const struct nw_limit *limit,
		       uint32_t line, struct nw_diag *reterr_diag)
{
	if (limit->burst > NW_RULES_BURST_MAX)
		return refuse(builder, reterr_diag, -EINVAL, line,
			      "a burst of %" PRIu64 " is above the largest, %" PRIu64, limit->burst,
			      NW_RULES_BURST_MAX);
	if (limit->rate_per_s > NW_RULES_RATE_MAX)
		return refuse(builder, reterr_diag, -EINVAL, line,
			      "a rate of %" PRIu64 " a second is above the largest, %" PRIu64,
			      limit->rate_per_s, NW_RULES_RATE_MAX);
	if (limit->burst == 0 && limit->rate_per_s > 0)
		return refuse(builder, reterr_diag, -EINVAL, line,
			      "a rate of %" PRIu64 " a second with a burst of 0 admits nothing: "
			      "give a burst of 1 or more",
			      limit->rate_per_s);
	return 0;
}

static int check_topic(struct nw_rules_builder *builder, const struct nw_topic_rule *rule,
		       uint32_t line, struct nw_diag *reterr_diag)
{
	size_t n_bytes = rule->name ? strnlen(rule->name, NW_RULES_NAME_BYTES_MAX + 1) : 1;

	if (n_bytes == 0)
		return refuse(builder, reterr_diag, -EINVAL, line, "a topic's name is empty");
	if (n_bytes > NW_RULES_NAME_BYTES_MAX)
		return refuse(builder, reterr_diag, -EINVAL, line,
			      "a topic's name, '%.40s...', is longer than %u bytes", rule->name,
			      NW_RULES_NAME_BYTES_MAX);
	if (rule->is_denied && (rule->limit.burst > 0 || rule->limit.rate_per_s > 0))
		return refuse(builder, reterr_diag, -EINVAL, line,
			      "a topic that is denied has no limit: leave one of the two out");
	return check_limit(builder, &rule->limit, line, reterr_diag);
}

static uint32_t add_name(struct nw_rules_builder *builder, const char *name)
{
	size_t at = builder->name_bytes, n_bytes = name ? strlen(name) + 1 : 0;

	if (n_bytes == 0)
		return 0;
	memcpy(builder->names + at, name, n_bytes);
	builder->name_bytes += n_bytes;
	return (uint32_t)at;
}

/* The topic as messages call it. */
static const char *topic_text(const char *name, uint32_t topic, char *text, size_t n_bytes)
{
	if (name)
		(void)snprintf(text, n_bytes, "topic '%.60s'", name);
	else
		(void)snprintf(text, n_bytes, "topic %" PRIu32, topic);
	return text;
}

/* The topic has a rule already. 1: nothing is left to do; 0: the new rule takes the place of it. */
static int meet_topic(struct nw_rules_builder *builder, const struct nw_topic_rule *rule,
		      uint32_t topic, uint32_t slot, uint32_t line, struct nw_diag *reterr_diag)
{
	struct nwi_topic_rule *there = (struct nwi_topic_rule *)builder->topics.items + slot;
	const char *name = there->name_at ? builder->names + there->name_at : NULL;
	char mine[80], theirs[80], where[32];

	(void)place(where, sizeof(where), builder->topics.lines[slot]);
	(void)topic_text(rule->name, topic, mine, sizeof(mine));
	if (name && rule->name && strcmp(name, rule->name) != 0)
		return refuse(builder, reterr_diag, -ENOTUNIQ, line,
			      "%s has the same id, %" PRIu32 ", as %s in %s: rename one of them",
			      mine, topic, topic_text(name, topic, theirs, sizeof(theirs)), where);
	if (!there->is_denied && !rule->is_denied)
		return refuse(builder, reterr_diag, -EEXIST, line, "%s is allowed already, by %s",
			      mine, where);
	if (!name && rule->name && !names_reserve(builder, strlen(rule->name) + 1))
		return no_memory(builder, reterr_diag, line);
	if (!name)
		there->name_at = add_name(builder, rule->name);
	return there->is_denied;
}

int nw_rules_builder_add_topic(struct nw_rules_builder *builder, const struct nw_topic_rule *rule,
			       uint32_t line, struct nw_diag *reterr_diag)
{
	struct list *list = &builder->topics;
	struct nwi_topic_rule *made;
	uint32_t topic, slot;
	int rc = check_topic(builder, rule, line, reterr_diag);

	if (rc < 0)
		return rc;
	topic = rule->name ? nw_topic_id(rule->name, strlen(rule->name)) : rule->topic;
	slot = list_find(list, topic);
	if (slot != NWI_NONE) {
		rc = meet_topic(builder, rule, topic, slot, line, reterr_diag);
		if (rc != 0)
			return rc < 0 ? rc : 0;
		made = (struct nwi_topic_rule *)list->items + slot;
		made->is_denied = true, made->burst = 0, made->rate_per_s = 0;
		list->lines[slot] = line;
		return 0;
	}
	if (list->count == NW_RULES_COUNT_MAX)
		return refuse(builder, reterr_diag, -E2BIG, line, "more than %u topics",
			      NW_RULES_COUNT_MAX);
	if (!list_reserve(list, sizeof(*made)) ||
	    !names_reserve(builder, rule->name ? strlen(rule->name) + 1 : 0))
		return no_memory(builder, reterr_diag, line);
	made = (struct nwi_topic_rule *)list->items + list->count;
	*made = (struct nwi_topic_rule){ .topic = topic,
					 .name_at = add_name(builder, rule->name),
					 .burst = rule->limit.burst,
					 .rate_per_s = rule->limit.rate_per_s,
					 .is_denied = rule->is_denied };
	list_add(list, topic, line);
	return 0;
}

static int check_sender(struct nw_rules_builder *builder, const struct nw_sender_rule *rule,
			uint32_t line, struct nw_diag *reterr_diag)
{
	if (rule->priority_top > 3)
		return refuse(builder, reterr_diag, -EINVAL, line,
			      "a priority of %u: 0, the best, to 3 are allowed",
			      rule->priority_top);
	if (rule->is_denied && (rule->priority_top > 0 || rule->in_flight_max > 0 ||
				rule->limit.burst > 0 || rule->limit.rate_per_s > 0))
		return refuse(builder, reterr_diag, -EINVAL, line,
			      "a sender that is denied has no limits and no priority: leave one "
			      "of the two out");
	return check_limit(builder, &rule->limit, line, reterr_diag);
}

int nw_rules_builder_add_sender(struct nw_rules_builder *builder, const struct nw_sender_rule *rule,
				uint32_t line, struct nw_diag *reterr_diag)
{
	struct list *list = &builder->senders;
	struct nw_sender_rule *there;
	int rc = check_sender(builder, rule, line, reterr_diag);
	uint32_t slot = list_find(list, rule->sender);
	char where[32];

	if (rc < 0)
		return rc;
	if (slot != NWI_NONE) {
		there = (struct nw_sender_rule *)list->items + slot;
		if (!there->is_denied && !rule->is_denied)
			return refuse(builder, reterr_diag, -EEXIST, line,
				      "sender %" PRIu32 " is allowed already, by %s", rule->sender,
				      place(where, sizeof(where), list->lines[slot]));
		if (!there->is_denied)
			*there = *rule, list->lines[slot] = line;
		return 0;
	}
	if (list->count == NW_RULES_COUNT_MAX)
		return refuse(builder, reterr_diag, -E2BIG, line, "more than %u senders",
			      NW_RULES_COUNT_MAX);
	if (!list_reserve(list, sizeof(*rule)))
		return no_memory(builder, reterr_diag, line);
	((struct nw_sender_rule *)list->items)[list->count] = *rule;
	list_add(list, rule->sender, line);
	return 0;
}

int nw_rules_builder_any_sender(struct nw_rules_builder *builder, const struct nw_sender_rule *rule,
				uint32_t line, struct nw_diag *reterr_diag)
{
	int rc = check_sender(builder, rule, line, reterr_diag);
	char where[32];

	if (rc < 0)
		return rc;
	if (rule->is_denied)
		return refuse(builder, reterr_diag, -EINVAL, line,
			      "senders without a rule are refused anyhow: leave this out");
	if (builder->has_any)
		return refuse(builder, reterr_diag, -EEXIST, line,
			      "what holds for any sender was said already, by %s",
			      place(where, sizeof(where), builder->any_line));
	builder->any = *rule;
	builder->has_any = true;
	builder->any_line = line;
	return 0;
}

int nw_rules_builder_limit_all(struct nw_rules_builder *builder, const struct nw_limit *limit,
			       uint32_t line, struct nw_diag *reterr_diag)
{
	int rc = check_limit(builder, limit, line, reterr_diag);
	char where[32];

	if (rc < 0)
		return rc;
	if (limit->burst == 0)
		return refuse(builder, reterr_diag, -EINVAL, line,
			      "a limit of all with a burst of 0 limits nothing: leave it out");
	if (builder->all.burst > 0)
		return refuse(builder, reterr_diag, -EEXIST, line,
			      "the limit of all was set already, by %s",
			      place(where, sizeof(where), builder->all_line));
	builder->all = *limit;
	builder->all_line = line;
	return 0;
}

/* -- the set ------------------------------------------------------------------------------ */

static uint32_t index_bits(uint32_t count)
{
	return nwi_ilog2(nwi_next_pow2((uint64_t)count * 2 + 2));
}

static size_t pad(size_t n_bytes)
{
	return (size_t)nwi_round_up(n_bytes, LINE_ALIGN);
}

/* Takes n_bytes of the block; each part begins on a line of its own. */
static void *part(char **block, size_t n_bytes)
{
	char *begin = *block;

	*block += pad(n_bytes);
	return begin;
}

static size_t set_bytes(const struct nw_rules_builder *builder)
{
	uint32_t topics = builder->topics.count, senders = builder->senders.count;

	return pad(sizeof(struct nw_rules)) + pad(topics * sizeof(struct nwi_topic_rule)) +
	       pad(senders * sizeof(struct nw_sender_rule)) +
	       pad(sizeof(struct nwi_pair) << index_bits(topics)) +
	       pad(sizeof(struct nwi_pair) << index_bits(senders)) + pad(builder->name_bytes + 1);
}

static void fill_topics(const struct nw_rules_builder *builder, struct nw_rules *rules)
{
	for (uint32_t i = 0; i < builder->topics.count; i++) {
		uint32_t topic, bit;

		rules->topics[i] = ((const struct nwi_topic_rule *)builder->topics.items)[i];
		topic = rules->topics[i].topic;
		bit = topic % NWI_FILTER_BITS;
		nwi_index_put(&rules->topic_index, topic, i);
		rules->filter[bit / 64] |= UINT64_C(1) << bit % 64;
	}
	rules->topic_count = builder->topics.count;
}

static void fill_senders(const struct nw_rules_builder *builder, struct nw_rules *rules)
{
	for (uint32_t i = 0; i < builder->senders.count; i++) {
		rules->senders[i] = ((const struct nw_sender_rule *)builder->senders.items)[i];
		nwi_index_put(&rules->sender_index, rules->senders[i].sender, i);
	}
	rules->sender_count = builder->senders.count;
}

static void fill(const struct nw_rules_builder *builder, struct nw_rules *rules, uint64_t version)
{
	uint32_t topics = builder->topics.count, senders = builder->senders.count;
	char *block = (char *)rules;

	(void)part(&block, sizeof(*rules));
	rules->topics = part(&block, topics * sizeof(*rules->topics));
	rules->senders = part(&block, senders * sizeof(*rules->senders));
	rules->topic_index.bits = index_bits(topics);
	rules->topic_index.pairs = part(&block, sizeof(struct nwi_pair) << index_bits(topics));
	rules->sender_index.bits = index_bits(senders);
	rules->sender_index.pairs = part(&block, sizeof(struct nwi_pair) << index_bits(senders));
	rules->names = part(&block, builder->name_bytes + 1);
	if (builder->name_bytes > 0)
		memcpy(rules->names, builder->names, builder->name_bytes);
	rules->version = version;
	rules->allows_all = builder->allows_all;
	rules->has_any = builder->has_any;
	rules->any = builder->any;
	rules->all = builder->all;
	fill_topics(builder, rules);
	fill_senders(builder, rules);
}

int nw_rules_builder_finish(const struct nw_rules_builder *builder, uint64_t version, nw_node node,
			    struct nw_rules **ret_rules, struct nw_diag *reterr_diag)
{
	struct nw_rules *rules;
	struct nw_mem mem;
	int rc;

	if (builder->is_refused) {
		nwi_diag_set(reterr_diag, "%s", builder->refused.text);
		return -EINVAL;
	}
	if (version == 0) {
		nwi_diag_set(reterr_diag, "a version of rules is 1 or more");
		return -EINVAL;
	}
	rc = nw_mem_alloc(&mem, node, set_bytes(builder), 0);
	if (rc < 0) {
		nwi_diag_set(reterr_diag,
			     "no memory for %" PRIu32 " topics and %" PRIu32 " senders",
			     builder->topics.count, builder->senders.count);
		return rc;
	}
	rules = mem.base;
	rules->mem = mem;
	fill(builder, rules, version);
	*ret_rules = rules;
	return 0;
}
