# SPDX-License-Identifier: MIT
nw_test(unit/test_fpset)
