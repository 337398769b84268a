---- MODULE instances ----
INSTANCE
a == INSTANCE Naturals WITH
b == INSTANCE Naturals WITH x = 1
c == INSTANCE Naturals WITH x <- 1, y
d(x, F(_)) == INSTANCE Naturals WITH 1 <- x
e == 1 + INSTANCE Naturals
====
