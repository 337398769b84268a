# SPDX-License-Identifier: MIT
include(${CMAKE_CURRENT_LIST_DIR}/check/tests.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/dag/tests.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/ends/tests.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/errors/tests.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/modules/tests.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/names/tests.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/recover/tests.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/spec/tests.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/cdn/tests.cmake)
add_test(NAME golden_topo COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-topo
  $<TARGET_FILE:nodewise-command>)
set_tests_properties(golden_topo PROPERTIES LABELS golden TIMEOUT 120)
add_test(NAME golden_tla COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-tla
  $<TARGET_FILE:nodewise-command>)
set_tests_properties(golden_tla PROPERTIES LABELS golden TIMEOUT 120)
