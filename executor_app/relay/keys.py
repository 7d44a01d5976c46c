"""The names of everything that the relay has in Redis."""

from __future__ import annotations

PREFIX = "codr"
EXECUTORS = f"{PREFIX}:executors"
# Celery keeps a queue as a list of its name behind the prefix that the settings give it.
TICKETS = f"{PREFIX}:queue:jobs"
# The fair queue (`queue.py`): owners who wait by their next turn, the turn that is being served,
# and the next turns of owners who were served a moment ago.
WAITING_OWNERS = f"{PREFIX}:waiting"
TURN = f"{PREFIX}:turn"
NEXT_TURNS = f"{PREFIX}:turns"
ARRIVALS = f"{PREFIX}:arrivals"
WAITING_PREFIX = f"{PREFIX}:waiting:"
ORDER_PREFIX = f"{PREFIX}:order:"
# Jobs that executors hold (`leases.py`), and when each lease runs out.
HELD_PREFIX = f"{PREFIX}:held:"
LEASES = f"{PREFIX}:leases"
# Since when executors have reached Redis, in its own milliseconds; goes with a pause.
WELL_SINCE = f"{PREFIX}:well-since"
# Jobs that are over and whose journals are still there (`remains.py`).
ENDED = f"{PREFIX}:ended"
ENDED_SIZES = f"{PREFIX}:ended:sizes"
ENDED_SUM = f"{PREFIX}:ended:sum"
# Where the library of rate limits keeps its windows.
WINDOWS_PREFIX = f"{PREFIX}:window"


def output_journal(job_id: str) -> str:
    return f"{PREFIX}:job:{job_id}:output"


def input_journal(job_id: str) -> str:
    return f"{PREFIX}:job:{job_id}:input"


def senders(job_id: str) -> str:
    """Of each sender who numbers what they send to a job, the last number that was taken."""
    return f"{PREFIX}:job:{job_id}:senders"


def order(job_id: str) -> str:
    """What an executor has to know about a job, for as long as none has taken it."""
    return ORDER_PREFIX + job_id


def held(job_id: str) -> str:
    """The same of a job that an executor has taken, with its attempt, until it is over."""
    return HELD_PREFIX + job_id


def waiting(owner: str) -> str:
    """The ids of an owner's jobs that no executor has taken, the oldest first."""
    return WAITING_PREFIX + owner


def active(payer: str) -> str:
    """The jobs that count as running at once for an owner or an address, by their begin."""
    return f"{PREFIX}:active:{payer}"


def acknowledged(job_id: str) -> str:
    """Up to which event whoever reads a job under flow control has dealt with it."""
    return f"{PREFIX}:job:{job_id}:ack"


def presence(job_id: str) -> str:
    """Held by whoever follows the job; gone a grace period after the last one."""
    return f"{PREFIX}:job:{job_id}:presence"


def executor(name: str) -> str:
    return f"{PREFIX}:executor:{name}"


def output_group(job_id: str) -> str:
    return f"job.{job_id}.output"


def input_group(job_id: str) -> str:
    return f"job.{job_id}.input"
