"""What programs wrote, and what people wrote for them, as HTML that is safe to show to staff.

Everything here is handed text by strangers and gives back markup of our own: each character of
theirs is escaped, and the work that one page may cause is bounded. Knows no Django models and no
Redis.
"""
