\* SPDX-License-Identifier: MIT
\* Pictures of states: elements are records of name, attributes, children and text. What stands for
\* a value here, CHOOSE v : TRUE, is given by the evaluator.
---- MODULE SVG ----
LOCAL INSTANCE Integers
LOCAL INSTANCE Sequences
LOCAL INSTANCE TLC

SVGElem(_name, _attrs, _children, _innerText) ==
  [name |-> _name, attrs |-> _attrs, children |-> _children, innerText |-> _innerText]

\* A shape: its own attributes, as text, and others.
LOCAL Shape(name, own, attrs, text) ==
  SVGElem(name, [k \in DOMAIN own |-> ToString(own[k])] @@ attrs, <<>>, text)

Line(x1, y1, x2, y2, attrs) ==
  Shape("line", [x1 |-> x1, y1 |-> y1, x2 |-> x2, y2 |-> y2], attrs, "")
Circle(cx, cy, r, attrs) == Shape("circle", [cx |-> cx, cy |-> cy, r |-> r], attrs, "")
Rect(x, y, w, h, attrs) ==
  Shape("rect", [x |-> x, y |-> y, width |-> w, height |-> h], attrs, "")
Text(x, y, text, attrs) == Shape("text", [x |-> x, y |-> y], attrs, text)
Image(x, y, width, height, href, attrs) ==
  Shape("image", [x |-> x, y |-> y, width |-> width, height |-> height],
        ("xlink:href" :> href) @@ attrs, "")
Group(children, attrs) == SVGElem("g", attrs, children, "")
Svg(children, attrs) == SVGElem("svg", attrs, children, "")
SVGDoc(children, vbX, vbY, vbW, vbH, attrs) ==
  LET box == ToString(vbX) \o " " \o ToString(vbY) \o " " \o ToString(vbW) \o " " \o ToString(vbH)
  IN  Svg(<<children>>,
          ("xmlns:xlink" :> "http://www.w3.org/1999/xlink")
          @@ ("xmlns" :> "http://www.w3.org/2000/svg") @@ ("viewBox" :> box) @@ attrs)
SVGElemToString(elem) == CHOOSE v : TRUE
NodeOfRingNetwork(cx, cy, r, n, m) == CHOOSE v : TRUE
NodesOfDirectedMultiGraph(nodes, edges, options) == CHOOSE v : TRUE
PointOnLine(from, to, segment) ==
  [x |-> from.x + ((to.x - from.x) \div segment), y |-> from.y + ((to.y - from.y) \div segment)]
SVGSerialize(svg, frameNamePrefix, frameNumber) == CHOOSE v : TRUE
====
