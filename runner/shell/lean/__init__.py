"""HTTP/1.1 over plain sockets: the transport of the common case, in which nothing needs what httpx can do.

Chosen by measurement: CPU of a request in microseconds (a 150 byte answer of nginx over a kept connection, the best
of 20 runs on one machine, side by side), and what an import costs beyond a bare Python 3.11.

    httpx, with what it is asked for here   405     160 ms   +15 MiB
    http.client                             125      25 ms    +6 MiB   brings `email`
    this package, whole                      60      10 ms    +1 MiB
    httptools in a bare loop                 22      12 ms    +2 MiB   a parser in C
    the parser here in a bare loop           22       4 ms    +1 MiB
    no parsing in a bare loop                13       4 ms    +1 MiB   send, recv, and nothing else

Awaited it is 210 instead of 1240, and 160 instead of 2200 with 64 requests at once.

A head of a few fields is read by two regular expressions and `str.partition`, at which a C parser with a callback for
each field saves nothing; and the rules stay ours: what is refused, and how it is told.

`head` reads and writes heads, `reading` turns bytes into a response, `attempt` says what came of it: they know no
sockets. `connection` opens these, `pool` keeps them, `transport` joins all; `awaited` does the same for asyncio.
"""
