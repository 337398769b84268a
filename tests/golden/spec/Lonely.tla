---- MODULE Lonely ----
====
