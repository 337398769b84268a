/* SPDX-License-Identifier: MIT */
/*
 * The C half of the package: records are filled in and handed to the lanes without a Python object
 * between. Stable ABI of Python 3.11.
 *
 * Invariant: the interpreter's lock orders all that touches a client, but for batches, which let go
 * of it: `is_submitting` and `is_receiving` are set while a thread is inside without it, and others
 * wait for their turn.
 */
#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <nw/bell.h>
#include <nw/relay_client.h>

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <structmember.h>

#define NS_PER_S 1000000000

enum {
	BATCH = 256,       /* records a turn of submit_many() */
	LET_GO_FROM = 512, /* records from which letting go of the lock is worth its 40 ns */
	RECEIVE_MAX = 4096
};

struct client {
	PyObject ob_base;               /* PyObject_HEAD */
	struct nw_relay_client *client; /* NULL: closed */
	PyObject *weak_refs;
	bool is_submitting, is_receiving, is_forked;
};

static struct {
	PyObject *queue_full, *throttled, *denied, *too_large, *closed, *error;
	PyTypeObject *packet;
} the;

/* --- Errors --- */

static PyObject *raise_closed(const struct client *self)
{
	PyErr_SetString(the.closed, self->is_forked
					    ? "this client is the parent process's: connect "
					      "again after a fork"
					    : "the client is closed");
	return NULL;
}

static PyObject *raise_errno(int rc, const char *text)
{
	PyObject *kind = rc == -EACCES                       ? the.denied
			 : rc == -EPIPE || rc == -ECONNRESET ? the.closed
							     : the.error;

	PyErr_SetString(kind, text && *text ? text : strerror(-rc));
	return NULL;
}

/* The first `before` were accepted by earlier turns. */
static PyObject *raise_refusal(const struct nw_relay_receipt *receipt, size_t before)
{
	PyObject *kind = receipt->reason == NW_RELAY_PRIORITY ? the.throttled : the.queue_full,
		 *error;

	switch (receipt->reason) {
	case NW_RELAY_CLOSED:
		PyErr_SetString(the.closed, "the relay admits nothing any more");
		return NULL;
	case NW_RELAY_RIGHTS:
		PyErr_SetString(the.denied, "this sender has no right to system packets");
		return NULL;
	case NW_RELAY_BAD:
	case NW_RELAY_FORM:
		PyErr_Format(PyExc_ValueError,
			     "record %zu is malformed or of a form that cannot be carried",
			     before + receipt->refused_idx);
		return NULL;
	default:
		error = PyObject_CallFunction(kind, "nId", (Py_ssize_t)(before + receipt->accepted),
					      receipt->shard,
					      (double)receipt->retry_after_ns / NS_PER_S);
		if (error) {
			PyErr_SetObject(kind, error);
			Py_DECREF(error);
		}
		return NULL;
	}
}

/* --- Turns --- */

static bool begin(struct client *self, bool *is_inside)
{
	while (self->client && *is_inside) {
		Py_BEGIN_ALLOW_THREADS(void) sched_yield();
		Py_END_ALLOW_THREADS
	}
	if (!self->client || self->is_forked) {
		(void)raise_closed(self);
		return false;
	}
	return true;
}

/* Submits, without the lock where there is much. */
static size_t submit(struct client *self, const void *records, size_t count,
		     struct nw_relay_receipt *ret_receipt)
{
	size_t accepted;

	if (count < LET_GO_FROM)
		return nw_relay_client_submit_records(self->client, records, count, ret_receipt);
	self->is_submitting = true;
	Py_BEGIN_ALLOW_THREADS accepted = nw_relay_client_submit_records(self->client, records,
									 count, ret_receipt);
	Py_END_ALLOW_THREADS self->is_submitting = false;
	return accepted;
}

/* --- Records --- */

static bool topic_of(PyObject *object, uint32_t *ret_topic)
{
	unsigned long long number;
	Py_ssize_t n_bytes;
	const char *name;

	if (PyLong_Check(object)) {
		number = PyLong_AsUnsignedLongLong(object); /* of an error too: above 2^32 */
		if (number > UINT32_MAX) {
			PyErr_Clear();
			PyErr_SetString(PyExc_ValueError, "a topic's id is 0 to 2^32 - 1");
			return false;
		}
		*ret_topic = (uint32_t)number;
		return true;
	}
	name = PyUnicode_Check(object) ? PyUnicode_AsUTF8AndSize(object, &n_bytes) : NULL;
	if (!name) {
		if (!PyErr_Occurred())
			PyErr_SetString(PyExc_TypeError, "a topic is an int or a str");
		return false;
	}
	*ret_topic = nw_topic_id(name, (size_t)n_bytes);
	return true;
}

static bool too_large(Py_ssize_t n_bytes)
{
	PyErr_Format(the.too_large, "a payload of %zd bytes: %u are the most", n_bytes,
		     NW_PACKET_PAYLOAD_MAX);
	return false;
}

static bool set_payload(struct nw_packet *packet, PyObject *payload)
{
	Py_buffer view;
	char *bytes;
	Py_ssize_t n_bytes;
	bool fits;

	if (PyBytes_Check(payload)) {
		(void)PyBytes_AsStringAndSize(payload, &bytes, &n_bytes); /* it is bytes */
		if (n_bytes > (Py_ssize_t)NW_PACKET_PAYLOAD_MAX)
			return too_large(n_bytes);
		memcpy(packet->payload, bytes, (size_t)n_bytes);
		packet->length = (uint8_t)n_bytes;
		return true;
	}
	if (PyObject_GetBuffer(payload, &view, PyBUF_SIMPLE) < 0)
		return false;
	fits = view.len <= (Py_ssize_t)NW_PACKET_PAYLOAD_MAX;
	if (fits) {
		memcpy(packet->payload, view.buf, (size_t)view.len);
		packet->length = (uint8_t)view.len;
	} else {
		(void)too_large(view.len);
	}
	PyBuffer_Release(&view);
	return fits;
}

static bool number_of(PyObject *object, const char *what, unsigned long long max,
		      unsigned long long *ret)
{
	*ret = PyLong_AsUnsignedLongLong(object); /* of an error too: above all of max */
	if (*ret <= max)
		return true;
	if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_TypeError))
		return false;
	PyErr_Clear();
	PyErr_Format(PyExc_ValueError, "%s is 0 to %llu", what, max);
	return false;
}

/* --- submit(topic, payload=b"", priority=0, ttl_us=0, type=0) --- */

static const char *const submit_names[] = { "topic", "payload", "priority", "ttl_us", "type" };
enum { SUBMIT_ARGS = 5 };

static bool sort_args(PyObject *const *args, Py_ssize_t count, PyObject *names,
		      PyObject *ret_args[SUBMIT_ARGS])
{
	Py_ssize_t named = names ? PyTuple_Size(names) : 0;

	if (count > SUBMIT_ARGS) {
		PyErr_SetString(PyExc_TypeError, "submit() takes 1 to 5 arguments");
		return false;
	}
	for (Py_ssize_t i = 0; i < SUBMIT_ARGS; i++)
		ret_args[i] = i < count ? args[i] : NULL;
	for (Py_ssize_t i = 0; i < named; i++) {
		PyObject *name = PyTuple_GetItem(names, i);
		int at = 0;

		while (at < SUBMIT_ARGS &&
		       PyUnicode_CompareWithASCIIString(name, submit_names[at]) != 0)
			at++;
		if (at == SUBMIT_ARGS || ret_args[at]) {
			PyErr_Format(PyExc_TypeError,
				     "submit() got an unexpected or repeated argument %R", name);
			return false;
		}
		ret_args[at] = args[count + i];
	}
	if (!ret_args[0])
		PyErr_SetString(PyExc_TypeError, "submit() needs a topic");
	return ret_args[0] != NULL;
}

static bool fill(struct nw_packet *packet, PyObject *const args[SUBMIT_ARGS])
{
	unsigned long long number;

	if (!topic_of(args[0], &packet->topic) || (args[1] && !set_payload(packet, args[1])))
		return false;
	if (args[2]) {
		if (!number_of(args[2], "priority", NW_PACKET_PRIORITY_COUNT - 1, &number))
			return false;
		packet->priority = (uint8_t)number;
	}
	if (args[3]) {
		if (!number_of(args[3], "ttl_us", UINT32_MAX, &number))
			return false;
		packet->ttl_us = (uint32_t)number;
	}
	if (args[4]) {
		if (!number_of(args[4], "type", UINT32_MAX, &number))
			return false;
		packet->type = (uint32_t)number;
	}
	return true;
}

static PyObject *client_submit(PyObject *object, PyObject *const *args, Py_ssize_t count,
			       PyObject *names)
{
	struct client *self = (struct client *)object;
	struct nw_packet packet = { .flags = NW_PACKET_INLINE };
	struct nw_relay_receipt receipt;
	PyObject *sorted[SUBMIT_ARGS];

	if (!sort_args(args, count, names, sorted) || !fill(&packet, sorted) ||
	    !begin(self, &self->is_submitting))
		return NULL;
	if (nw_relay_client_submit(self->client, &packet, 1, &receipt) == 0)
		return raise_refusal(&receipt, 0);
	Py_RETURN_NONE;
}

/* --- submit_many([(topic, payload), ...]) --- */

static bool fill_pair(struct nw_packet *packet, PyObject *item)
{
	*packet = (struct nw_packet){ .flags = NW_PACKET_INLINE };
	if (!PyTuple_Check(item) || PyTuple_Size(item) != 2) {
		PyErr_SetString(PyExc_TypeError, "packets are tuples (topic, payload)");
		return false;
	}
	return topic_of(PyTuple_GetItem(item, 0), &packet->topic) &&
	       set_payload(packet, PyTuple_GetItem(item, 1));
}

/* The next records; how many, or -1: an error is set. */
static int fill_batch(struct nw_packet *packets, PyObject *iterator)
{
	int count = 0;

	while (count < BATCH) {
		PyObject *item = PyIter_Next(iterator);
		bool is_good;

		if (!item)
			return PyErr_Occurred() ? -1 : count;
		is_good = fill_pair(&packets[count], item);
		Py_DECREF(item);
		if (!is_good)
			return -1;
		count++;
	}
	return count;
}

/* A bad item is found before its batch is submitted, but after those before it were. */
static PyObject *client_submit_many(PyObject *object, PyObject *items)
{
	struct client *self = (struct client *)object;
	struct nw_packet packets[BATCH];
	struct nw_relay_receipt receipt;
	PyObject *iterator = PyObject_GetIter(items);
	size_t total = 0;
	int count = iterator ? fill_batch(packets, iterator) : -1;

	while (count > 0) {
		size_t accepted;

		if (!begin(self, &self->is_submitting)) {
			count = -1;
			break;
		}
		accepted = submit(self, packets, (size_t)count, &receipt);
		if (accepted < (size_t)count) {
			(void)raise_refusal(&receipt, total);
			count = -1;
			break;
		}
		total += accepted;
		count = fill_batch(packets, iterator);
	}
	Py_XDECREF(iterator);
	return count < 0 ? NULL : PyLong_FromSize_t(total);
}

/* --- submit_buffer(records) --- */

static PyObject *client_submit_buffer(PyObject *object, PyObject *records)
{
	struct client *self = (struct client *)object;
	struct nw_relay_receipt receipt;
	size_t count, accepted;
	Py_buffer view;

	if (PyObject_GetBuffer(records, &view, PyBUF_SIMPLE) < 0)
		return NULL;
	count = (size_t)view.len / sizeof(struct nw_packet);
	if ((size_t)view.len % sizeof(struct nw_packet) != 0) {
		PyErr_Format(PyExc_ValueError,
			     "a buffer of %zd bytes is no whole number of records of %zu", view.len,
			     sizeof(struct nw_packet));
		PyBuffer_Release(&view);
		return NULL;
	}
	if (!begin(self, &self->is_submitting)) {
		PyBuffer_Release(&view);
		return NULL;
	}
	accepted = submit(self, view.buf, count, &receipt);
	PyBuffer_Release(&view);
	return accepted < count ? raise_refusal(&receipt, 0) : PyLong_FromSize_t(accepted);
}

/* --- Receiving --- */

static PyObject *packet_of(const struct nw_packet *packet)
{
	PyObject *tuple = PyStructSequence_New(the.packet);

	if (!tuple)
		return NULL;
	PyStructSequence_SetItem(tuple, 0, PyLong_FromUnsignedLong(packet->topic));
	PyStructSequence_SetItem(tuple, 1, PyLong_FromUnsignedLong(packet->sender));
	PyStructSequence_SetItem(tuple, 2, PyLong_FromUnsignedLongLong(packet->time_ns));
	PyStructSequence_SetItem(tuple, 3, PyLong_FromLong(packet->priority));
	PyStructSequence_SetItem(tuple, 4, PyLong_FromUnsignedLong(packet->type));
	PyStructSequence_SetItem(tuple, 5,
				 PyBytes_FromStringAndSize((const char *)packet->payload,
							   packet->length <= NW_PACKET_PAYLOAD_MAX
								   ? packet->length
								   : 0));
	if (PyErr_Occurred()) {
		Py_DECREF(tuple);
		return NULL;
	}
	return tuple;
}

static PyObject *list_of(const struct nw_packet *packets, size_t count)
{
	PyObject *list = PyList_New((Py_ssize_t)count);

	for (size_t i = 0; list && i < count; i++) {
		PyObject *packet = packet_of(&packets[i]);

		if (!packet || PyList_SetItem(list, (Py_ssize_t)i, packet) < 0) {
			Py_DECREF(list);
			return NULL;
		}
	}
	return list;
}

/* A second at a time, so that Ctrl-C is heard. */
static bool wait_packets(struct client *self, double timeout)
{
	double end = timeout, step;
	bool has_some = false;

	while (!has_some && end > 0 && !nw_relay_client_is_closed(self->client)) {
		step = end < 1 ? end : 1;
		self->is_receiving = true;
		Py_BEGIN_ALLOW_THREADS has_some = nw_relay_client_receive_wait(
			self->client, (uint64_t)(step * NS_PER_S));
		Py_END_ALLOW_THREADS self->is_receiving = false;
		end -= step;
		if (PyErr_CheckSignals() < 0)
			return false;
	}
	return true;
}

static PyObject *client_receive(PyObject *object, PyObject *args, PyObject *names)
{
	static char *words[] = { "count", "timeout", NULL };
	struct client *self = (struct client *)object;
	struct nw_packet packets[BATCH];
	unsigned count = BATCH;
	double timeout = 0;
	size_t got;

	if (!PyArg_ParseTupleAndKeywords(args, names, "|Id:receive", words, &count, &timeout) ||
	    !begin(self, &self->is_receiving))
		return NULL;
	if (count > BATCH)
		count = BATCH;
	got = nw_relay_client_receive(self->client, packets, count);
	if (got == 0 && timeout > 0) {
		if (!wait_packets(self, timeout))
			return NULL;
		if (!self->client)
			return raise_closed(self);
		got = nw_relay_client_receive(self->client, packets, count);
	}
	return list_of(packets, got);
}

static PyObject *subscribe(struct client *self, PyObject *const *args, Py_ssize_t count, bool is_on)
{
	uint32_t topics[BATCH];
	int rc = 0;

	for (Py_ssize_t at = 0; rc == 0 && at < count; at += BATCH) {
		size_t n = count - at < BATCH ? (size_t)(count - at) : BATCH;

		for (size_t i = 0; i < n; i++)
			if (!topic_of(args[at + (Py_ssize_t)i], &topics[i]))
				return NULL;
		if (!begin(self, &self->is_receiving))
			return NULL;
		rc = nw_relay_client_subscribe(self->client, topics, n, is_on);
	}
	if (rc < 0)
		return raise_errno(rc, NULL);
	Py_RETURN_NONE;
}

static PyObject *client_subscribe(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
	return subscribe((struct client *)self, args, count, true);
}

static PyObject *client_unsubscribe(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
	return subscribe((struct client *)self, args, count, false);
}

static PyObject *client_subscribe_prefix(PyObject *object, PyObject *prefix)
{
	struct client *self = (struct client *)object;
	uint32_t count = 0;
	Py_ssize_t n_bytes;
	const char *text = PyUnicode_AsUTF8AndSize(prefix, &n_bytes);
	int rc;

	if (!text || !begin(self, &self->is_receiving))
		return NULL;
	rc = nw_relay_client_subscribe_prefix(self->client, text, (size_t)n_bytes, true, &count);
	return rc < 0 ? raise_errno(rc, NULL) : PyLong_FromUnsignedLong(count);
}

static PyObject *client_subscribe_all(PyObject *object, PyObject *unused)
{
	struct client *self = (struct client *)object;
	int rc;

	(void)unused;
	if (!begin(self, &self->is_receiving))
		return NULL;
	rc = nw_relay_client_subscribe_all(self->client, true);
	if (rc < 0)
		return raise_errno(rc, NULL);
	Py_RETURN_NONE;
}

/* --- What it counts and is --- */

static bool put(PyObject *dict, const char *name, uint64_t n)
{
	PyObject *number = PyLong_FromUnsignedLongLong(n);
	bool is_good = number && PyDict_SetItemString(dict, name, number) == 0;

	Py_XDECREF(number);
	return is_good;
}

static PyObject *client_counts(PyObject *object, PyObject *unused)
{
	struct client *self = (struct client *)object;
	struct nw_relay_client_counts counts;
	uint64_t refused = 0, turned_down = 0, throttled, denied = 0, all = 0;
	PyObject *dict;

	(void)unused;
	if (!begin(self, &self->is_submitting))
		return NULL;
	nw_relay_client_counts(self->client, &counts);
	for (int i = 0; i < NW_RELAY_REFUSAL_COUNT; i++) {
		refused += counts.refused[i];
		turned_down += counts.turned_down[i];
	}
	for (int i = 0; i < NW_RELAY_DROP_COUNT; i++)
		all += counts.dropped[i];
	for (int i = NW_VERDICT_NO_RULES; i <= NW_VERDICT_SENDER_UNKNOWN; i++)
		denied += counts.dropped[i];
	throttled = counts.dropped[NW_VERDICT_TOPIC_RATE] + counts.dropped[NW_VERDICT_SENDER_RATE] +
		    counts.dropped[NW_VERDICT_GLOBAL_RATE] + counts.dropped[NW_VERDICT_IN_FLIGHT];
	dict = PyDict_New();
	if (dict && put(dict, "submitted", counts.submitted) &&
	    put(dict, "accepted", counts.accepted) && put(dict, "refused", refused) &&
	    put(dict, "unread", counts.unread) && put(dict, "taken", counts.taken) &&
	    put(dict, "turned_down", turned_down) && put(dict, "received", counts.received) &&
	    put(dict, "lost", counts.lost) && put(dict, "denied", denied) &&
	    put(dict, "throttled", throttled) && put(dict, "dropped", all))
		return dict;
	Py_XDECREF(dict);
	return NULL;
}

static PyObject *get_is_closed(PyObject *object, void *unused)
{
	struct client *self = (struct client *)object;

	(void)unused;
	return PyBool_FromLong(!self->client || self->is_forked ||
			       nw_relay_client_is_closed(self->client));
}

static PyObject *get_sender(PyObject *object, void *unused)
{
	struct client *self = (struct client *)object;

	(void)unused;
	return self->client ? PyLong_FromUnsignedLong(nw_relay_client_sender(self->client))
			    : raise_closed(self);
}

static PyObject *get_shard_count(PyObject *object, void *unused)
{
	struct client *self = (struct client *)object;

	(void)unused;
	return self->client ? PyLong_FromUnsignedLong(nw_relay_client_shard_count(self->client))
			    : raise_closed(self);
}

/* --- For the asynchronous half, which is Python --- */

static PyObject *client_rest(PyObject *object, PyObject *unused)
{
	struct client *self = (struct client *)object;

	(void)unused;
	return begin(self, &self->is_receiving)
		       ? PyBool_FromLong(nw_relay_client_rest(self->client))
		       : NULL;
}

static PyObject *client_rest_room(PyObject *object, PyObject *shard)
{
	struct client *self = (struct client *)object;
	unsigned long long number;

	if (!number_of(shard, "shard", UINT32_MAX, &number) || !begin(self, &self->is_submitting))
		return NULL;
	if (number >= nw_relay_client_shard_count(self->client)) {
		PyErr_SetString(PyExc_ValueError, "there is no such shard");
		return NULL;
	}
	return PyBool_FromLong(nw_relay_client_rest_room(self->client, (uint32_t)number));
}

#define FD(name)                                                                            \
	static PyObject *client_##name(PyObject *object, PyObject *unused)                  \
	{                                                                                   \
		struct client *self = (struct client *)object;                              \
		(void)unused;                                                               \
		return self->client ? PyLong_FromLong(nw_relay_client_##name(self->client)) \
				    : raise_closed(self);                                   \
	}
FD(bell_fd)
FD(room_fd)
FD(stream_fd)

static PyObject *client_hear(PyObject *self, PyObject *fd)
{
	long number = PyLong_AsLong(fd);

	(void)self;
	if (PyErr_Occurred())
		return NULL;
	(void)nw_bell_hear((int)number);
	Py_RETURN_NONE;
}

static PyObject *client_forked(PyObject *self, PyObject *unused)
{
	(void)unused;
	((struct client *)self)->is_forked = true;
	Py_RETURN_NONE;
}

/* --- Life --- */

static int client_init(PyObject *object, PyObject *args, PyObject *names)
{
	struct client *self = (struct client *)object;
	struct nw_relay_client_options options = { 0 };
	struct nw_diag diag = { "" };
	const char *path;
	double timeout;
	int rc;

	(void)names;
	if (self->client) {
		PyErr_SetString(PyExc_RuntimeError, "it is connected already");
		return -1;
	}
	if (!PyArg_ParseTuple(args, "szzIId:Client", &path, &options.name, &options.token,
			      &options.submit_slots, &options.receive_slots, &timeout))
		return -1;
	options.timeout_ns = timeout > 0 ? (uint64_t)(timeout * NS_PER_S) : 0;
	Py_BEGIN_ALLOW_THREADS rc = nw_relay_client_connect(&self->client, path, &options, &diag);
	Py_END_ALLOW_THREADS if (rc == -EINVAL) PyErr_SetString(
		PyExc_ValueError, diag.text[0] ? diag.text
					       : "a name or token is too long, or slots "
						 "are no power of two");
	else if (rc < 0)(void) raise_errno(rc, diag.text);
	return rc < 0 ? -1 : 0;
}

static PyObject *client_close(PyObject *object, PyObject *unused)
{
	struct client *self = (struct client *)object;

	(void)unused;
	while (self->is_submitting || self->is_receiving) {
		Py_BEGIN_ALLOW_THREADS(void) sched_yield();
		Py_END_ALLOW_THREADS
	}
	if (!self->is_forked)
		nw_relay_client_close(self->client);
	self->client = NULL;
	Py_RETURN_NONE;
}

static void client_dealloc(PyObject *object)
{
	PyTypeObject *type = Py_TYPE(object);

	Py_XDECREF(client_close(object, NULL));
	if (((struct client *)object)->weak_refs)
		PyObject_ClearWeakRefs(object);
	((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
	Py_DECREF(type);
}

static PyMethodDef client_methods[] = {
	{ "submit", (PyCFunction)(void (*)(void))client_submit, METH_FASTCALL | METH_KEYWORDS,
	  "submit(topic, payload=b\"\", priority=0, ttl_us=0, type=0)\n\n"
	  "Hand one packet to its shard, or raise QueueFull, Throttled, Denied,\n"
	  "TooLarge or Closed. Never waits." },
	{ "submit_many", client_submit_many, METH_O,
	  "submit_many(packets) -> int\n\n"
	  "Hand tuples (topic, payload) over, in order; how many. QueueFull says\n"
	  "how many were accepted before." },
	{ "submit_buffer", client_submit_buffer, METH_O,
	  "submit_buffer(records) -> int\n\n"
	  "Hand packed records of RECORD_BYTES over, from any buffer (bytes,\n"
	  "bytearray, memoryview, array, numpy); how many." },
	{ "receive", (PyCFunction)(void (*)(void))client_receive, METH_VARARGS | METH_KEYWORDS,
	  "receive(count=256, timeout=0.0) -> list[Packet]\n\n"
	  "Packets that were delivered, 256 at most at once; waits up to timeout\n"
	  "seconds for the first." },
	{ "subscribe", (PyCFunction)(void (*)(void))client_subscribe, METH_FASTCALL,
	  "subscribe(*topics)\n\nHear these topics from now on." },
	{ "unsubscribe", (PyCFunction)(void (*)(void))client_unsubscribe, METH_FASTCALL,
	  "unsubscribe(*topics)\n\nHear these topics no more." },
	{ "subscribe_prefix", client_subscribe_prefix, METH_O,
	  "subscribe_prefix(prefix) -> int\n\n"
	  "Hear all topics that the relay knows by a name that begins so; how many\n"
	  "there are now." },
	{ "subscribe_all", client_subscribe_all, METH_NOARGS,
	  "subscribe_all()\n\nHear every topic." },
	{ "counts", client_counts, METH_NOARGS,
	  "counts() -> dict\n\n"
	  "submitted, accepted, refused, unread, taken, turned_down, received, lost;\n"
	  "of what this sender's rules dropped later: denied, throttled, and dropped\n"
	  "in all." },
	{ "close", client_close, METH_NOARGS,
	  "close()\n\nLeave; what was accepted is still carried. Again is harmless." },
	{ "_rest", client_rest, METH_NOARGS, NULL },
	{ "_rest_room", client_rest_room, METH_O, NULL },
	{ "_bell_fd", client_bell_fd, METH_NOARGS, NULL },
	{ "_room_fd", client_room_fd, METH_NOARGS, NULL },
	{ "_stream_fd", client_stream_fd, METH_NOARGS, NULL },
	{ "_hear", client_hear, METH_O, NULL },
	{ "_forked", client_forked, METH_NOARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef client_getset[] = {
	{ "is_closed", get_is_closed, NULL, "Whether nothing is admitted any more.", NULL },
	{ "sender", get_sender, NULL, "Sender id of this client's packets.", NULL },
	{ "shard_count", get_shard_count, NULL, "Shards of the relay.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyMemberDef client_members[] = {
	{ "__weaklistoffset__", T_PYSSIZET, offsetof(struct client, weak_refs), READONLY, NULL },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot client_slots[] = {
	{ Py_tp_doc, "A connection to a relay of this machine." },
	{ Py_tp_init, client_init },
	{ Py_tp_dealloc, client_dealloc },
	{ Py_tp_methods, client_methods },
	{ Py_tp_getset, client_getset },
	{ Py_tp_members, client_members },
	{ 0, NULL },
};

static PyType_Spec client_spec = { "nodewise._relay.Client", sizeof(struct client), 0,
				   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, client_slots };

/* --- The module --- */

static PyObject *module_topic_id(PyObject *self, PyObject *name)
{
	Py_ssize_t n_bytes;
	const char *text;
	char *bytes;

	(void)self;
	if (PyBytes_Check(name)) {
		(void)PyBytes_AsStringAndSize(name, &bytes, &n_bytes); /* it is bytes */
		text = bytes;
	} else {
		text = PyUnicode_AsUTF8AndSize(name, &n_bytes);
	}
	return text ? PyLong_FromUnsignedLong(nw_topic_id(text, (size_t)n_bytes)) : NULL;
}

static PyObject *module_set_errors(PyObject *self, PyObject *args)
{
	(void)self;
	if (!PyArg_ParseTuple(args, "OOOOOO", &the.queue_full, &the.throttled, &the.denied,
			      &the.too_large, &the.closed, &the.error))
		return NULL;
	Py_INCREF(the.queue_full);
	Py_INCREF(the.throttled);
	Py_INCREF(the.denied);
	Py_INCREF(the.too_large);
	Py_INCREF(the.closed);
	Py_INCREF(the.error);
	Py_RETURN_NONE;
}

static PyMethodDef module_methods[] = {
	{ "topic_id", module_topic_id, METH_O,
	  "topic_id(name) -> int\n\nThe id of a topic's name." },
	{ "set_errors", module_set_errors, METH_VARARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

static PyStructSequence_Field packet_fields[] = {
	{ "topic", "id of the topic" },
	{ "sender", "id of the sender, as the relay found it" },
	{ "time_ns", "the sender's time, or 0" },
	{ "priority", "0, the highest, to 3" },
	{ "type", "the application's" },
	{ "payload", "bytes" },
	{ NULL, NULL },
};
static PyStructSequence_Desc packet_desc = { "nodewise.Packet", "A packet that was delivered.",
					     packet_fields, 6 };

static struct PyModuleDef module = { .m_base = PyModuleDef_HEAD_INIT,
				     .m_name = "nodewise._relay",
				     .m_size = -1,
				     .m_methods = module_methods };

PyMODINIT_FUNC PyInit__relay(void)
{
	PyObject *self = PyModule_Create(&module), *type = PyType_FromSpec(&client_spec);

	the.packet = PyStructSequence_NewType(&packet_desc);
	if (!self || !type || !the.packet || PyModule_AddObjectRef(self, "Client", type) < 0 ||
	    PyModule_AddObjectRef(self, "Packet", (PyObject *)the.packet) < 0 ||
	    PyModule_AddIntConstant(self, "PAYLOAD_MAX", NW_PACKET_PAYLOAD_MAX) < 0 ||
	    PyModule_AddIntConstant(self, "RECORD_BYTES", sizeof(struct nw_packet)) < 0)
		return NULL;
	Py_DECREF(type);
	return self;
}
