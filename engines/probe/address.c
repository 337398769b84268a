/* SPDX-License-Identifier: MIT */
/* Addresses: arithmetic of 128 bits in two words, and the forms people write. */
#include "probe/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_BITS = 64, RANGE_TEXT_MAX = 2 * NWI_ADDRESS_TEXT_BYTES };

int nwi_address_compare(struct nwi_address a, struct nwi_address b)
{
	if (a.family != b.family)
		return a.family < b.family ? -1 : 1;
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	return a.low == b.low ? 0 : a.low < b.low ? -1 : 1;
}

struct nwi_address nwi_address_add(struct nwi_address a, uint64_t n)
{
	a.low += n;
	a.high += a.low < n;
	return a;
}

void nwi_address_bytes(struct nwi_address a, unsigned char *ret_bytes)
{
	uint32_t word = __builtin_bswap32((uint32_t)a.low);
	uint64_t words[2] = { __builtin_bswap64(a.high), __builtin_bswap64(a.low) };

	if (a.family == NWI_IPV4)
		memcpy(ret_bytes, &word, sizeof(word));
	else
		memcpy(ret_bytes, words, sizeof(words));
}

struct nwi_address nwi_address_of_bytes(enum nwi_family family, const unsigned char *bytes)
{
	struct nwi_address a = { .family = family };
	int n_bytes = family == NWI_IPV4 ? 4 : 16;

	for (int i = 0; i < n_bytes; i++) {
		a.high = a.high << 8 | a.low >> 56;
		a.low = a.low << 8 | bytes[i];
	}
	return a;
}

char *nwi_address_text(struct nwi_address a, char *buf)
{
	unsigned char bytes[16];

	nwi_address_bytes(a, bytes);
	/* Cannot fail: the family is known and the room is enough. */
	(void)inet_ntop(a.family == NWI_IPV4 ? AF_INET : AF_INET6, bytes, buf,
			NWI_ADDRESS_TEXT_BYTES);
	return buf;
}

bool nwi_address_parse(const char *text, struct nwi_address *ret_address)
{
	unsigned char bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		*ret_address = nwi_address_of_bytes(NWI_IPV4, bytes);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*ret_address = nwi_address_of_bytes(NWI_IPV6, bytes);
	else
		return false;
	return true;
}

/* Decimal digits only, 0..max. */
static bool parse_number(const char *text, unsigned long max, unsigned long *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' && *ret <= max;
}

static bool refuse(const char **ret_reason, const char *reason)
{
	*ret_reason = reason;
	return false;
}

/* Ones in the last n bits of 128. */
static struct nwi_address ones(enum nwi_family family, unsigned n)
{
	struct nwi_address mask = { .family = family };

	mask.low = n >= WORD_BITS ? UINT64_MAX : (UINT64_C(1) << n) - 1;
	if (n > WORD_BITS)
		mask.high = n >= 2 * WORD_BITS ? UINT64_MAX : (UINT64_C(1) << (n - WORD_BITS)) - 1;
	return mask;
}

static bool parse_prefix(struct nwi_address base, const char *bits, struct nwi_range *ret_range,
			 const char **ret_reason)
{
	unsigned long length, width = base.family == NWI_IPV4 ? 32 : 128;
	struct nwi_address rest;

	if (!parse_number(bits, width, &length))
		return refuse(ret_reason, base.family == NWI_IPV4
						  ? "a prefix of IPv4 is /0 to /32"
						  : "a prefix of IPv6 is /0 to /128");
	rest = ones(base.family, (unsigned)(width - length));
	base.high &= ~rest.high;
	base.low &= ~rest.low;
	ret_range->first = ret_range->last = base;
	ret_range->last.high |= rest.high;
	ret_range->last.low |= rest.low;
	return true;
}

/* "-9" after an address of IPv4 is its last byte. */
static bool parse_last(struct nwi_address first, const char *text, struct nwi_address *ret_last)
{
	unsigned long number;

	if (first.family == NWI_IPV4 && parse_number(text, 255, &number)) {
		*ret_last = first;
		ret_last->low = (first.low & ~UINT64_C(0xff)) | number;
		return true;
	}
	return nwi_address_parse(text, ret_last) && ret_last->family == first.family;
}

bool nwi_range_parse(const char *text, struct nwi_range *ret_range, const char **ret_reason)
{
	char copy[RANGE_TEXT_MAX], *mark;
	struct nwi_range range;

	if (strlen(text) >= sizeof(copy))
		return refuse(ret_reason, "it is too long for an address or a range");
	memcpy(copy, text, strlen(text) + 1);
	mark = strpbrk(copy, "/-");
	char kind = mark ? *mark : '\0';
	if (mark)
		*mark++ = '\0';
	if (!nwi_address_parse(copy, &range.first))
		return refuse(ret_reason, "it is no address");
	range.last = range.first;
	if (kind == '/')
		return parse_prefix(range.first, mark, ret_range, ret_reason);
	if (kind == '-' && !parse_last(range.first, mark, &range.last))
		return refuse(ret_reason, "what follows the - is no address of the same family");
	if (nwi_address_compare(range.last, range.first) < 0)
		return refuse(ret_reason, "its end comes before its beginning");
	*ret_range = range;
	return true;
}

uint64_t nwi_range_count(const struct nwi_range *range)
{
	uint64_t low = range->last.low - range->first.low;
	uint64_t high = range->last.high - range->first.high - (range->last.low < range->first.low);

	return high > 0 || low == UINT64_MAX ? UINT64_MAX : low + 1;
}
