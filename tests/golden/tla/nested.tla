---- MODULE nested ----
---- MODULE Inner ----
a == )
b == 1
====
c == (
---- MODULE Other
====
d == ]
====
