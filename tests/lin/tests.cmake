# SPDX-License-Identifier: MIT
# Histories of real threads, checked for linearizability; and the tests of the checkers themselves.
# nw_lin_test(test_x [as nw_test]): tests/lin/test_x.c with the recorder and the checkers.
set(NW_LIN_SOURCES lib/lin.c lib/lin_stack.c lib/lin_small.c)
function(nw_lin_test name)
  cmake_parse_arguments(A "" "" "SOURCES" ${ARGN})
  nw_test(lin/${name} SOURCES ${NW_LIN_SOURCES} ${A_SOURCES} ${A_UNPARSED_ARGUMENTS})
  set_tests_properties(${name} PROPERTIES PROCESSORS 2)
endfunction()

nw_lin_test(test_lin)
nw_lin_test(test_planted SOURCES lin/drive.c lin/planted_queue.c lin/planted_stack.c
  lin/planted_set.c lin/planted_deque.c)
foreach(name ring mpsc mpmc fpset queue stack deque hashmap caps tasks)
  nw_lin_test(test_lin_${name} SOURCES lin/drive.c)
endforeach()
