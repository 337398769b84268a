# SPDX-License-Identifier: MIT
nw_test(unit/test_fpset)
nw_test(unit/test_crew)
target_link_options(test_crew PRIVATE LINKER:--wrap=pthread_create)
nw_test(unit/test_models)
