/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Memory with a home that other processes can be given: whole pages behind a file descriptor.
 *
 * The maker gets a block as from nw_mem_alloc(), level and reason included, in an anonymous file
 * (memfd_create(2)) whose size is sealed: no process, the maker included, can shrink it under
 * another, which would turn a read into SIGBUS. The descriptor goes to another process over a Unix
 * socket (SCM_RIGHTS), which maps it with nw_shm_map(): a file that is not sealed so is refused
 * there.
 *
 * Functions may be called from any threads at once; two calls on the same struct nw_shm must not
 * overlap. All of them make system calls.
 */
#ifndef NW_SHM_H
#define NW_SHM_H

#include <nw/base.h>
#include <nw/mem.h>
#include <nw/node.h>

#include <stdbool.h>
#include <stddef.h>

NW_BEGIN_DECLS

enum nw_shm_flags {
	/* Nobody who gets the descriptor can map the pages for writing; the maker's mapping can. */
	NW_SHM_READ_ONLY = 1u << 0,
	NW_SHM_PREFAULT = 1u << 1, /* touch every page before returning */
};

/** Pages shared by a file descriptor. */
struct nw_shm {
	struct nw_mem mem; /* as nw_mem_alloc() fills it in; never free it with nw_mem_free() */
	int fd;
};

/**
 * Make zeroed pages that can be shared, with memory on one node.
 *
 * @param ret_shm  set on success, untouched on failure
 * @param name     what /proc/PID/maps shows, at most 200 bytes; for people
 * @param node     as nw_mem_alloc() takes it
 * @param n_bytes  at least 1; rounded up to whole pages
 * @param flags    of enum nw_shm_flags
 * @return 0        ret_shm->mem.level and .reason say what was achieved
 * @return -EINVAL  n_bytes is 0, an unknown flag, a name too long, or node as nw_mem_alloc() says
 * @return -ENODEV  there is no such node
 * @return -ENOSYS  -EPERM: no memfd here, or a sandbox forbids it or its seals
 * @return -ENOMEM  -EMFILE, -ENFILE: no memory, no descriptor
 *
 * Threads: any.
 * Owner:   the caller; release with nw_shm_close(). The descriptor is closed on exec.
 * Cost:    six system calls.
 */
NW_API int nw_shm_create(struct nw_shm *ret_shm, const char *name, nw_node node, size_t n_bytes,
			 unsigned flags) NW_MUST_USE;

/**
 * Give a part of the pages another home, before any of them has memory.
 *
 * @param offset   a multiple of the page size, inside
 * @param n_bytes  rounded up to whole pages, inside
 * @param node     as nw_mem_alloc() takes it, NW_NODE_ANY: as if this was not called
 * @param ret_mem  base, n_bytes, node, level and reason of the part, for nw_mem_verify(); never to
 * be freed. Set on success, untouched on failure
 * @return 0        ret_mem->level says what was achieved
 * @return -EINVAL  the part is not inside or not aligned, or node as nw_mem_alloc() says
 * @return -ENODEV  there is no such node
 * @return -ENOMEM  no memory for the policy
 *
 * Threads: any; the maker's.
 */
NW_API int nw_shm_place(const struct nw_shm *shm, size_t offset, size_t n_bytes, nw_node node,
			struct nw_mem *ret_mem) NW_MUST_USE;

/**
 * Map pages that another process made, and check that they cannot be taken away.
 *
 * @param ret_shm      set on success, untouched on failure: then fd is still the caller's
 * @param fd           taken on success
 * @param n_bytes      at least 1; what the file must have at least
 * @param is_writable  map it for writing too
 * @return 0        ret_shm->mem.level is NW_MEM_UNBOUND: the maker knows the level
 * @return -EINVAL  n_bytes is 0
 * @return -EPROTO  not such a file: it can shrink, or has fewer bytes
 * @return -EPERM   -EACCES: it is made for reading only
 * @return -ENOMEM  no address space
 *
 * Threads: any.
 * Owner:   the caller; release with nw_shm_close().
 */
NW_API int nw_shm_map(struct nw_shm *ret_shm, int fd, size_t n_bytes, bool is_writable) NW_MUST_USE;

/**
 * Unmap the pages and close the descriptor; the pages live until the last process does so. NULL and
 * a closed one are no-ops.
 *
 * Threads: any, when no thread uses the pages any more.
 */
NW_API void nw_shm_close(struct nw_shm *shm);

NW_END_DECLS

#endif /* NW_SHM_H */
