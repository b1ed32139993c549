"""A server that speaks what rerank and compression clients already send.

    recomp serve

It may import every room but `demo` and `cli`; FastAPI, uvicorn and prometheus-client are the extra
`serve`.

settings    the server's limits
app         the application: its endpoints, put together
run         uvicorn on this machine: the socket, signals, the stop
boundary    what every request passes: the key, the queue's bound, the body, the deadline, the log
bodies      reads a body within its limits, and measures its JSON before anything parses it
errors      an error in the shape of each protocol
engine      one compressor for all callers, with settings of their own
relevance   sentence scores to document scores from 0 to 1, and relevant spans
messages    chat messages to documents, and back
rerank      the rerank protocols: Cohere, Jina and vLLM, TEI
compress    the compression protocols: ours, and the one that LiteLLM's guardrail posts
metrics  logs
            what operators read: Prometheus, and one line of JSON per request without content
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._utils.lazy import lazy_names

if TYPE_CHECKING:
    from .app import create_app
    from .run import serve
    from .settings import ServerSettings

_MODULES = {"create_app": ".app", "serve": ".run", "ServerSettings": ".settings"}

__all__ = ["ServerSettings", "create_app", "serve"]


__getattr__, __dir__ = lazy_names(__name__, _MODULES, __all__)
