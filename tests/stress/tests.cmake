# SPDX-License-Identifier: MIT
nw_test(stress/stress_fpset)
