---- MODULE junction_column ----
Init == /\ x = 1
        /\ y = (2 +
       3)
Next == /\ x' =
        y
        /\ y' = x
====
