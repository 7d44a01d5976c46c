"""A relay as plain as it can be, to measure ours against in the same run.

A socket, one channel-layer group for each direction and a program on a terminal, on the same parts
(Daphne, Channels, channels-redis, uvloop). No journal, no sandbox, no validation, no watch.
"""
