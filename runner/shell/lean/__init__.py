"""HTTP/1.1 over plain sockets: the transport of the common case, in which nothing needs what httpx can do.

Chosen by measurement (CPU in microseconds a request, quietest of 20 runs, a 150 byte answer of nginx over a kept
connection; import in milliseconds and MiB above a bare Python 3.11):

    httpx        235-435   160 ms   +15 MiB
    http.client   62-115    43 ms    +3 MiB    brings `email`
    httptools        30     15 ms    +1 MiB    a parser in C
    this package  30-45     10 ms      0 MiB
    no parsing       17      9 ms      0 MiB    send, recv, and nothing else

A head of a few fields is read by two regular expressions and `str.partition`, at which a C parser with a callback for
each field saves nothing, and the rules stay ours: what is refused, and how it is told.

`head` reads and writes heads, `reading` turns bytes into a response: both know no sockets. `socket` opens connections,
`pool` keeps them, `transport` joins these.
"""
