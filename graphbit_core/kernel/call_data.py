"""What goes between the kernel's HTTP engine and Python: events, policies and limits, as plain data."""

from __future__ import annotations

from typing import Any, TypeAlias

CallEvent: TypeAlias = tuple[int, str, Any]
"""Call id, kind, payload:

``reply``    (attempt, status, headers as list of pairs, body): a whole reply; a verdict is due. Also a
             streaming call gets this when the status is not 2xx, or when the body of an ``sse`` call
             is ``application/json``.
``open``     (attempt, status, headers): a streaming call has a 2xx head.
``redirect`` (attempt, status, url): a guarded call follows a redirect.
``frames``   list of (event name, data): frames since the last drain. From here on nothing is retried, unless
             the policy has ``restart_streams``.
``end``      (attempt,): the streamed body ended as HTTP says it should; a verdict is due.
``restart``  (attempt,): the kernel starts attempt n > 1; what an earlier one delivered is void.
``notice``   (type, facts), only of a call that asked for it: ``resource.limited`` (``resource``, ``seconds``,
             ``reason``: ``permits``, ``rate`` or ``paused``) when it was admitted and had waited 1 ms or
             more; ``resource.breaker`` (``resource``, ``state``, ``retry_after`` or None) when the breaker
             refused it, lets it through as a probe, or changed by an attempt that was tried again or
             failed without a reply; ``resource.shed`` (``resource``, ``seconds``, ``queued``) before
             ``failed``. What the last verdict changes is told by ``ok``, ``retry`` and ``fail``.
``failed``   the exception, built by the kernel, with its facts; the call is over.
"""

CallPolicy: TypeAlias = dict[str, float | int]
"""Keys, all optional; an unknown one, here and below, is a ValidationError that names the nearest.

Seconds: ``connect_timeout`` (10), ``first_byte_timeout`` (60), ``idle_timeout`` (60, between bytes),
``progress_timeout`` (120, between frames; comments are not progress), ``attempt_timeout`` (600),
``backoff_base`` (0.5), ``backoff_cap`` (30), ``max_retry_after`` (120). Time for which a stream waits for its
reader counts for the caller's deadline only.
Bytes, after decompression: ``max_body`` (32 MiB), ``max_stream`` (64 MiB); of a guarded call both are 10 MiB
and at most 100; ``max_frame`` (4 MiB).

``max_attempts`` (3). ``restart_streams`` (0): with 1, an idempotent call whose stream breaks after frames
were delivered may be tried again; an event says so, and the host forgets them. After a verdict to try again
that was accepted, frames of the old attempt may still come before that event.
"""

ResourceLimits: TypeAlias = dict[str, float | int]
"""Keys, all optional: ``max_concurrency`` (256), ``requests_per_minute``, ``tokens_per_minute`` (none),
``queue`` (10,000 waiting calls).

``queue_target`` and ``queue_interval`` (seconds; off unless one is named, then 5 and 10): once no call was
admitted after less than the target for a whole interval, those that waited twice the target are turned away
(ResourceExhaustedError, ``resource="queue_delay"``) before any work.

``adaptive`` (0): with 1, the calls that run at the same time begin at ``max_concurrency``, are halved after a
timeout, 429 or 5xx (once for all that were under way), and grow by one with each round of successes.
"""

ResourceProtection: TypeAlias = dict[str, float | int]
"""Keys, all optional.

Of the breaker: ``breaker_window`` (30 s), ``breaker_min_calls`` (10), ``breaker_ratio`` (0.5: trips when this
share of at least so many calls failed), ``breaker_consecutive`` (5 failures in a row), ``breaker_open`` (5 s,
doubles up to) ``breaker_open_max`` (60), ``breaker_probes`` (3), ``slow_after`` (a first byte later than so
many seconds is slow; off), ``slow_ratio`` (0.8: trips when this share was slow).

Of the retry budget: ``retry_ratio`` (0.2: retries as a share of the calls of the last minute) and
``retry_floor`` (3: granted at any rate).
"""
