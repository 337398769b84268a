/* SPDX-License-Identifier: MIT */
/* What we tell the compiler beyond the language, for code where a call's cost was measured. */
#ifndef NWI_BASE_ATTR_H
#define NWI_BASE_ATTR_H

#if defined(__GNUC__)
#define NWI_ALWAYS_INLINE static inline __attribute__((always_inline))
#define NWI_NEVER_INLINE  static __attribute__((noinline))
/* Any address, NULL too: a hint that the line is about to be written. */
#define NWI_PREFETCH_WRITE(ptr) __builtin_prefetch((ptr), 1)
#else
#define NWI_ALWAYS_INLINE       static inline
#define NWI_NEVER_INLINE        static
#define NWI_PREFETCH_WRITE(ptr) ((void)(ptr))
#endif

#endif /* NWI_BASE_ATTR_H */
