# SPDX-License-Identifier: MIT
nw_test(unit/test_fpset)
nw_test(unit/test_crew)
target_link_options(test_crew PRIVATE
  LINKER:--wrap=pthread_create,--wrap=sched_getaffinity,--wrap=sched_setaffinity)
nw_test(unit/test_models)
foreach(name test_mem test_arena test_slab)
  nw_test(unit/${name} SOURCES lib/fault.c)
  foreach(call mmap munmap madvise mbind move_pages get_mempolicy set_mempolicy)
    target_link_options(${name} PRIVATE LINKER:--wrap=${call})
  endforeach()
endforeach()
nw_test(unit/test_ring)
nw_test(unit/test_part)
