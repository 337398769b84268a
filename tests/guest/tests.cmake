# SPDX-License-Identifier: MIT
# Tests that need a machine with several NUMA nodes. On a host with one they are skipped and say so;
# in the guest (run-guest, label numa) they run for real: one boot for each shape runs all of them.

# nw_guest_test(test_x [as nw_test]): tests/guest/test_x.c, run on the host and in the guest.
function(nw_guest_test name)
  nw_test(guest/${name} ${ARGN})
  set_property(TEST ${name} APPEND PROPERTY LABELS numa)
  set_property(GLOBAL APPEND PROPERTY NW_GUEST_PROGRAMS $<TARGET_FILE:${name}>)
endfunction()

# nw_guest_also(test_x...): programs of other folders that are worth a run on several nodes too.
function(nw_guest_also)
  foreach(name ${ARGN})
    set_property(GLOBAL APPEND PROPERTY NW_GUEST_PROGRAMS $<TARGET_FILE:${name}>)
  endforeach()
endfunction()

nw_guest_test(test_placement)
nw_guest_test(test_pinning)
nw_guest_test(test_home)
nw_guest_test(test_sched_home)
nw_guest_test(test_relay_home LIBS nodewise-relay-static)
target_include_directories(test_relay_home PRIVATE ${PROJECT_SOURCE_DIR})
nw_guest_test(test_scan_home LIBS nodewise-probe-static)
target_include_directories(test_scan_home PRIVATE ${PROJECT_SOURCE_DIR})
nw_guest_test(test_command LIBS PkgConfig::JANSSON)
nw_guest_test(test_dag_run)
nw_guest_also(test_mem test_arena test_slab stress_slab)

# One boot a shape. Both want all CPUs of the host, and the kernel is fetched once.
get_property(programs GLOBAL PROPERTY NW_GUEST_PROGRAMS)
if(DEFINED ENV{NW_GUEST_CACHE})
  set(cache $ENV{NW_GUEST_CACHE})
else()
  set(cache ${PROJECT_SOURCE_DIR}/build/guest)
endif()
set(run_guest ${CMAKE_CURRENT_SOURCE_DIR}/guest/run-guest)
foreach(shape six odd)
  if(CMAKE_C_FLAGS MATCHES fsanitize=thread)
    add_test(NAME guest-${shape} COMMAND sh -c
      "echo 'SKIP: threads under ThreadSanitizer take minutes a case in an emulated machine'; exit 77")
  else()
    add_test(NAME guest-${shape} COMMAND ${run_guest} --shape ${shape} --timeout 300
      --cache ${cache} --copy $<TARGET_FILE:nodewise-command> ${programs})
  endif()
endforeach()
add_test(NAME guest-faults COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/guest/test-faults --cache ${cache})
set_tests_properties(guest-six guest-odd guest-faults PROPERTIES LABELS numa TIMEOUT 330
  SKIP_RETURN_CODE 77 RESOURCE_LOCK guest RUN_SERIAL ON)
