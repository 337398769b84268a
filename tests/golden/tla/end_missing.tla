---- MODULE end_missing ----
a == 1
