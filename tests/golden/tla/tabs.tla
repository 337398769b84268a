---- MODULE tabs ----
a ==	/\ x
	/\ y)
b ==  	(1
====
