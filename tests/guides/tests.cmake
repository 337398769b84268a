# SPDX-License-Identifier: MIT
# Guides of docs/guides say nothing that is not so. After guest: its machine is used.
add_test(NAME guide_numa COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-guide ${PROJECT_SOURCE_DIR}/docs/guides/numa.md
  $<TARGET_FILE:nodewise-command>)
add_test(NAME guide_cdn COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-guide ${PROJECT_SOURCE_DIR}/docs/guides/cdn.md
  $<TARGET_FILE:nodewise-command>)
set_tests_properties(guide_cdn PROPERTIES LABELS guides TIMEOUT 240)
set_tests_properties(guide_numa PROPERTIES LABELS guides TIMEOUT 240)
if(NOT CMAKE_C_FLAGS MATCHES fsanitize)
  add_test(NAME guide_numa_guest COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-guide ${PROJECT_SOURCE_DIR}/docs/guides/numa.md
    $<TARGET_FILE:nodewise-command> --guest ${run_guest} ${cache})
  set_tests_properties(guide_numa_guest PROPERTIES LABELS "guides;numa" TIMEOUT 400 SKIP_RETURN_CODE 77
    RESOURCE_LOCK guest RUN_SERIAL ON)
endif()
