# SPDX-License-Identifier: MIT
# Specifications that check by themselves what modules do; and whether TLC, where one is, agrees.
add_test(NAME golden_modules COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-modules
  $<TARGET_FILE:nodewise-command>)
add_test(NAME golden_modules_tlc COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-modules
  $<TARGET_FILE:nodewise-command> --tlc)
set_tests_properties(golden_modules golden_modules_tlc PROPERTIES LABELS "golden;tla" TIMEOUT 600)
set_tests_properties(golden_modules_tlc PROPERTIES SKIP_RETURN_CODE 77)
