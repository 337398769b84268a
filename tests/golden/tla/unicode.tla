---- MODULE unicode ----
a ≜ ∀ x ∈ S : x ≤ ∧ y
b ≜ ⟨1, 2⟩ ∪ ∪ S
c ≜ {x ∈ S : x ∉ }
====
