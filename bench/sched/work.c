/* SPDX-License-Identifier: MIT */
/*
 * What all subjects share: SHA-1 and the trees of UTS, and the leaf of the matrix product.
 *
 * References: FIPS 180-4; S. Olivier et al., "UTS: An Unbalanced Tree Search Benchmark", LCPC 2006.
 */
#include "subject.h"

#include <math.h>
#include <string.h>

enum { CHILDREN_MAX = 100 }; /* as UTS has it, for all but a binomial root */

static uint32_t rotl(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static uint32_t load_be(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store_be(uint8_t *p, uint32_t x)
{
	p[0] = (uint8_t)(x >> 24);
	p[1] = (uint8_t)(x >> 16);
	p[2] = (uint8_t)(x >> 8);
	p[3] = (uint8_t)x;
}

/* One round: f of b, c and d, and the constant, are the round's. */
static inline void step(uint32_t v[5], uint32_t f, uint32_t w)
{
	uint32_t t = rotl(v[0], 5) + f + v[4] + w;

	v[4] = v[3];
	v[3] = v[2];
	v[2] = rotl(v[1], 30);
	v[1] = v[0];
	v[0] = t;
}

/* SHA-1 of a message of at most 55 bytes: one block. */
static void sha1(const uint8_t *message, size_t n_bytes, uint8_t ret_hash[20])
{
	static const uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	uint32_t v[5] = { h[0], h[1], h[2], h[3], h[4] }, w[80];
	uint8_t block[64] = { 0 };

	memcpy(block, message, n_bytes);
	block[n_bytes] = 0x80;
	store_be(block + 60, (uint32_t)(8 * n_bytes));
	for (size_t i = 0; i < 16; i++)
		w[i] = load_be(&block[4 * i]);
	for (int i = 16; i < 80; i++)
		w[i] = rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (int i = 0; i < 20; i++)
		step(v, (v[3] ^ (v[1] & (v[2] ^ v[3]))) + 0x5a827999, w[i]);
	for (int i = 20; i < 40; i++)
		step(v, (v[1] ^ v[2] ^ v[3]) + 0x6ed9eba1, w[i]);
	for (int i = 40; i < 60; i++)
		step(v, ((v[1] & v[2]) | (v[3] & (v[1] | v[2]))) + 0x8f1bbcdc, w[i]);
	for (int i = 60; i < 80; i++)
		step(v, (v[1] ^ v[2] ^ v[3]) + 0xca62c1d6, w[i]);
	for (size_t i = 0; i < 5; i++)
		store_be(&ret_hash[4 * i], h[i] + v[i]);
}

struct uts_node uts_root(const struct uts_tree *tree)
{
	struct uts_node root = { .height = 0 };
	uint8_t message[20] = { 0 };

	store_be(message + 16, tree->root_seed);
	sha1(message, sizeof(message), root.state);
	return root;
}

struct uts_node uts_child(const struct uts_node *node, uint32_t child_idx)
{
	struct uts_node child = { .height = node->height + 1 };
	uint8_t message[24];

	memcpy(message, node->state, 20);
	store_be(message + 20, child_idx);
	sha1(message, sizeof(message), child.state);
	return child;
}

/* 0 <= x < 1, from 31 bits of the state. */
static double uniform(const struct uts_node *node)
{
	return (load_be(node->state + 16) & 0x7fffffff) / 2147483648.0;
}

static uint32_t geometric(const struct uts_tree *tree, const struct uts_node *node)
{
	double expected = node->height < tree->depth_max ? tree->b0 : 0;
	double p = 1 / (1 + expected);

	return (uint32_t)floor(log(1 - uniform(node)) / log(1 - p));
}

uint32_t uts_child_count(const struct uts_tree *tree, const struct uts_node *node)
{
	uint32_t count;

	if (tree->kind == UTS_BINOMIAL && node->height == 0)
		return (uint32_t)tree->b0;
	if (tree->kind == UTS_BINOMIAL)
		return uniform(node) < tree->q ? tree->m : 0;
	count = node->height < tree->depth_max ? geometric(tree, node) : 0;
	return count < CHILDREN_MAX ? count : CHILDREN_MAX;
}

void matmul_leaf(const float *restrict a, const float *restrict b, float *restrict c)
{
	for (int i = 0; i < MATMUL_LEAF; i++)
		for (int k = 0; k < MATMUL_LEAF; k++)
			for (int j = 0; j < MATMUL_LEAF; j++)
				c[i * MATMUL_SIZE + j] += a[i * MATMUL_SIZE + k] *
							  b[k * MATMUL_SIZE + j];
}
