# SPDX-License-Identifier: MIT
# The checkers over this tree (label tidy), and the tests that each of them reports planted faults.
find_program(NW_PYTHON python3 REQUIRED)
function(nw_check name)
  add_test(NAME check_${name} COMMAND ${NW_PYTHON} ${PROJECT_SOURCE_DIR}/tools/check-${name} ${ARGN})
  set_tests_properties(check_${name} PROPERTIES LABELS tidy TIMEOUT 60 SKIP_RETURN_CODE 77)
endfunction()
nw_check(layers)
nw_check(atomics)
nw_check(text)
nw_check(docs $<TARGET_FILE:nodewise-command>)
nw_check(symbols ${PROJECT_BINARY_DIR})
nw_check(commit)

foreach(name checkers do mutate-orders)
  add_test(NAME tools_${name} COMMAND ${NW_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/tools/test-${name})
  set_tests_properties(tools_${name} PROPERTIES LABELS tools TIMEOUT 120 SKIP_RETURN_CODE 77)
endforeach()

add_test(NAME tools_harness
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/tools/test-harness ${CMAKE_C_COMPILER})
set_tests_properties(tools_harness PROPERTIES LABELS tools TIMEOUT 120)

# Each page is right roff, as far as mandoc can tell.
find_program(NW_MANDOC mandoc)
if(TARGET man AND NW_MANDOC)
  add_test(NAME man_lint COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/tools/man-lint ${NW_MANDOC}
    ${PROJECT_BINARY_DIR}/man)
  set_tests_properties(man_lint PROPERTIES LABELS tidy TIMEOUT 60)
endif()
