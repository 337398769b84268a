# SPDX-License-Identifier: MIT
# How a check of a specification can end; and whether TLC, where one is, ends as the table says.
add_test(NAME golden_ends COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-ends $<TARGET_FILE:nodewise-command>)
add_test(NAME golden_ends_tlc COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-ends $<TARGET_FILE:nodewise-command>
  --tlc)
set_tests_properties(golden_ends golden_ends_tlc PROPERTIES LABELS "golden;tla" TIMEOUT 600)
set_tests_properties(golden_ends_tlc PROPERTIES SKIP_RETURN_CODE 77)
