/* SPDX-License-Identifier: MIT */
/* A build without c-ares or without libcurl: no asker is ever opened, so nothing else is called. */
#include <nw/cdn_ask.h>

#include <errno.h>
#include <stdio.h>

bool nw_cdn_asker_is_built(void)
{
	return false;
}

int nw_cdn_asker_open(struct nw_cdn_asker **ret_asker, const struct nw_cdn_ask_options *options,
		      struct nw_diag *reterr_diag)
{
	(void)ret_asker;
	(void)options;
	if (reterr_diag)
		(void)snprintf(reterr_diag->text, sizeof(reterr_diag->text),
			       "this build has no c-ares or no libcurl (Debian: libc-ares-dev and "
			       "libcurl4-openssl-dev): it can ask nobody");
	return -ENOTSUP;
}

void nw_cdn_asker_close(struct nw_cdn_asker *asker)
{
	(void)asker;
}

int nw_cdn_asker_ask(struct nw_cdn_asker *asker, const char *name,
		     const struct nw_cdn_address *address, uint64_t token,
		     struct nw_diag *reterr_diag)
{
	(void)asker;
	(void)name;
	(void)address;
	(void)token;
	(void)reterr_diag;
	return -ENOTSUP;
}

uint32_t nw_cdn_asker_take(struct nw_cdn_asker *asker, struct nw_cdn_ask_result *ret_results,
			   uint32_t count, uint64_t timeout_ns)
{
	(void)asker;
	(void)ret_results;
	(void)count;
	(void)timeout_ns;
	return 0;
}

void nw_cdn_asker_counts(const struct nw_cdn_asker *asker, struct nw_cdn_ask_counts *ret_counts)
{
	(void)asker;
	*ret_counts = (struct nw_cdn_ask_counts){ 0 };
}

const char *nw_cdn_origin_kind_name(enum nw_cdn_origin_kind kind)
{
	(void)kind;
	return "";
}

int nw_cdn_asker_origin(struct nw_cdn_asker *asker, const struct nw_cdn_origin_options *options,
			uint32_t *ret_verified_count, struct nw_diag *reterr_diag)
{
	(void)asker;
	(void)options;
	(void)ret_verified_count;
	(void)reterr_diag;
	return -ENOTSUP;
}
