"""The browser's end of `/ws/execute`: one socket, one job. Thin; docs/protocol.md is its contract.

A socket starts a job (`execute`) or follows one (`attach`). What its owner sends goes into the
job's input journal; what the job says comes by the group, and holes in it from the journal.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from itertools import cycle
from typing import Any, Final

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError
from redis.exceptions import RedisError

from . import access, audit, submission, trace
from .allowances import Share, shares_of
from .api_keys import BadKeyError
from .conf import conf
from .control import cancel_job
from .database import visit
from .errors import UserError
from .identity import Caller, caller_of, client_address, origin_allowed
from .jobs import KeptRun, Owner, ending, kept_run
from .models import Job
from .outlet import outlet_of
from .protocol import (
    MAX_FRAME_BYTES,
    TOO_LARGE,
    Accepted,
    Access,
    Ack,
    Attach,
    Cancel,
    ClientMessage,
    CloseCode,
    Detail,
    Eof,
    Error,
    Execute,
    Gap,
    InputAccepted,
    InputResponse,
    Message,
    Numbered,
    ProtocolError,
    QueuePlace,
    Stdin,
    encode,
    encode_event,
    is_complete,
    parse_client,
    parse_event,
)
from .relay import keys, presence, queue
from .relay.client import end_tasks, keep_listening
from .relay.events import last_event, publish_end, read_events
from .relay.inputs import (
    MAX_SENDERS,
    JobMessage,
    TooManySendersError,
    TooMuchInputError,
    publish_ack,
    publish_input_response,
    read_input,
    read_inputs_after,
)
from .relay.lookout import Found, Watch, watch_events
from .relay.versions import NewerVersionError, check
from .relay.window import Window
from .shown_input import ShownInput

logger = logging.getLogger(__name__)

# Of a job that no executor has taken, one look of so many is at its row too: whoever gave it up may
# have been unable to tell Redis. There may be hundreds in the queue, and one thread asks for all:
# each of them begins to count at another number.
LOOKS_AT_THE_ROW: Final = 10
_FIRST_LOOKS: Final = cycle(range(LOOKS_AT_THE_ROW))
# Each bad frame of ten bytes is answered with two hundred, which a client need not read.
MAX_ERRORS: Final = 10_000
UNAVAILABLE: Final = Error(
    code="unavailable",
    message="The server cannot reach what it needs just now. Try again in a moment.",
)


class ExecuteConsumer(AsyncWebsocketConsumer):
    job_id: str = ""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._tasks: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await keep_listening()
            await super().__call__(scope, receive, send)
        except (RedisError, OSError):
            logger.exception("job %s: a socket was given up", self.job_id or "(none yet)")
            if not hasattr(self, "caller"):
                # Channels asks Redis for this socket's channel before `connect` is called.
                await send({"type": "websocket.accept"})
                await send({"type": "websocket.send", "text": encode(UNAVAILABLE)})
            await send({"type": "websocket.close", "code": int(CloseCode.NO_WORKER)})
        finally:
            # However it ended: nobody is here any more, which is not to be said on and on.
            await end_tasks(self._tasks)

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels' own goes through a thread for every message, to close old connections of the
        # database; here only `visit` has any, and it closes them itself.
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        self.caller: Caller | None = None
        self._may_write = True
        # Of who is not its owner: whether they may type, and the link by which they came.
        self._may_type = True
        self._link = ""
        self._seq = 0
        # Of the last event that was read from the journal: where to go on reading there.
        self._attempt = 0
        # Of a job whose journal has gone: what the database has in its place.
        self._kept: list[tuple[int, str]] | None = None
        # Of a client that wants to be told what others type.
        self._shown: ShownInput | None = None
        self._over = False
        # Of a socket that follows a job: until it is over.
        self._watch: Watch | None = None
        # Of a client that acknowledges: how far what it was sent may run ahead of it.
        self._window: Window | None = None
        self._outlet = outlet_of(self.scope)
        self._errors = 0
        self._catching_up = asyncio.Lock()
        self._looks = next(_FIRST_LOOKS)
        await self.accept()
        try:
            await self._identify()
        except Exception:
            logger.exception("job %s: not dealt with", self.job_id or "(none yet)")
            await self._apologise()

    async def _identify(self) -> None:
        address = client_address(self.scope)
        if not origin_allowed(self.scope):
            await self._refuse(
                CloseCode.FORBIDDEN, "wrong_origin", "This page may not run programs here."
            )
            await audit.record_async(audit.Kind.WRONG_ORIGIN, address=address)
            return
        try:
            caller = await visit(caller_of, self.scope)
        except BadKeyError as error:
            await self._refuse(CloseCode.NOT_SIGNED_IN, error.code, error.message)
            return
        if not caller.may_enter:
            await self._refuse(CloseCode.NOT_SIGNED_IN, "not_signed_in", "Sign in to run programs.")
            await audit.record_async(audit.Kind.NOT_SIGNED_IN, address=address)
            return
        self.caller = caller
        self._first_message = self._spawn(self._expect_first_message())

    async def disconnect(self, code: int) -> None:
        await end_tasks(self._tasks)
        if not self.job_id:
            return
        with contextlib.suppress(RedisError, OSError):
            for group in self._groups:
                await self.channel_layer.group_discard(group, self.channel_name)
            if not self._over and self._may_write:
                await presence.be_present(self.job_id)  # the grace period begins now

    @property
    def _groups(self) -> list[str]:
        groups = [keys.output_group(self.job_id)]
        return groups if self._shown is None else [*groups, keys.input_group(self.job_id)]

    # --- from the client -----------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._over or self.caller is None:
            return
        self._first_message.cancel()  # it has come; taking it may need longer than was left
        message: ClientMessage | None = None
        try:
            message = _parse(text_data)
            await self._handle(message)
        except ProtocolError as error:
            await self._say_error(error.code, error.message, error.about or message)
        except submission.RefusedError as error:
            await self._refuse(error.close_code, error.code, error.message, error.retry_after_s)
        except UserError as error:
            await self._say_error(error.code, error.message, message)
        except Exception:
            logger.exception("job %s: not dealt with", self.job_id or "(none yet)")
            await self._apologise()

    async def _handle(self, message: ClientMessage) -> None:
        if isinstance(message, Execute):
            await self._execute(message)
        elif isinstance(message, Attach):
            await self._attach(message)
        elif not self.job_id:
            raise ProtocolError("no_job", "`type`: the first message is `execute` or `attach`.")
        elif isinstance(message, Ack):
            await self._acknowledged(message.seq)
        elif not self._may_write:
            await self._type_for_the_owner(message)
        elif isinstance(message, Cancel):
            await cancel_job(self.job_id, message.reason)
        else:
            await self._pass_on(message)

    async def _acknowledged(self, seq: int) -> None:
        seq = min(seq, self._seq)
        if self._window is None:
            self._window = Window(conf().flow_window_bytes)
        was_held = self._window.full
        self._window.acknowledged(seq)
        if self._may_write:
            await publish_ack(self.job_id, seq)
        if was_held and not self._window.full:
            await self._catch_up()

    async def _type_for_the_owner(self, message: ClientMessage) -> None:
        assert self.caller is not None
        typed = message if isinstance(message, InputResponse | Stdin | Eof) else None
        # Asked each time: what the owner takes back ends at once.
        if typed is not None and await visit(access.may_type, self.job_id, self.caller, self._link):
            await self._pass_on(typed)
            return
        facts = self.caller.facts | {"job_id": self.job_id}
        await audit.record_async(audit.Kind.NOT_PERMITTED, **facts)
        raise access.ReadOnlyError(access.NOT_TYPING if typed else access.READ_ONLY)

    async def _pass_on(self, message: JobMessage) -> None:
        assert self.caller is not None
        try:
            await publish_input_response(self.job_id, message, typist=self.caller.owner.key)
        except TooMuchInputError:
            text = "This job has been sent all the input that one job may have."
            raise UserError("too_much_input", text) from None
        except TooManySendersError:
            text = f"This job has had {MAX_SENDERS} different `sender`, and may have no more."
            raise UserError("too_many_senders", text) from None
        if isinstance(message, Numbered) and message.sender and message.input_id:
            taken = InputAccepted(sender=message.sender, input_id=message.input_id)
            await self._say(taken)

    async def _execute(self, message: Execute) -> None:
        if self.job_id:
            await self._refuse(
                CloseCode.ALREADY_RUNNING,
                "already_running",
                "A job is already running on this socket. Open another for another job.",
            )
            return
        assert self.caller is not None
        came_ns = time.monotonic_ns()
        owner = self.caller.owner
        if message.flow_control:
            self._window = Window(conf().flow_window_bytes)
        if message.show_input:
            self._shown = ShownInput(owner.key, message.senders)
        repeated, shares = await visit(_look_up, message, owner)
        if repeated is not None:
            await self._follow(repeated, after=0)
            await self._replay(repeated)
            return
        checked = await submission.check(message, owner, shares)
        job_id = str(checked.job_id)
        trace.mark(job_id, "web: has the program", at_ns=came_ns)
        trace.mark(job_id, "web: has checked it")
        try:
            job, is_new = await submission.record_in_time(checked)
        except Exception:
            await submission.release(checked)
            raise
        trace.mark(job_id, "web: has its row")
        if not is_new:
            await submission.release(checked)
        try:
            await self._follow(job, after=0, is_new=is_new)
        except (RedisError, OSError):
            if is_new:
                await submission.give_up(job, checked)
            raise
        if checked.findings and is_new:
            await self._say(_refusal(checked))
            await submission.reject(job, checked)
        elif is_new:
            trace.mark(job_id, "web: follows the job")
            await submission.enqueue(job, checked)
            trace.mark(job_id, "web: has sent a ticket")
        if not is_new:  # of a new job everything is heard: it was followed before it said anything
            await self._replay(job)

    async def _attach(self, message: Attach) -> None:
        if self.job_id:
            raise ProtocolError("already_attached", "`type`: this socket follows a job already.")
        assert self.caller is not None
        try:
            seen = await visit(access.find, message.job_id, self.caller, message.link)
        except access.NoSuchJobError as error:
            await self._refuse(CloseCode.NO_SUCH_JOB, error.code, error.message)
            return
        job, self._may_write, self._may_type = seen.job, seen.is_owner, seen.may_type
        self._link = message.link
        last = await last_event(str(job.pk))
        # A number that the job has not come to yet would hide what it says next.
        after = min(message.after, last.seq) if last else message.after
        if after and self._may_write:
            await publish_ack(str(job.pk), after)  # whatever it is, the client has dealt with it
        if message.show_input:
            key = self.caller.owner.key
            self._shown = ShownInput(key, message.senders, message.inputs_after)
            await self._shown.come_in(str(job.pk), after)
        await self._follow(job, after=after)
        await self._replay(job)

    async def _follow(self, job: Job, *, after: int, is_new: bool = False) -> None:
        """From now on everything that the job says reaches this socket, `after` onwards."""
        self.job_id = str(job.pk)
        self._seq = after
        self._place = queue.Place(self.job_id)
        for group in self._groups:
            await self.channel_layer.group_add(group, self.channel_name)
        if self._may_write and not is_new:  # then that is said with its being queued
            await presence.be_present(self.job_id)
        may_type = self._may_type
        language, version = job.language, job.version
        await self._say(
            Accepted(job_id=self.job_id, language=language, version=version, may_type=may_type)
        )
        self._spawn(self._keep_looking())
        self._spawn(self._until_over(self._go_on_as_it_reads))

    async def _replay(self, job: Job) -> None:
        """What the job has said so far; of one that is over nothing more will come by itself."""
        await self._hear_input_so_far()
        await self._catch_up()
        if self._over:
            return
        last = await last_event(self.job_id)
        if last is not None and is_complete(last.frame) and last.seq <= self._seq:
            await self._close_after_end()  # the client has its end already
        elif last is None and job.is_over:
            await self._tell_from_database(job)
        elif last is not None and job.is_over and not is_complete(last.frame):
            # It ended while Redis could not be told.
            await publish_end(self.job_id, ending(job))
            await self._catch_up()

    async def _tell_from_database(self, job: Job) -> None:
        """The journal has gone: what was kept of it, and the end from the row where not even that
        is there."""
        kept = await visit(kept_run, str(job.pk), with_input=self._shown is not None)
        frames = list(kept.events)
        last = parse_event(frames[-1][1]).seq if frames else 0
        self._hear_kept_input(kept)
        if not (frames and is_complete(frames[-1][1])):
            at_ms = frames[-1][0] if frames else 0
            seq = max(last, self._seq) + 1
            if job.worker:  # else it never ran, and there is nothing that was not kept
                gap = Gap(seq=seq, from_seq=seq, to_seq=seq, reason="this job is too old")
                frames.append((at_ms, encode(gap)))
                seq += 1
            frames.append((at_ms, encode_event(ending(job), seq)))
        elif last <= self._seq:
            await self._close_after_end()  # the client has its end already
            return
        self._kept = frames
        await self._catch_up()

    def _hear_kept_input(self, kept: KeptRun) -> None:
        """But for what was given before the last event that the client has."""
        had = [at_ms for at_ms, frame in kept.events if parse_event(frame).seq <= self._seq]
        for number, (at_ms, raw) in enumerate(kept.inputs, 1):
            if self._shown is not None and (not had or at_ms > had[-1]):
                self._shown.hear_bytes(number, raw, at_ms)

    # --- from the job --------------------------------------------------------------------------

    async def job_events(self, message: dict[str, Any]) -> None:
        """Frames from the group, ready to be sent; their numbers are `first`, `first + 1` …"""
        if message.get("access"):
            await self._look_at_access()
            return
        try:
            check("an event", message.get("v", 0))
            async with self._catching_up:
                first = message["first"]
                if first > self._seq + 1 and not self._held:
                    await self._read_journal(until=first)
                for seq, frame in enumerate(message["frames"], first):
                    await self._forward(seq, frame)
        except NewerVersionError as error:
            await self._leave_to_others(error)
        except (RedisError, OSError) as error:
            # `_look_again` finds it in the journal, once Redis answers again.
            logger.warning("job %s: a hole could not be filled yet: %s", self.job_id, error)

    @property
    def _held(self) -> bool:
        """Whether the client has to read, or acknowledge, something before it gets more. What it
        does not get meanwhile is in the journal."""
        return self._outlet.full or (self._window is not None and self._window.full)

    async def job_input(self, message: dict[str, Any]) -> None:
        """What somebody has sent to the program, from the group that its executor hears too."""
        if self._shown is None or self._over:
            return
        async with self._catching_up:
            with contextlib.suppress(RedisError, OSError):  # it is only to be shown
                if message["n"] > self._shown.last + 1:
                    await self._hear_input_so_far()
                given = read_input(self.job_id, message["n"], message["frame"])
                self._shown.hear(message["n"], given)
            if not self._held:
                await self._tell_input()

    async def job_ack(self, message: dict[str, Any]) -> None:
        """For the executor alone."""

    async def _hear_input_so_far(self) -> None:
        if self._shown is not None:
            async for number, at_ms, given in read_inputs_after(self.job_id, self._shown.last):
                self._shown.hear(number, given, at_ms)

    async def _tell_input(self, before_ms: int | None = None) -> None:
        for given in self._shown.due(before_ms) if self._shown is not None else ():
            await self._say(given)

    async def _look_at_access(self) -> None:
        """The owner has changed what others may: who is no longer to see the job sees no more."""
        if self._may_write or self._over:
            return
        assert self.caller is not None
        try:
            seen = await visit(access.look_again, self.job_id, self.caller, self._link)
        except (DatabaseError, TimeoutError):
            await self._apologise()  # the client comes back, and is asked again who it is
            return
        if seen is None and self._link:
            error = access.NoSuchJobError()
            await self._refuse(CloseCode.NO_SUCH_JOB, error.code, error.message)
            return
        may_type = seen is not None and seen.may_type
        if may_type != self._may_type:
            self._may_type = may_type
            await self._say(Access(may_type=may_type))

    async def _forward(self, seq: int, frame: str, at_ms: int | None = None) -> None:
        if seq <= self._seq or self._over or self._held:
            return
        await self._tell_input(None if is_complete(frame) else at_ms)
        before = self._seq
        if seq > before + 1:
            # The journal has been asked; what it has cut off is gone.
            reason = "it was more than is kept of one job's output"
            await self._say(Gap(seq=seq - 1, from_seq=before + 1, to_seq=seq - 1, reason=reason))
        self._seq = seq
        if self._window is not None:
            self._window.sent(seq, len(frame.encode()))
        await self.send(text_data=frame)
        trace.mark(self.job_id, "web: has sent it on", seq=seq)
        if self._shown is not None:
            self._shown.saw(frame)
        if is_complete(frame):
            await self._close_after_end()

    async def _close_after_end(self) -> None:
        self._say_no_more()
        await self.close(int(CloseCode.DONE))

    async def _catch_up(self) -> None:
        async with self._catching_up:
            await self._read_journal()

    async def _read_journal(self, until: int | None = None) -> None:
        if self._kept is not None:
            await self._read_kept(self._kept)
            return
        entries = read_events(self.job_id, self._seq, attempt=self._attempt, until=until)
        async for entry in entries:
            if self._held:
                return
            self._attempt = entry.attempt
            await self._forward(entry.seq, entry.frame, entry.at_ms)
        if not self._over:
            await self._tell_input()

    async def _read_kept(self, frames: list[tuple[int, str]]) -> None:
        for at_ms, frame in frames:
            await self._forward(parse_event(frame).seq, frame, at_ms)

    async def _until_over(self, each: Callable[[], Awaitable[None]]) -> None:
        """One of this socket's rounds, which wait by themselves."""
        while not self._over:
            try:
                await each()
            except NewerVersionError as error:
                await self._leave_to_others(error)
            except (RedisError, OSError):
                pass  # and again
            except Exception:
                # A round that ended unseen would leave its client waiting for ever.
                logger.exception("job %s: not dealt with", self.job_id)
                await self._apologise()

    async def _go_on_as_it_reads(self) -> None:
        """What came while the client did not read waits in the journal; nothing else says so."""
        await self._outlet.wait()
        await self._catch_up()

    async def _keep_looking(self) -> None:
        """Until the end it is said that somebody is here, and found what the group lost."""
        # Who only reads keeps no program running.
        with watch_events(self.job_id, self._misses, be_present=self._may_write) as self._watch:
            await self._until_over(self._look_again)

    def _misses(self, found: Found) -> bool:
        """Attempt 0 is that of the queue: of a job there, or without a journal, others tell too."""
        return not self._held and (found.number != self._seq or found.attempt == 0)

    async def _look_again(self) -> None:
        assert self._watch is not None
        await self._watch.missed()
        last = await last_event(self.job_id)
        self._looks += 1
        if self._held:
            return
        if last is not None and last.seq > self._seq:
            await self._catch_up()
        elif last is not None and last.seq < self._seq and is_complete(last.frame):
            # Redis lost its journal, so whoever ended the job counted from 1 again.
            seq = self._seq + 1
            await self._forward(seq, encode_event(parse_event(last.frame), seq))
        elif last is None or last.attempt == 0:
            await self._look_at_the_queue()

    async def _look_at_the_queue(self) -> None:
        """For a job that no executor has taken."""
        if self._looks % LOOKS_AT_THE_ROW == 0:
            job = await visit(Job.objects.filter(pk=self.job_id).first)
            if job is not None and job.is_over:
                await self._replay(job)
        elif (ahead := await self._place.news()) is not None:
            await self._say(QueuePlace(ahead=ahead))

    # --- this socket ---------------------------------------------------------------------------

    def _say_no_more(self) -> None:
        """Neither to its client, nor that somebody is here."""
        self._over = True
        if self._watch is not None:
            self._watch.end()

    async def _expect_first_message(self) -> None:
        await asyncio.sleep(conf().first_message_s)
        await self._refuse(
            CloseCode.NO_FIRST_MESSAGE,
            "no_first_message",
            f"No `execute` or `attach` came within {conf().first_message_s:g} seconds.",
        )

    async def _say(self, message: Message) -> None:
        await self.send(text_data=encode(message))

    async def _say_error(self, code: str, text: str, about: Message | None = None) -> None:
        """The socket stays usable, unless this was the message that should have begun a job."""
        self._errors += 1
        if self._errors > MAX_ERRORS:
            text = f"This socket has sent more than {MAX_ERRORS} frames that make no sense."
            await self._refuse(CloseCode.TOO_MANY, "too_many_errors", text)
        elif self.job_id:
            numbers = about if isinstance(about, Numbered) else Numbered()
            sender, input_id = numbers.sender, numbers.input_id
            await self._say(Error(code=code, message=text, sender=sender, input_id=input_id))
        elif code == TOO_LARGE:
            await self._refuse(CloseCode.TOO_LARGE, code, text)
        else:
            await self._refuse(CloseCode.BAD_FIRST_MESSAGE, code, text)

    async def _leave_to_others(self, error: NewerVersionError) -> None:
        """The client comes back, to a web process of that release sooner or later."""
        logger.critical("job %s: %s", self.job_id, error)
        await self._apologise()

    async def _apologise(self) -> None:
        """Redis, the broker or the database failed; which one is for the log."""
        await self._refuse(CloseCode.NO_WORKER, UNAVAILABLE.code, UNAVAILABLE.message)

    async def _refuse(
        self, close_code: CloseCode, code: str, text: str, retry_after_s: float | None = None
    ) -> None:
        if self._over:
            return
        self._say_no_more()
        await self._say(Error(code=code, message=text, retry_after=retry_after_s))
        await self.close(int(close_code))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.append(task)
        return task


def _parse(text: str | None) -> ClientMessage:
    if text is None:
        raise ProtocolError("bad_message", "Send text frames; binary frames mean nothing.")
    # One character has four bytes at most: the long way is only for what comes near.
    if len(text) * 4 > MAX_FRAME_BYTES and len(text.encode("utf-8")) > MAX_FRAME_BYTES:
        raise ProtocolError(TOO_LARGE, f"A frame may have {MAX_FRAME_BYTES} bytes at most.")
    message: ClientMessage = parse_client(text)
    return message


def _look_up(message: Execute, owner: Owner) -> tuple[Job | None, list[Share]]:
    """What the database knows before a job begins, in one visit to the thread that has it."""
    return submission.find_repeated(message, owner), shares_of(owner)


def _refusal(checked: submission.Checked) -> Error:
    details = [
        Detail(line=f.line, column=f.column, message=f.message, file=f.file)
        for f in checked.findings
    ]
    return Error(code="rejected", message=submission.rejection(checked), details=details)
