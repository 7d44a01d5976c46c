"""A job's events and input on their way through Redis: journal first, then the group.

The only place that knows Redis keys and group names. The journal (a Redis Stream) is the truth;
the channel-layer group is the fast path, and what it loses shows as a hole in `seq`, which is
filled from the journal.
"""
