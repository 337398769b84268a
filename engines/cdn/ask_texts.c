/* SPDX-License-Identifier: MIT */
/* Texts of one answer, and what is a name of a host. */
#include "cdn/ask_texts.h"

#include <ctype.h>
#include <string.h>

void nwi_texts_init(struct nwi_texts *texts)
{
	texts->used = 1;
	texts->is_cut = false;
	texts->bytes[0] = '\0';
}

uint32_t nwi_texts_add(struct nwi_texts *texts, const char *text, size_t n_bytes)
{
	uint32_t at = texts->used;

	if (n_bytes == 0)
		return 0;
	if (n_bytes >= sizeof(texts->bytes) - texts->used) {
		texts->is_cut = true;
		return 0;
	}
	for (size_t i = 0; i < n_bytes; i++)
		texts->bytes[at + i] = (char)(iscntrl((unsigned char)text[i]) ? '?' : text[i]);
	texts->bytes[at + n_bytes] = '\0';
	texts->used += (uint32_t)n_bytes + 1;
	return at;
}

static char lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c;
}

uint32_t nwi_texts_add_name(struct nwi_texts *texts, const char *text, size_t n_bytes)
{
	uint32_t at = nwi_texts_add(texts, text, n_bytes);

	for (char *c = texts->bytes + at; at && *c; c++)
		*c = lower(*c);
	return at;
}

/* --- Names of hosts --- */

static bool refuse(const char **ret_reason, const char *reason)
{
	*ret_reason = reason;
	return false;
}

static bool is_of_host(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Labels of 1 to 63 bytes with dots between. */
static bool check_labels(const char *host, bool may_be_wild, const char **ret_reason)
{
	const char *label = host;

	if (may_be_wild && label[0] == '*' && label[1] == '.')
		label += 2;
	for (const char *c = label;; c++) {
		if (*c == '.' || *c == '\0') {
			if (c == label)
				return refuse(ret_reason, "a part of the name is empty");
			if (c - label > 63)
				return refuse(ret_reason, "a part of the name is above 63 bytes");
			label = c + 1;
		} else if (!is_of_host(*c))
			return refuse(ret_reason, (unsigned char)*c >= 0x80
							  ? "write it as DNS has it (xn--...)"
							  : "names have letters, digits, - and _");
		if (*c == '\0')
			return true;
	}
}

bool nwi_host_read(const char *text, size_t n_bytes, bool may_be_wild,
		   char ret_host[NWI_HOST_BYTES], const char **ret_reason)
{
	if (n_bytes > 0 && text[n_bytes - 1] == '.')
		n_bytes--;
	if (n_bytes == 0)
		return refuse(ret_reason, "the name is empty");
	if (n_bytes >= NWI_HOST_BYTES)
		return refuse(ret_reason, "a name has 253 bytes at most");
	for (size_t i = 0; i < n_bytes; i++)
		ret_host[i] = lower(text[i]);
	ret_host[n_bytes] = '\0';
	if (strlen(ret_host) != n_bytes)
		return refuse(ret_reason, "names have letters, digits, - and _");
	return check_labels(ret_host, may_be_wild, ret_reason);
}
