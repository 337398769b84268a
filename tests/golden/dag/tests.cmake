# SPDX-License-Identifier: MIT
# `nodewise dag` from outside: a test for each group of run-dag.
foreach(group examples bad words foreign report pictures outcomes resources resume torn broken
    changed interrupt terminal streams ignored)
  add_test(NAME golden_dag_${group} COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-dag
    $<TARGET_FILE:nodewise-command> ${group})
  set_tests_properties(golden_dag_${group} PROPERTIES LABELS golden TIMEOUT 120)
endforeach()
