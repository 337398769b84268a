/* SPDX-License-Identifier: MIT */
/* Questions and answers: sums are right, cookies are asked for, and no bytes lead astray. */
#include "nw_test.h"

#include "base/prng.h"
#include "probe/frame.h"
#include "probe/plan.h"
#include "probe/wire.h"

static const struct nwi_sip_key key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

static struct nwi_address address(const char *text)
{
	struct nwi_address a;

	CHECK(nwi_address_parse(text, &a));
	return a;
}

/* The vectors of the paper's appendix: the hash of 0, 1, 2, ... of that many bytes. */
TEST(the_hash_is_the_paper_s)
{
	static const uint64_t wanted[] = {
		UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0x74f839c593dc67fd),
		UINT64_C(0x0d6c8009d9a94f5a), UINT64_C(0x85676696d7fb7e2d),
		UINT64_C(0xcf2794e0277187b7), UINT64_C(0x18765564cd99a68d),
		UINT64_C(0xcbc9466e58fee3ce), UINT64_C(0xab0200f58b01d137),
		UINT64_C(0x93f5f5799a932462), UINT64_C(0x9e0082df0ba9e4b0)
	};
	unsigned char bytes[64];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	for (size_t n = 0; n < sizeof(wanted) / sizeof(*wanted); n++)
		CHECK(nwi_siphash(key, bytes, n) == wanted[n]);
	CHECK(nwi_siphash(key, bytes, 15) == UINT64_C(0xa129ca6149be45e5));
}

static struct nwi_frame_template template_of(enum nwi_frame_kind kind, bool is_ipv4, bool has_link)
{
	struct nwi_frame_terms terms = { .kind = kind,
					 .source = address(is_ipv4 ? "192.0.2.1" : "2001:db8::1"),
					 .key = key,
					 .from_mac = { 2, 0, 0, 0, 0, 1 },
					 .to_mac = { 2, 0, 0, 0, 0, 2 },
					 .has_link = has_link };
	struct nwi_frame_template template;

	nwi_frame_template_init(&template, &terms);
	return template;
}

/* Sum over a pseudo-header and all of the transport: what a receiver computes; right is 0. */
static uint16_t received_sum(const unsigned char *ip, size_t n_bytes)
{
	bool is_ipv4 = ip[0] >> 4 == 4;
	size_t header = is_ipv4 ? NWI_IPV4_BYTES : NWI_IPV6_BYTES;
	uint8_t proto = is_ipv4 ? ip[9] : ip[6];
	uint32_t sum = 0;

	if (proto != NWI_PROTO_ICMP)
		sum = nwi_sum_add(0, ip + (is_ipv4 ? 12 : 8), is_ipv4 ? 8 : 32) + proto +
		      (uint32_t)(n_bytes - header);
	return nwi_sum_end(nwi_sum_add(sum, ip + header, n_bytes - header));
}

static struct nwi_frame_ask random_ask(struct nwi_prng *prng, bool is_ipv4, const void *payload)
{
	struct nwi_address target = { is_ipv4 ? 0 : nwi_prng_next(prng), nwi_prng_next(prng),
				      is_ipv4 ? NWI_IPV4 : NWI_IPV6 };

	if (is_ipv4)
		target.low &= UINT32_MAX;
	return (struct nwi_frame_ask){ .target = target,
				       .port = (uint16_t)nwi_prng_next(prng),
				       .source_port = (uint16_t)nwi_prng_next(prng),
				       .payload = payload,
				       .payload_bytes = payload ? nwi_prng_below(prng, 129) : 0 };
}

TEST(every_question_has_right_sums_and_lengths)
{
	unsigned char frame[NWI_FRAME_BYTES_MAX], payload[NWI_FRAME_PAYLOAD_MAX];
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (int i = 0; i < 60000; i++) {
		enum nwi_frame_kind kind = (enum nwi_frame_kind)(NWI_FRAME_TCP_SYN + i % 3);
		bool is_ipv4 = i % 2, has_link = i % 5;
		struct nwi_frame_template template = template_of(kind, is_ipv4, has_link);
		struct nwi_frame_ask ask = random_ask(&prng, is_ipv4,
						      kind == NWI_FRAME_UDP ? payload : NULL);
		const unsigned char *ip = frame + template.link_bytes;
		uint32_t n_bytes;

		for (size_t n = 0; n < sizeof(payload); n++)
			payload[n] = (unsigned char)nwi_prng_next(&prng);
		n_bytes = nwi_frame_write(&template, &ask, frame);
		CHECK_INT(n_bytes, ==, template.n_bytes + ask.payload_bytes);
		n_bytes -= template.link_bytes;
		CHECK_INT(received_sum(ip, n_bytes), ==, 0);
		if (is_ipv4) {
			CHECK_INT(nwi_get16(ip + 2), ==, n_bytes);
			CHECK_INT(nwi_sum_end(nwi_sum_add(0, ip, NWI_IPV4_BYTES)), ==, 0);
		} else {
			CHECK_INT(nwi_get16(ip + 4), ==, n_bytes - NWI_IPV6_BYTES);
		}
	}
}

/* Each fits a frame, and the ports of a kind are all there. */
TEST(what_is_said_to_a_port_fits_a_frame)
{
	uint32_t n_bytes, count = 0;

	for (uint32_t port = 0; port < 65536; port++) {
		const void *payload = nwi_probe_payload((uint16_t)port, &n_bytes);

		CHECK_INT(n_bytes, <=, NWI_FRAME_PAYLOAD_MAX);
		CHECK((payload != NULL) == (n_bytes > 0));
		count += payload != NULL;
	}
	CHECK_INT(count, >, 10);
}

/* --- Answers, made of the questions --- */

enum { SYN = 2, RST = 4, ACK = 16 };

static void turn(unsigned char *a, unsigned char *b, size_t n_bytes)
{
	for (size_t i = 0; i < n_bytes; i++) {
		unsigned char kept = a[i];

		a[i] = b[i];
		b[i] = kept;
	}
}

/* What a host makes of a SYN: addresses and ports change places, flags and numbers are its own. */
static void answer_tcp(unsigned char *ip, uint8_t flags, uint32_t more)
{
	bool is_ipv4 = ip[0] >> 4 == 4;
	unsigned char *tcp = ip + (is_ipv4 ? NWI_IPV4_BYTES : NWI_IPV6_BYTES);

	turn(ip + (is_ipv4 ? 12 : 8), ip + (is_ipv4 ? 16 : 24), is_ipv4 ? 4 : 16);
	turn(tcp, tcp + 2, 2);
	nwi_put32(tcp + 8, nwi_get32(tcp + 4) + more);
	nwi_put32(tcp + 4, 0x12345678);
	tcp[13] = flags;
}

static struct nwi_answer read_frame(const unsigned char *frame, size_t n_bytes, uint32_t link_bytes)
{
	struct nwi_answer answer;

	nwi_frame_read(key, frame, n_bytes, link_bytes, &answer);
	return answer;
}

static void check_tcp(bool is_ipv4, uint8_t flags, uint32_t more, enum nwi_answer_kind kind)
{
	struct nwi_frame_template template = template_of(NWI_FRAME_TCP_SYN, is_ipv4, true);
	struct nwi_frame_ask ask = { .target = address(is_ipv4 ? "198.51.100.7" : "2001:db8::7"),
				     .port = 443,
				     .source_port = 61007 };
	unsigned char frame[NWI_FRAME_BYTES_MAX];
	uint32_t n_bytes = nwi_frame_write(&template, &ask, frame);
	struct nwi_answer answer;

	answer_tcp(frame + template.link_bytes, flags, more);
	answer = read_frame(frame, n_bytes, template.link_bytes);
	CHECK_INT(answer.kind, ==, kind);
	if (kind == NWI_ANSWER_NONE)
		return;
	CHECK(nwi_address_compare(answer.target, ask.target) == 0);
	CHECK(answer.port == 443 && answer.source_port == 61007);
	CHECK_INT(answer.sequence, ==, 0x12345678);
}

TEST(an_answer_is_believed_by_its_cookie_alone)
{
	for (int family = 0; family < 2; family++) {
		check_tcp(family, SYN | ACK, 1, NWI_ANSWER_OPEN);
		check_tcp(family, SYN | ACK, 0, NWI_ANSWER_FORGED);
		check_tcp(family, SYN | ACK, 2, NWI_ANSWER_FORGED);
		check_tcp(family, RST | ACK, 1, NWI_ANSWER_CLOSED);
		check_tcp(family, RST, 0, NWI_ANSWER_CLOSED);
		check_tcp(family, RST | ACK, 77, NWI_ANSWER_FORGED);
		check_tcp(family, ACK, 1, NWI_ANSWER_NONE);
		check_tcp(family, SYN, 1, NWI_ANSWER_NONE);
	}
}

/* An error of a router at 203.0.113.9 or 2001:db8::9 that quotes the question. */
static uint32_t quote(unsigned char *out, const unsigned char *ip, uint32_t n_quoted, uint8_t type,
		      uint8_t code)
{
	bool is_ipv4 = ip[0] >> 4 == 4;
	uint32_t header = is_ipv4 ? NWI_IPV4_BYTES : NWI_IPV6_BYTES;

	memset(out, 0, header + NWI_ECHO_BYTES);
	if (is_ipv4) {
		out[0] = 0x45;
		nwi_put16(out + 2, header + NWI_ECHO_BYTES + n_quoted);
		out[9] = NWI_PROTO_ICMP;
		nwi_address_bytes(address("203.0.113.9"), out + 12);
	} else {
		out[0] = 0x60;
		nwi_put16(out + 4, NWI_ECHO_BYTES + n_quoted);
		out[6] = NWI_PROTO_ICMP6;
		nwi_address_bytes(address("2001:db8::9"), out + 8);
	}
	out[header] = type;
	out[header + 1] = code;
	memcpy(out + header + NWI_ECHO_BYTES, ip, n_quoted);
	return header + NWI_ECHO_BYTES + n_quoted;
}

static struct nwi_answer quoted_answer(enum nwi_frame_kind kind, bool is_ipv4, uint8_t type,
				       uint8_t code, int wrong_byte)
{
	struct nwi_frame_template template = template_of(kind, is_ipv4, false);
	struct nwi_frame_ask ask = { .target = address(is_ipv4 ? "198.51.100.7" : "2001:db8::7"),
				     .port = kind == NWI_FRAME_ECHO ? 0 : 53,
				     .source_port = 61007 };
	uint32_t header = is_ipv4 ? NWI_IPV4_BYTES : NWI_IPV6_BYTES;
	unsigned char frame[NWI_FRAME_BYTES_MAX], out[2 * NWI_FRAME_BYTES_MAX];

	(void)nwi_frame_write(&template, &ask, frame);
	if (wrong_byte)
		frame[header + (unsigned)wrong_byte] ^= 1;
	return read_frame(out, quote(out, frame, header + 8, type, code), 0);
}

TEST(errors_of_routers_are_about_the_question_they_quote)
{
	struct nwi_answer answer = quoted_answer(NWI_FRAME_TCP_SYN, true, 3, 13, 0);
	char buf[NWI_ADDRESS_TEXT_BYTES];

	CHECK_INT(answer.kind, ==, NWI_ANSWER_UNREACHABLE);
	CHECK_STR(nwi_address_text(answer.from, buf), "203.0.113.9");
	CHECK_STR(nwi_address_text(answer.target, buf), "198.51.100.7");
	CHECK(answer.port == 53 && answer.source_port == 61007 && answer.icmp_code == 13);
	CHECK_INT(quoted_answer(NWI_FRAME_TCP_SYN, true, 3, 13, 5).kind, ==, NWI_ANSWER_FORGED);
	CHECK_INT(quoted_answer(NWI_FRAME_TCP_SYN, false, 1, 1, 0).kind, ==,
		  NWI_ANSWER_UNREACHABLE);
	CHECK_INT(quoted_answer(NWI_FRAME_TCP_SYN, true, 11, 0, 0).kind, ==,
		  NWI_ANSWER_UNREACHABLE);
	CHECK_INT(quoted_answer(NWI_FRAME_UDP, true, 3, 3, 0).kind, ==, NWI_ANSWER_CLOSED);
	CHECK_INT(quoted_answer(NWI_FRAME_UDP, true, 3, 1, 0).kind, ==, NWI_ANSWER_UNREACHABLE);
	CHECK_INT(quoted_answer(NWI_FRAME_UDP, false, 1, 4, 0).kind, ==, NWI_ANSWER_CLOSED);
	CHECK_INT(quoted_answer(NWI_FRAME_ECHO, true, 3, 1, 0).kind, ==, NWI_ANSWER_UNREACHABLE);
	CHECK_INT(quoted_answer(NWI_FRAME_ECHO, true, 3, 1, 6).kind, ==, NWI_ANSWER_FORGED);
	CHECK_INT(quoted_answer(NWI_FRAME_UDP, true, 8, 0, 0).kind, ==, NWI_ANSWER_NONE);
}

TEST(an_echo_that_comes_back_is_a_host_that_is_up)
{
	for (int is_ipv4 = 0; is_ipv4 < 2; is_ipv4++) {
		struct nwi_frame_template template = template_of(NWI_FRAME_ECHO, is_ipv4, true);
		struct nwi_frame_ask ask = { .target = address(is_ipv4 ? "198.51.100.7"
								       : "2001:db8::7"),
					     .source_port = 61007 };
		unsigned char frame[NWI_FRAME_BYTES_MAX];
		uint32_t n_bytes = nwi_frame_write(&template, &ask, frame);
		unsigned char *ip = frame + template.link_bytes;
		size_t at = is_ipv4 ? 12 : 8, size = is_ipv4 ? 4 : 16;

		turn(ip + at, ip + at + size, size);
		ip[is_ipv4 ? NWI_IPV4_BYTES : NWI_IPV6_BYTES] = is_ipv4 ? 0 : 129;
		CHECK_INT(read_frame(frame, n_bytes, template.link_bytes).kind, ==,
			  NWI_ANSWER_ECHO);
		frame[n_bytes - 1] ^= 1;
		CHECK_INT(read_frame(frame, n_bytes, template.link_bytes).kind, ==,
			  NWI_ANSWER_FORGED);
	}
}

/* Cut anywhere, with any bits changed, in a block of its own size: AddressSanitizer looks on. */
TEST(cut_and_changed_packets_are_read_within_their_length)
{
	struct nwi_prng prng;
	unsigned long forged = 0;

	nwi_prng_init(&prng, nw_test_seed());
	for (int i = 0; i < 100000 * nw_test_scale(); i++) {
		enum nwi_frame_kind kind = (enum nwi_frame_kind)(NWI_FRAME_TCP_SYN + i % 3);
		bool is_ipv4 = i % 2;
		struct nwi_frame_template template = template_of(kind, is_ipv4, false);
		struct nwi_frame_ask ask = random_ask(&prng, is_ipv4, NULL);
		unsigned char frame[NWI_FRAME_BYTES_MAX], out[2 * NWI_FRAME_BYTES_MAX], *block;
		uint32_t n_bytes = nwi_frame_write(&template, &ask, frame);

		if (i % 4 == 0)
			answer_tcp(frame, (uint8_t)nwi_prng_next(&prng), nwi_prng_below(&prng, 3));
		n_bytes = i % 7 ? quote(out, frame, n_bytes, (uint8_t)nwi_prng_below(&prng, 13),
					(uint8_t)nwi_prng_below(&prng, 16))
				: (uint32_t)(memcpy(out, frame, n_bytes), n_bytes);
		for (uint32_t n = nwi_prng_below(&prng, 6); n > 0; n--)
			out[nwi_prng_below(&prng, n_bytes)] ^= (unsigned char)(1u << nwi_prng_below(
										       &prng, 8));
		n_bytes = nwi_prng_below(&prng, n_bytes + 1);
		block = malloc(n_bytes ? n_bytes : 1);
		memcpy(block, out, n_bytes);
		forged += read_frame(block, n_bytes, 0).kind == NWI_ANSWER_FORGED;
		free(block);
	}
	CHECK_INT(forged, >, 100);
}
