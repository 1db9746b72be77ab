"""The engine: events in, intents out; no clock, no network, no database.

**Theory of operation.** The engine is one object with one method, `Engine.step(event)`. An event
says what happened (a book changed, an order was filled, a person asked for a halt, a timer is
due); the answer is a list of intents: what is to be done (`PlaceOrder`, `CancelOrder`,
`QueryOrder`, `SetTimer`) and what is to be told (`EdgeSeen`, `PlanRefused`, `DealChanged`, ...).
Nothing else goes in or out: time is the event's, ids come from the run and a counter, and the
same events give the same intents in another process, on another day. A mode (live, paper, replay,
backtest) is only who sends the events and who carries out the intents.

A step goes in a fixed order. First the memory (`state`) takes the event in: books, feeds, orders
(`answers`) and fills (`fills`), halts (`stops`). Then deals under way decide their next order
(`execution`). Last, if prices moved, the relations of that market are looked at (`scan`): best
asks tell most apart; for the rest `edges` walks the books of all legs together, `plans` makes
orders of the best package, and `Risk` (a port; the gates implement it) approves or refuses. An
approved plan is a deal in the same step, its orders the step's last intents.

A deal follows the table in `deals`: opening, then balanced when every leg holds the same number
of packages; else hedging (buy what is missing, within a loss), unwinding (sell what is too much,
within a loss), or a residual that a person must look at. It acts only while none of its orders is
without an end, and only from fills. An order of which nothing is known is asked for until it is
known.

What was told once is not told again until it changes: an edge when its gate, sign or net (by 0.25
cents) changed, a refusal when its gate changed. Pages are made from pictures (`looks`), which say
what the next look would decide and change nothing.

**Reading order:** `book`, `orders`, `config`, `events`, `intents`, `edges`, `plans`, `state`,
`answers`, `fills`, `legs`, `sending`, `opening`, `hedging`, `unwinding`, `execution`, `scan`,
`engine`. Each imports only what stands before it; the order is a test.
"""
