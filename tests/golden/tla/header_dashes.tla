---- MODULE header_dashes
a == 1
====
