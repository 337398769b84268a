---- MODULE comment_open ----
a == 1 (* no end (* nor here *)
b == 2
====
