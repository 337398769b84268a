/* SPDX-License-Identifier: MIT */
/* Addresses and prefixes as text. */
#include <nw/cdn.h>

#include <arpa/inet.h>
#include <string.h>

enum { PREFIX_TEXT_MAX = NW_CDN_ADDRESS_TEXT_BYTES + 4 };

char *nw_cdn_address_text(const struct nw_cdn_address *address, char *ret_text)
{
	/* Cannot fail: the family is known and the room is enough. */
	(void)inet_ntop(address->family == 4 ? AF_INET : AF_INET6, address->bytes, ret_text,
			NW_CDN_ADDRESS_TEXT_BYTES);
	return ret_text;
}

bool nw_cdn_address_parse(const char *text, struct nw_cdn_address *ret_address)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct nw_cdn_address address = { 0 };

	if (inet_pton(AF_INET, text, address.bytes) == 1) {
		address.family = 4;
	} else if (inet_pton(AF_INET6, text, address.bytes) == 1) {
		address.family = 6;
		if (memcmp(address.bytes, mapped, sizeof(mapped)) == 0) {
			memmove(address.bytes, address.bytes + sizeof(mapped), 4);
			memset(address.bytes + 4, 0, sizeof(address.bytes) - 4);
			address.family = 4;
		}
	} else {
		return false;
	}
	*ret_address = address;
	return true;
}

/* Decimal digits, 0..max. */
static bool parse_bits(const char *text, unsigned max, uint8_t *ret_bits)
{
	unsigned bits = 0, digits = 0;

	for (; *text >= '0' && *text <= '9' && digits < 3; text++, digits++)
		bits = bits * 10 + (unsigned)(*text - '0');
	if (digits == 0 || *text != '\0' || bits > max)
		return false;
	*ret_bits = (uint8_t)bits;
	return true;
}

static void clear_below(struct nw_cdn_address *address, unsigned bits)
{
	for (unsigned i = 0; i < sizeof(address->bytes); i++) {
		unsigned kept = bits > 8 * i ? bits - 8 * i : 0;

		if (kept < 8)
			address->bytes[i] &= (unsigned char)(0xff00u >> kept);
	}
}

bool nw_cdn_prefix_parse(const char *text, struct nw_cdn_address *ret_address, uint8_t *ret_bits)
{
	char copy[PREFIX_TEXT_MAX];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	struct nw_cdn_address address;
	uint8_t bits;

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (!nw_cdn_address_parse(copy, &address))
		return false;
	bits = address.family == 4 ? 32 : 128;
	if (slash && !parse_bits(slash + 1, bits, &bits))
		return false;
	clear_below(&address, bits);
	*ret_address = address;
	*ret_bits = bits;
	return true;
}
