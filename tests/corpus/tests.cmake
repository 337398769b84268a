# SPDX-License-Identifier: MIT
# Models that TLC finished within seconds, against TLC's answers; ./do corpus runs all.
math(EXPR limit "60 * ${NW_TEST_SLOW}")
add_test(NAME tla_corpus COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-corpus
  $<TARGET_FILE:nodewise-command> --quick 6 --limit ${limit})
set_tests_properties(tla_corpus PROPERTIES LABELS tla TIMEOUT 600 SKIP_RETURN_CODE 77)

# What is counted does not depend on the number of workers, nor on how states travel.
add_test(NAME tla_corpus_routes COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-corpus
  $<TARGET_FILE:nodewise-command> --quick 4 --limit ${limit} --routes 12)
set_tests_properties(tla_corpus_routes PROPERTIES LABELS tla TIMEOUT 600 SKIP_RETURN_CODE 77)

# Random expressions and specifications; beside TLC where TLA2TOOLS_JAR names its jar.
add_test(NAME tla_fuzz COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-fuzz $<TARGET_FILE:nodewise-command>)
set_tests_properties(tla_fuzz PROPERTIES LABELS tla TIMEOUT 600)
