/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Attributes and small macros every public header may use. No types, no functions.
 */
#ifndef NW_BASE_H
#define NW_BASE_H

#define NW_VERSION_MAJOR 0
#define NW_VERSION_MINOR 1
#define NW_VERSION_PATCH 0

#if defined(__GNUC__)
#define NW_API                 __attribute__((visibility("default")))
#define NW_MUST_USE            __attribute__((warn_unused_result))
#define NW_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#else
#define NW_API
#define NW_MUST_USE
#define NW_UNLIKELY(condition) (condition)
#endif

/* Two lines, since x86 prefetches them in pairs; one would still share a pair. */
#define NW_CACHE_PAIR 128

/* NW_INLINE: C gets the body from the header; C++, which has no _Atomic, calls the library's. */
#ifdef __cplusplus
#define NW_BEGIN_DECLS extern "C" {
#define NW_END_DECLS   }
#define NW_INLINE
#else
#define NW_BEGIN_DECLS
#define NW_END_DECLS
#define NW_INLINE inline
#endif

#endif /* NW_BASE_H */
