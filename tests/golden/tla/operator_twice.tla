---- MODULE operator_twice ----
a == 1 + * 2
b == 1 +
c == * 2
====
