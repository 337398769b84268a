# SPDX-License-Identifier: MIT
# Models that TLC finished within seconds, against TLC's answers; ./do corpus runs all.
add_test(NAME tla_corpus COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-corpus
  $<TARGET_FILE:nodewise-command> --quick 6 --limit 60)
set_tests_properties(tla_corpus PROPERTIES LABELS tla TIMEOUT 600 SKIP_RETURN_CODE 77)
