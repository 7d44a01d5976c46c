"""All settings of Codr, read from the environment here and nowhere else.

Each has a default that works on a laptop; docs/configuration.md has a line for each. A value that
makes no sense stops the process with a sentence that names it.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
import tomllib
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from redis.exceptions import ConnectionError as RedisConnectionError

BASE_DIR = Path(__file__).resolve().parent.parent
# Codr's own, which stands in one place.
VERSION = tomllib.loads((BASE_DIR / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def _text(name: str, default: str = "") -> str:
    return os.environ.get(name) or default


def _choice(name: str, default: str, *choices: str) -> str:
    value = _text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}; it can be {' or '.join(choices)}")
    return value


def _flag(name: str, default: bool) -> bool:
    return _choice(name, "on" if default else "off", "on", "off") == "on"


def _number(name: str, default: float, at_least: float = 0) -> float:
    text = _text(name, str(default))
    try:
        value = float(text)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {text!r}; it has to be a number") from None
    if not value >= at_least:
        raise ImproperlyConfigured(f"{name} is {text}; it has to be {at_least:g} or more")
    return value


def _whole(name: str, default: int, at_least: int = 0) -> int:
    return int(_number(name, default, at_least))


def _list(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in _text(name, default).split(",") if item.strip()]


# --- what this process is ---------------------------------------------------------------------

# An executor runs strangers' programs: it has no database and no secret of the site.
ROLE = _choice("CODR_ROLE", "web", "web", "executor", "recorder")
PRODUCTION = _choice("CODR_MODE", "development", "development", "production") == "production"
DEBUG = False
STATE_DIR = Path(_text("CODR_STATE_DIR", str(BASE_DIR / "var"))).resolve()

# --- addresses ---------------------------------------------------------------------------------

HOST = _text("HOST", "127.0.0.1")
PORT = _whole("PORT", 8000)
ALLOWED_HOSTS = _list("CODR_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
if not PRODUCTION and HOST not in LOOPBACK:
    raise ImproperlyConfigured(
        f"HOST is {HOST}, which others can reach, and CODR_MODE is not production: set "
        "CODR_MODE=production, CODR_SECRET_KEY and CODR_ALLOWED_HOSTS (docs/configuration.md)"
    )
# Pages that may open the socket and post forms besides those of the allowed hosts.
CSRF_TRUSTED_ORIGINS = _list("CODR_TRUSTED_ORIGINS")


def _redis_url() -> str:
    """REDIS_URL, or the embedded Redis that `make run` has going, for `manage.py doctor`."""
    given = os.environ.get("REDIS_URL")
    if given:
        return given
    told = STATE_DIR / "redis-url"
    if told.exists():
        return told.read_text(encoding="utf-8").strip()
    return "redis://127.0.0.1:6379/0"


REDIS_URL = _redis_url()

# --- secrets -----------------------------------------------------------------------------------


def _secret_key() -> str:
    given = os.environ.get("CODR_SECRET_KEY")
    if given:
        return given
    if ROLE == "executor":
        # Django wants one; nothing that an executor does is signed.
        return "an executor signs nothing"
    if PRODUCTION:
        raise ImproperlyConfigured("CODR_SECRET_KEY has to be set when CODR_MODE=production")
    kept = STATE_DIR / "secret-key"
    if kept.exists():
        return kept.read_text(encoding="utf-8").strip()
    return "for development on this machine only"


SECRET_KEY = _secret_key()

# --- Django ------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "executor_app",
]
MIDDLEWARE = [
    # Outside of all others, which answer for themselves now and then.
    "executor_app.middleware.security_headers",
    "executor_app.middleware.known_hosts",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "executor_app.middleware.HostsMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "codr.urls"
ASGI_APPLICATION = "codr.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# A program with its files, as on the socket. Nobody uploads anything else.
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 10
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "ide"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
IDE_DIR = BASE_DIR / "frontend" / "dist"
STATICFILES_DIRS = [("ide", IDE_DIR)] if IDE_DIR.is_dir() else []
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# A reference inside a vendored style sheet to a file that is not there is no reason to stop.
WHITENOISE_MANIFEST_STRICT = False

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# TLS ends at a proxy in front of us, which says so in a header.
TLS = _flag("CODR_TLS", PRODUCTION)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TLS else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
# The prefix keeps other hosts of the same domain from setting it; browsers want TLS for it.
SESSION_COOKIE_NAME = "__Host-sessionid" if TLS else "sessionid"
SECURE_SSL_REDIRECT = TLS
# Asked for by whoever watches over the process, past the proxy.
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]
SECURE_HSTS_SECONDS = 3600 * 24 * 365 if TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = TLS

# --- the database: never in an executor ---------------------------------------------------------


def _databases() -> dict[str, Any]:
    if ROLE == "executor":
        return {}
    database: dict[str, Any] = dict(
        dj_database_url.parse(
            _text("DATABASE_URL", f"sqlite:///{STATE_DIR / 'codr.sqlite3'}"),
            conn_max_age=600,
            # After a restart of the database the first one to use a connection would fail.
            conn_health_checks=True,
        )
    )
    if "sqlite3" in str(database["ENGINE"]):
        # WAL: readers and the one writer do not wait for each other. IMMEDIATE: a transaction
        # that will write says so at its start, and waits there instead of failing in the middle.
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
        STATE_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    else:
        # Where its host or the link is gone nobody says so, and the kernel would wait for a quarter
        # of an hour. In seconds, and the last one in milliseconds.
        patience = {
            "connect_timeout": 3,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 5000,
        }
        database["OPTIONS"] = {**patience, **database.get("OPTIONS", {})}
    return {"default": database}


DATABASES = _databases()

# --- Redis, channel layer, Celery ---------------------------------------------------------------

# A host that loses its power, or a link that is cut, says goodbye to nobody: without these a
# connection that only listens would be believed in for hours. In seconds: quiet until it is asked,
# between questions; how many; and in milliseconds, how long what was sent may stay unacknowledged.
KEEPALIVE = {
    socket.TCP_KEEPIDLE: 5,
    socket.TCP_KEEPINTVL: 2,
    socket.TCP_KEEPCNT: 3,
    socket.TCP_USER_TIMEOUT: 10_000,
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "executor_app.relay.listening.ChannelLayer",
        "CONFIG": {
            # Once more on a new connection: after a restart of Redis the old one is dead, which
            # only its next use shows. Everything published carries a number, so twice is no harm.
            # Protocol 2: of protocol 3's messages redis-py makes a text for its log each time,
            # logged or not, which was a third of what a flood of output cost the web process.
            "hosts": [
                {
                    "address": REDIS_URL,
                    "retry_on_error": [RedisConnectionError],
                    "protocol": 2,
                    "socket_keepalive": True,
                    "socket_keepalive_options": KEEPALIVE,
                }
            ],
            "prefix": "codr",
        },
    }
}
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Celery closes the database only after so many tasks: `codr/celery.py` sees to its connections.
CELERY_DB_REUSE_MAX = sys.maxsize
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
# Nobody orders workers about through Redis, which would let one executor stop or slow the others.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# One Redis database can hold several installations, such as a test beside the real one.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": "codr:queue:",
    "socket_keepalive": True,
    "socket_keepalive_options": KEEPALIVE,
    # After so many seconds a message that nobody has acknowledged is somebody else's: the recorder
    # that had it was killed. By itself it would be an hour. What comes twice changes nothing.
    "visibility_timeout": 60,
    # A ticket is acknowledged as it comes. One that is lost with its executor is sent again sooner,
    # by `send_missing_tickets`.
    "ack_emulation": ROLE != "executor",
}
CELERY_IMPORTS = {"executor": ["executor_app.tasks"], "recorder": ["executor_app.records"]}.get(
    ROLE, []
)


def _every(seconds: float, task: str) -> dict[str, Any]:
    """A turn that nobody took before the next one is due is not made up for.

    The queue is not that of the results, from which the recorder takes by turns: behind a hundred
    of them each turn came too late, and lost jobs had no end.

    The clock keeps no file, which a power cut could spoil: it counts from the recorder's start.
    """
    return {
        "task": f"executor_app.records.{task}",
        "schedule": seconds,
        "options": {"queue": "chores", "expires": seconds},
    }


CELERY_BEAT_SCHEDULE = {
    "end lost jobs": _every(5.0, "end_lost_jobs"),
    "send missing tickets": _every(5.0, "send_missing_tickets"),
    "keep missing transcripts": _every(30.0, "keep_missing_transcripts"),
    "expire jobs": _every(60.0, "expire_jobs"),
    "expire programs": _every(600.0, "expire_programs"),
    "expire audit events": _every(600.0, "expire_audit_events"),
    "expire sessions": _every(600.0, "expire_sessions"),
}

# --- what Codr itself may be told ---------------------------------------------------------------

# As a browser names the origin of a page, or all below a host.
_ORIGIN = re.compile(r"https?://((\*\.)?[A-Za-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]+)?")


def _embedders() -> tuple[str, ...]:
    """Whose pages may hold `/embed` in a frame: everybody's, nobody's, or these."""
    given = tuple(_list("CODR_EMBED_ORIGINS", "*"))
    if given in (("*",), ("none",)):
        return given if given == ("*",) else ()
    for origin in given:
        if not _ORIGIN.fullmatch(origin):
            raise ImproperlyConfigured(
                f"CODR_EMBED_ORIGINS has {origin!r}; it can be `*`, `none`, or origins such as "
                "https://example.org"
            )
    return given


CODR = {
    "sandbox": _choice("CODR_SANDBOX", "firejail", "firejail", "bubblewrap"),
    "limits_by": _choice("CODR_LIMITS", "cgroup" if PRODUCTION else "auto", "cgroup", "auto"),
    "validation": _choice("CODR_VALIDATION", "standard", "off", "standard", "strict"),
    "allow_anonymous": _flag("CODR_ALLOW_ANONYMOUS", not PRODUCTION),
    # In development Codr listens on loopback alone: there is nobody to be fair to.
    "rate_limits": _flag("CODR_RATE_LIMITS", PRODUCTION),
    "submissions_per_minute": _whole("CODR_SUBMISSIONS_PER_MINUTE", 60),
    "concurrent_jobs": _whole("CODR_CONCURRENT_JOBS", 10),
    "cpu_seconds_per_hour": _whole("CODR_CPU_SECONDS_PER_HOUR", 1200),
    "owners_per_address": _whole("CODR_OWNERS_PER_ADDRESS", 30, 1),
    "trusted_proxies": _whole("CODR_TRUSTED_PROXIES", 0),
    "request_s": _number("CODR_REQUEST_S", 20, 0.1),
    "ping_interval_s": _number("CODR_PING_INTERVAL_S", 20, 0.1),
    "ping_timeout_s": _number("CODR_PING_TIMEOUT_S", 30, 0.1),
    "connections_per_address": _whole("CODR_CONNECTIONS_PER_ADDRESS", 1000),
    "unread_bytes": _whole("CODR_UNREAD_BYTES", 4 * 1024 * 1024, 1),
    "job_weight": _number("CODR_JOB_WEIGHT", 1.0, 0.1),
    "job_cpus": _number("CODR_JOB_CPUS", max(1, (os.cpu_count() or 1) / 2), 0.01),
    "executor_slots": _whole("CODR_EXECUTOR_SLOTS", 256, 1),
    "working_jobs": _whole("CODR_WORKING_JOBS", 8 * (os.cpu_count() or 1)),
    "compile_cache": _choice("CODR_COMPILE_CACHE", "owner", "owner", "shared", "off"),
    "compile_cache_bytes": _whole("CODR_COMPILE_CACHE_BYTES", 256 * 1024 * 1024, 1024 * 1024),
    "precompiled_headers": _flag("CODR_PRECOMPILED_HEADERS", True),
    "warm": _whole("CODR_WARM", 8),
    "executor_name": _text("CODR_EXECUTOR_NAME", f"{socket.gethostname()}-{os.getpid()}"),
    "first_message_s": _number("CODR_FIRST_MESSAGE_S", 10, 0.1),
    "client_grace_s": _number("CODR_CLIENT_GRACE_S", 60, 0.1),
    "stop_grace_s": _number("CODR_STOP_GRACE_S", 5),
    "lease_s": _number("CODR_LEASE_S", 6, 2),
    "attempts": _whole("CODR_ATTEMPTS", 2, 1),
    "queue_patience_s": _number("CODR_QUEUE_PATIENCE_S", 600, 1),
    "journal_bytes": _whole("CODR_JOURNAL_BYTES", 64 * 1024 * 1024, 1024),
    "flow_window_bytes": _whole("CODR_FLOW_WINDOW_BYTES", 1024 * 1024, 1024),
    "ended_journals_bytes": _whole("CODR_ENDED_JOURNALS_BYTES", 256 * 1024 * 1024, 1024),
    "journal_keep_s": _number("CODR_JOURNAL_KEEP_S", 600, 1),
    "transcript_bytes": _whole("CODR_TRANSCRIPT_BYTES", 1024 * 1024, 1024),
    "audit_keep_days": _number("CODR_AUDIT_KEEP_DAYS", 90, 1),
    "job_keep_days": _number("CODR_JOB_KEEP_DAYS", 365),
    "transcript_keep_days": _number("CODR_TRANSCRIPT_KEEP_DAYS", 90),
    "programs_per_owner": _whole("CODR_PROGRAMS_PER_OWNER", 200),
    "program_bytes_per_owner": _whole("CODR_PROGRAM_BYTES_PER_OWNER", 32 * 1024 * 1024),
    "anonymous_program_keep_days": _number("CODR_ANONYMOUS_PROGRAM_KEEP_DAYS", 30),
    "embed_origins": _embedders(),
}

# --- logging -----------------------------------------------------------------------------------


def _without_trace(record: logging.LogRecord) -> bool:
    """A host that is not ours or a form that is too large is a client's mistake: one line."""
    if record.name.startswith("django.security"):
        record.exc_info = None
    return True


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {
        # Not being ready is an answer, asked for ten times a second while starting.
        "not_unready": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: getattr(record, "status_code", 0) != 503,
        },
        "without_trace": {"()": "django.utils.log.CallbackFilter", "callback": _without_trace},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["without_trace"],
        }
    },
    "root": {"handlers": ["stderr"], "level": _text("CODR_LOG_LEVEL", "INFO")},
    "loggers": {
        "daphne": {"level": "WARNING"},
        # The audit trail is there however quiet the rest is told to be.
        "codr.audit": {"level": "INFO"},
        "codr.trace": {"level": "DEBUG" if _flag("CODR_TRACE", False) else "WARNING"},
        # An account of every answer is for the proxy in front.
        "django.request": {"level": "ERROR", "filters": ["not_unready"]},
        "django.channels.server": {"level": "WARNING"},
        # One error for each request that names another host; the audit trail counts them.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        # Celery says of each task that it came, began and ended; of beat, every five seconds.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
