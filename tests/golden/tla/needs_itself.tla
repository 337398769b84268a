---- MODULE needs_itself ----
EXTENDS needs_itself
====
