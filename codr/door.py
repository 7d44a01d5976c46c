"""The front door of the web process: what a client may cost before the application hears of it.

Daphne and what it stands on see to the syntax of HTTP and WebSocket, and leave the rest to a proxy,
which there may not be: a time for a whole request, not for each of its bytes, a size for its body,
a number of connections, and memory that does not grow because a client sends faster than it is
served or does not read what it is told.
"""

from __future__ import annotations

import gc
import json
import logging
import sys
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Final

import daphne.server
from autobahn.websocket.types import ConnectionDeny
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings
from django.urls import get_resolver
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.web import http

from executor_app.conf import conf
from executor_app.identity import client_address
from executor_app.networks import network_of
from executor_app.outlet import EXTENSION, Outlet
from executor_app.protocol import CloseCode

logger = logging.getLogger(__name__)

MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 16 * 1024
# A message comes in one frame, or in as many as a client's buffer makes of 2 MiB.
MAX_PIECES: Final = 1024
# Messages of one socket that wait for the consumer, before no more are read.
MAX_WAITING_BYTES: Final = 4 * 1024 * 1024
WAITING_OVERHEAD_BYTES: Final = 1024
LOOK_AGAIN_S: Final = 0.02
# What part of its connections an address has to give back before the log names it again.
QUIET_BELOW: Final = 0.9
# Until a client that was told goodbye has read up to there.
CLOSE_S: Final = 5
# The same when this process is being stopped, which somebody waits for.
LEAVE_S: Final = 3
PLAIN: Final = (
    (b"Content-Type", b"text/plain; charset=utf-8"),
    (b"Content-Security-Policy", b"default-src 'none'"),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Cache-Control", b"no-store"),
    (b"Connection", b"close"),
)


class Door(daphne.server.Server):
    """Daphne's server with the limits of the settings, which are the same for every process."""

    def __init__(self, *args: Any, **options: Any) -> None:
        limits = conf()
        options["ping_interval"] = limits.ping_interval_s
        options["ping_timeout"] = limits.ping_timeout_s
        super().__init__(*args, **options)
        if not settings.PRODUCTION and not all(map(_is_loopback, self.endpoints)):
            sys.exit(f"Only CODR_MODE=production may listen on {', '.join(self.endpoints)}.")
        self.request_s = limits.request_s
        self.max_body_bytes = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        self.max_connections = limits.connections_per_address
        self.count_peers = not limits.trusted_proxies  # else every peer is the proxy
        self.connections_of: Counter[str] = Counter()
        self.sockets_of: Counter[str] = Counter()
        self.unread_bytes = limits.unread_bytes
        self._told_of: set[str] = set()

    def run(self) -> None:
        """Does not come back before the server stops."""
        get_resolver().url_patterns  # noqa: B018 - the views too are to be there now
        # What is there now stays. Looking through it for garbage took 150 ms from time to time, in
        # which nobody was answered.
        gc.collect()
        gc.freeze()
        super().run()

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if isinstance(protocol, Socket):
            scope["extensions"] = {EXTENSION: protocol.outlet}
        return super().create_application(protocol, scope)

    def take(self, counter: Counter[str], address: str) -> bool:
        """Whether one more is allowed; if so, `leave` has to follow."""
        network = network_of(address)
        if self.max_connections and counter[network] >= self.max_connections:
            if network not in self._told_of:  # once, not for each one that is refused
                self._told_of.add(network)
                logger.warning("%s has %d connections already", network, counter[network])
            return False
        counter[network] += 1
        return True

    def leave(self, counter: Counter[str], address: str) -> None:
        network = network_of(address)
        counter[network] -= 1
        if counter[network] < self.max_connections * QUIET_BELOW:
            self._told_of.discard(network)  # not at one less: they come and go at the limit
        if not counter[network]:
            del counter[network]

    # --- being stopped -------------------------------------------------------------------------

    def kill_all_applications(self) -> Any:
        """What Daphne does at SIGTERM, once every client has been told to come back.

        First nobody new is let in: who comes back at once is to reach another process, or the next.
        """
        for listener in self.listeners:
            listener.addCallback(lambda port: port and port.stopListening())
        for protocol in list(self.connections):
            if isinstance(protocol, Socket):
                protocol.send_away()
        gone = Deferred()
        self._wait_for_sockets(gone, until=reactor.seconds() + LEAVE_S)
        return gone.addCallback(self._kill_the_rest)

    def _wait_for_sockets(self, gone: Any, until: float) -> None:
        """Their consumers too: each has yet to say from when on its client is missing."""
        if reactor.seconds() > until or not any(map(self._is_served, self.connections)):
            gone.callback(None)
        else:
            reactor.callLater(LOOK_AGAIN_S, self._wait_for_sockets, gone, until)

    def _is_served(self, protocol: Any) -> bool:
        application = self.connections[protocol].get("application_instance")
        return isinstance(protocol, Socket) and bool(application) and not application.done()

    def _kill_the_rest(self, _: object) -> Any:
        # Daphne stumbles over those that have ended since it last looked.
        for protocol, details in list(self.connections.items()):
            if "application_instance" not in details:
                del self.connections[protocol]
        return super().kill_all_applications()


def _is_loopback(endpoint: str) -> bool:
    """Of Twisted's descriptions of where to listen."""
    hosts = [host.replace(":", "\\:") for host in settings.LOOPBACK]
    return any(f":interface={host}:" in f"{endpoint}:" for host in hosts) or (
        endpoint.startswith("unix:")
    )


# --- HTTP --------------------------------------------------------------------------------------


class Channel(http.HTTPChannel):
    """One connection, until it becomes a socket. Its clock runs while a request is awaited."""

    maxHeaders = MAX_HEADERS
    totalHeadersSize = MAX_HEADER_BYTES
    timeOut = None  # ours counts the whole, not the time since the last byte

    def __init__(self) -> None:
        super().__init__()
        self.refused = False
        self._clock: Any = None
        self._peer = ""

    def connectionMade(self) -> None:
        super().connectionMade()
        self._wait()

    def lineReceived(self, line: bytes) -> None:
        if not self.refused:
            super().lineReceived(line)

    def rawDataReceived(self, data: bytes) -> None:
        if not self.refused:
            super().rawDataReceived(data)

    def allHeadersReceived(self) -> None:
        if self.length and self.length > self.factory.server.max_body_bytes:
            self.refuse(413, b"Content Too Large")
        elif not self.refused:
            super().allHeadersReceived()

    def allContentReceived(self) -> None:
        if not self.refused:
            self.stop_waiting()
            super().allContentReceived()

    def requestDone(self, request: Any) -> None:
        self._wait()  # for the next one, or for the client to read this answer and go
        super().requestDone(request)

    def connectionLost(self, reason: Any) -> None:
        self.stop_waiting()
        self.leave()
        super().connectionLost(reason)

    def refuse(self, status: int, words: bytes) -> None:
        """Answers before there is a request that the application could answer."""
        self.refused = True
        head = b"HTTP/1.1 %d %s\r\n" % (status, words)
        fields = b"".join(b"%s: %s\r\n" % field for field in PLAIN)
        length = b"Content-Length: %d\r\n\r\n" % (len(words) + 1)
        self.transport.write(head + fields + length + words + b"\n")
        self.loseConnection()

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(400, b"Bad Request")

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse(400, b"Bad Request")

    def enter(self, peer: str) -> bool:
        server = self.factory.server
        if not peer:  # a Unix socket's, who is whatever stands before it
            return True
        if server.count_peers and not server.take(server.connections_of, peer):
            return False
        self._peer = peer
        return True

    def leave(self) -> None:
        """No longer counted as a connection: gone, or a socket."""
        server = self.factory.server
        if self._peer and server.count_peers:
            server.leave(server.connections_of, self._peer)
        self._peer = ""

    def _wait(self) -> None:
        self.stop_waiting()
        self._clock = reactor.callLater(self.factory.server.request_s, self._too_late)

    def stop_waiting(self) -> None:
        if self._clock is not None and self._clock.active():
            self._clock.cancel()
        self._clock = None

    def _too_late(self) -> None:
        self._clock = None
        if self.requests and not self.refused:
            self.refuse(408, b"Request Timeout")
        self.timeoutConnection()


class Request(WebRequest):
    """One request. What Daphne would stumble over is answered before it gets there."""

    def handleContentChunk(self, data: bytes) -> None:
        if self.content is None or self.channel.refused:
            return
        if self.content.tell() + len(data) > self.server.max_body_bytes:
            self.channel.refuse(413, b"Content Too Large")
            return
        super().handleContentChunk(data)

    def process(self) -> Any:
        # A client's word is no reason to believe that we are mounted elsewhere.
        self.requestHeaders.removeHeader(b"daphne-root-path")
        transport, channel = self.transport, self.channel
        if self._wants_socket() and not self._handshake_is_plain():
            self.basic_error(400, b"Bad Request", "This is no handshake.")
            return None
        done = super().process()
        if self.transport is None and transport is not None:
            # It has become a socket, which is not to hear more before it is accepted.
            channel.leave()
            socket = transport.protocol
            if isinstance(socket, Socket) and socket.state == Socket.STATE_CONNECTING:
                transport.pauseProducing()
        return done

    def _wants_socket(self) -> bool:
        upgrade = self.requestHeaders.getRawHeaders(b"Upgrade", [b""])[0]
        return bool(upgrade.lower() == b"websocket")

    def _handshake_is_plain(self) -> bool:
        headers = self.requestHeaders.getAllRawHeaders()
        ascii_only = all(name.isascii() and b"".join(values).isascii() for name, values in headers)
        return ascii_only and self.method == b"GET" and self.uri.startswith(b"/")

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        start = {"type": "http.response.start", "status": status, "headers": PLAIN}
        text = f"{status_text.decode('ascii')}: {body}\n"
        self.handle_reply(start)
        self.handle_reply({"type": "http.response.body", "body": text.encode()})


class Requests(HTTPFactory):
    """Makes the channel of each connection, unless its address has too many."""

    def __init__(self, server: Door) -> None:
        super().__init__(server)
        self.timeOut = None
        self.protocol = _channel

    def buildProtocol(self, addr: Any) -> Any:
        made = super().buildProtocol(addr)
        made.requestFactory = Request
        channel = made._channel
        return made if channel.enter(str(getattr(addr, "host", ""))) else None


def _channel() -> Any:
    return http._GenericHTTPChannelProtocol(Channel())


# --- WebSocket ---------------------------------------------------------------------------------


class Gate:
    """Hears from the transport whether the client reads what it is sent."""

    def __init__(self, drained: Callable[[], None]) -> None:
        self.is_clogged = False
        self._drained = drained

    def pauseProducing(self) -> None:
        self.is_clogged = True

    def resumeProducing(self) -> None:
        self.is_clogged = False
        self._drained()

    def stopProducing(self) -> None:
        self.is_clogged = True


class Socket(WebSocketProtocol):
    """One socket. Nothing of it grows without bound, whatever its client does."""

    address: str | None = None
    known = False

    def connectionMade(self) -> None:
        super().connectionMade()
        self.outlet = Outlet(self.factory.server_class.unread_bytes, self._unread_bytes)
        self._gate = Gate(self.outlet.drained)
        self._waiting: deque[int] = deque()
        self._waiting_bytes = 0
        self._held = False
        self._pieces = 0
        self.transport.unregisterProducer()  # the channel, which has nothing to say any more
        self.transport.registerProducer(self._gate, True)

    def onConnect(self, request: Any) -> Any:
        door = self.factory.server_class
        headers = [(k.encode(), v.encode("latin-1")) for k, v in request.headers.items()]
        peer = self.transport.getPeer()
        client = (str(peer.host), peer.port) if hasattr(peer, "host") else None
        address = client_address({"client": client, "headers": headers})
        if not door.take(door.sockets_of, address):
            raise ConnectionDeny(429, "Too Many Requests")
        self.address = address
        self.known = True
        return super().onConnect(request)

    def onOpen(self) -> None:
        super().onOpen()
        self.transport.resumeProducing()

    def onClose(self, wasClean: bool, code: Any, reason: Any) -> None:
        if self.known:  # else its handshake failed before anybody was told of it
            super().onClose(wasClean, code, reason)

    def send_away(self) -> None:
        if self.state == self.STATE_OPEN:
            # `sendClose` knows only the codes of applications.
            self.sendCloseFrame(int(CloseCode.RESTARTING), b"This server is being restarted.")

    def connectionLost(self, reason: Any) -> None:
        super().connectionLost(reason)
        if self.address is not None:
            self.factory.server_class.leave(self.factory.server_class.sockets_of, self.address)
            self.address = None

    def sendHttpErrorResponse(self, code: int, reason: str, responseHeaders: Any = None) -> None:
        # What is said of a broken handshake repeats parts of it.
        words = http.RESPONSES.get(code, b"Bad Request").decode()
        fields = [(name.decode(), value.decode()) for name, value in PLAIN]
        super().sendHttpErrorResponse(code, words, [*fields, ("Content-Length", "0")])

    def _unread_bytes(self) -> int:
        """What waits for the client here. Twisted keeps it in two parts."""
        out = self.transport
        return len(out.dataBuffer) - int(out.offset) + int(out._tempDataLen)

    # --- what comes in --------------------------------------------------------------------------

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        super().onMessage(payload, isBinary)
        self._waiting.append(len(payload) + WAITING_OVERHEAD_BYTES)
        self._waiting_bytes += self._waiting[-1]
        if not self._held:
            self._hold_back()

    def _hold_back(self) -> None:
        """Reads no more while the consumer has too much to do, and looks again until it has not.

        One that has ended takes nothing out of its queue any more; its socket is closed then.
        """
        if self.state == self.STATE_CLOSED:
            return
        while len(self._waiting) > self.application_queue.qsize():
            self._waiting_bytes -= self._waiting.popleft()
        held, self._held = self._held, self._waiting_bytes > MAX_WAITING_BYTES
        if self._held:
            self.transport.pauseProducing()
            reactor.callLater(LOOK_AGAIN_S, self._hold_back)
        elif held:
            self.transport.resumeProducing()

    def onMessageBegin(self, isBinary: bool) -> None:
        super().onMessageBegin(isBinary)
        self._pieces = 0

    def onMessageFrameBegin(self, length: int) -> None:
        super().onMessageFrameBegin(length)
        self._pieces += 1
        if self._pieces > MAX_PIECES:
            self._fail_connection(1009, "too many pieces")

    def _max_message_size_exceeded(self, msg_size: int, max_msg_size: int, reason: str) -> None:
        """Says so before anything of it is kept. What still comes is read and thrown away."""
        self.failedByMe = True
        text = f"A frame may have {max_msg_size} bytes at most."
        error = {"type": "error", "code": "too_large", "message": text}
        self.serverSend(json.dumps(error))
        self.serverClose(int(CloseCode.TOO_LARGE))

    def onPing(self, payload: bytes) -> None:
        # Answers to a flood of pings would pile up for a client who does not read them.
        if not self._gate.is_clogged:
            super().onPing(payload)


class Sockets(WebSocketFactory):
    protocol = Socket

    def __init__(self, server_class: Door, *args: Any, **options: Any) -> None:
        super().__init__(server_class, *args, **options)
        self.setProtocolOptions(webStatus=False, closeHandshakeTimeout=CLOSE_S)


# Daphne's server makes its factories by these names.
daphne.server.HTTPFactory = Requests
daphne.server.WebSocketFactory = Sockets
