"""What executors do. No ORM here and no database: what a job needs comes in its order, and its
result goes to the recorder's queue."""

from __future__ import annotations

import logging
import sys
import time
from concurrent import futures
from typing import Any, Final

from celery import current_app, shared_task
from celery.signals import worker_init, worker_shutdown, worker_shutting_down
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from . import dispatch
from .admission import Admission, AdmissionStep
from .conf import conf
from .errors import HostError
from .executor import Executor
from .relay.versions import NewerVersionError

logger = logging.getLogger(__name__)

PAUSE_S: Final = 1.0
# A job that is over within this time has its start in its result: most are, and what the recorder
# has to do for a start is half of what it has for a result. Nobody sees it run so soon.
SHORT_S: Final = 0.3

_executor: Executor | None = None

current_app.steps["consumer"].add(AdmissionStep)


@worker_init.connect
def start_executor(**kwargs: Any) -> None:
    global _executor
    executor = Executor()
    try:
        executor.start()
    except HostError as error:
        # Fail closed: an executor that cannot bound its jobs takes none.
        logger.critical("This host cannot run programs safely: %s", error)
        sys.exit(1)
    except (RedisError, OSError) as error:
        logger.critical("The Redis that REDIS_URL names cannot be reached: %s", error)
        sys.exit(1)
    except Exception:
        # Celery would go on without us, and take jobs that it cannot run.
        logger.exception("The executor could not start")
        sys.exit(1)
    _executor = executor
    AdmissionStep.admission = Admission(
        slots=conf().executor_slots, most=conf().working_jobs, spared=executor.load.spared
    )
    executor.load.on_less = AdmissionStep.look_again


@worker_shutting_down.connect
def stop_jobs(**kwargs: Any) -> None:
    if _executor is not None:
        _executor.stop_jobs_soon()


@worker_shutdown.connect
def stop_executor(**kwargs: Any) -> None:
    if _executor is not None:
        _executor.stop()


@shared_task(name=dispatch.EXECUTE)
def execute_job_interactive() -> None:
    """A ticket: takes the job whose turn it is, runs it to its end, hands on the result."""
    if _executor is None:
        raise RuntimeError("this worker is no executor: CODR_ROLE is not executor")
    turn = _executor.run_next()
    if turn is None:
        return
    while not futures.wait([turn.result], SHORT_S).done:
        if turn.order is not None:
            _tell_that_it_runs(turn.order, _executor.name, turn.started_at)
            break
    try:
        result = turn.result.result()
    except NewerVersionError as error:
        logger.critical("%s; it waits for an executor of that release", error)
        time.sleep(PAUSE_S)  # while this one would only take it again
        dispatch.send_tickets(1)
        return
    if turn.order is not None and result is not None:
        dispatch.send_record(dispatch.RECORD_RESULT, turn.order.job_id, result)


def _tell_that_it_runs(order: dispatch.Order, worker: str, started_at: float) -> None:
    """Only for who looks meanwhile: the result says it again."""
    facts = {"worker": worker, "attempt": order.attempt, "started_at": started_at}
    try:
        dispatch.send_record(dispatch.RECORD_START, order.job_id, facts)
    except (BrokerError, RedisError, OSError) as error:
        logger.warning("job %s: its start is not recorded: %s", order.job_id, error)
