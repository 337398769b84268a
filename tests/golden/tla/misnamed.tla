---- MODULE Misnamed ----
====
