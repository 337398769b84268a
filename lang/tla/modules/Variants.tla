\* SPDX-License-Identifier: MIT
\* Tagged values, as Apalache has them.
---- MODULE Variants ----
UNIT == "U_OF_UNIT"
Variant(__tagName, __value) == [tag |-> __tagName, value |-> __value]
VariantTag(__variant) == __variant.tag
VariantGetUnsafe(__tagName, __variant) == __variant.value
VariantGetOrElse(__tagName, __variant, __defaultValue) ==
  IF __variant.tag = __tagName THEN __variant.value ELSE __defaultValue
VariantFilter(__tagName, __S) == {v.value : v \in {w \in __S : w.tag = __tagName}}
====
