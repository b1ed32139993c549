"""The middleware for LangChain's agents. This module needs the package langchain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

from langchain.agents.middleware import AgentMiddleware
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool

from ..compressor import RecompDocumentCompressor
from ..recovery import dropped_tool
from .parameter import with_parameter, without_parameter
from .query import QueryMode, make_query
from .results import JSON_TEXT_FIELDS, PLACEHOLDER, ResultSettings, ToolResultCompressor

if TYPE_CHECKING:
    from langgraph.prebuilt.tool_node import ToolCallRequest


class RecompMiddleware(AgentMiddleware):
    """Compresses what tools return, with the question, before the model reads it.

        create_agent(model, tools, middleware=[RecompMiddleware()])
        RecompMiddleware(RecompDocumentCompressor(max_tokens=500), tools=["search"])
        RecompMiddleware(query="parameter")     # the model says what it looks for

    It compresses strings, the documents of a retriever's tool, text blocks, and the fields of JSON
    that hold text; [docs/agents.md](docs/agents.md) says how. It leaves alone a `Command`, errors,
    images and what is short. A message never becomes empty or longer, and keeps its id, name,
    tool call and status. What was done stands in `message.response_metadata["recomp"]`.

    Args:
        compressor: A `RecompDocumentCompressor`, or a compressor of the core. By default the
            bundled encoder, which keeps the five best sentences of a result. Its `timeout_s`
            holds for each result; its `merge` and `on_error` have no effect here. With
            `recovery`, the agent gets the tool `read_dropped`, and the model sees the handle of
            what was left out, but not within JSON.
        tools: The tools, or their names, whose results are compressed; None for all.
        exclude_tools: Tools, or their names, whose results are left alone.
        query: Where the question comes from. "both": the call's query and the last message of the
            user. "tool_call": the call's query, or the user's message if it has none. "user": the
            other way round. "parameter": what the model says in an argument that is added to the
            tools for it, and "both" where it says nothing. Or a function of the
            `ToolCallRequest`; a result is left alone if that gives "".
        query_arg: The argument of the call that is its query. Without it, or with None, all
            strings among the arguments are.
        param_name: The name of the argument for `query="parameter"`. A tool that has an argument
            of this name keeps it.
        min_tokens: Results with less text than about this many tokens are left alone.
        max_characters: Longer results are left alone too, with a warning in the log, or raise, as
            `on_error` says: to encode them would take minutes. None for no limit.
        document_separator: What stands between documents in the content of a retriever's tool.
        json_text_fields: The keys in JSON whose strings are compressed.
        when_empty: What becomes of a result in which nothing is relevant: "placeholder" replaces
            it by `placeholder`, "original" leaves it as it is.
        placeholder: The text for the model that says so.
        on_error: When compressing fails: "passthrough" logs a warning, without content, and
            leaves the result as it is; "raise" raises.
        keep_original: Where the content before compressing stays, out of the model's sight:
            "artifact" adds it to the message's artifact as "original_content", if that is a dict
            or None; an artifact of another kind, such as a list of documents, stays as it is.
            "none" keeps nothing.
        shadow: Whether to measure only: results stay as they are, and the facts say what
            compressing would have done.
        name: The middleware's name, which two in one agent can't share.

    Raises:
        ValueError: A setting has no such value.
        TypeError: `compressor` cannot compress.
        ModelLoadError: The bundled encoder is not there.
    """

    def __init__(
        self,
        compressor: RecompDocumentCompressor | Any | None = None,
        *,
        tools: Sequence[str | BaseTool] | None = None,
        exclude_tools: Sequence[str | BaseTool] = (),
        query: QueryMode | Callable[[ToolCallRequest], str] = "both",
        query_arg: str | None = "query",
        param_name: str = "looking_for",
        min_tokens: int = 200,
        max_characters: int | None = 1_000_000,
        document_separator: str = "\n\n",
        json_text_fields: Sequence[str] = JSON_TEXT_FIELDS,
        when_empty: str = "placeholder",
        placeholder: str = PLACEHOLDER,
        on_error: str = "passthrough",
        keep_original: str = "artifact",
        shadow: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__()
        if not callable(query) and query not in get_args(QueryMode):
            raise ValueError(
                f"query must be one of {', '.join(map(repr, get_args(QueryMode)))} or a function "
                f"of the tool call request, got {query!r}"
            )
        if not isinstance(param_name, str) or not param_name.isidentifier():
            raise ValueError(f"param_name must be a name such as 'looking_for', got {param_name!r}")
        settings = ResultSettings.model_validate(
            {
                "tools": tools,
                "exclude_tools": exclude_tools,
                "min_tokens": min_tokens,
                "max_characters": max_characters,
                "document_separator": document_separator,
                "json_text_fields": json_text_fields,
                "when_empty": when_empty,
                "placeholder": placeholder,
                "on_error": on_error,
                "keep_original": keep_original,
                "shadow": shadow,
            }
        )
        self.query = query
        self.query_arg = query_arg
        self.param_name = param_name
        self._name = name
        self._results = ToolResultCompressor(compressor, settings)
        # What was left out is not to be compressed again.
        self.tools = []
        if getattr(self.compressor.compressor, "recovery", None) is not None:
            self.tools = [dropped_tool(self.compressor)]

    @property
    def name(self) -> str:
        """The middleware's name."""
        return self._name or super().name

    @property
    def settings(self) -> ResultSettings:
        """The settings that shape the results."""
        return self._results.settings

    @property
    def compressor(self) -> RecompDocumentCompressor:
        """The compressor of the results."""
        return self._results.compressor

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[Any], Any]) -> Any:
        """Run a tool, then compress its result.

        Args:
            request: The call.
            handler: Runs the tool.

        Returns:
            What the tool returned, compressed where that helps.
        """
        returned = handler(self._stripped(request))
        if not self._takes(request.tool_call["name"]):
            return returned
        compress = partial(
            self._results.compress,
            make_query=partial(self._query, request),
            config=_config(request),
        )
        if isinstance(returned, list):
            return [compress(one) if isinstance(one, ToolMessage) else one for one in returned]
        return compress(returned) if isinstance(returned, ToolMessage) else returned

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[Any], Awaitable[Any]]
    ) -> Any:
        """Do what `wrap_tool_call` does without blocking the event loop.

        Args:
            request: As for `wrap_tool_call`.
            handler: As for `wrap_tool_call`.

        Returns:
            As `wrap_tool_call`.
        """
        returned = await handler(self._stripped(request))
        if not self._takes(request.tool_call["name"]):
            return returned
        compress = partial(
            self._results.acompress,
            make_query=partial(self._query, request),
            config=_config(request),
        )
        if isinstance(returned, list):
            return [
                await compress(one) if isinstance(one, ToolMessage) else one for one in returned
            ]
        return await compress(returned) if isinstance(returned, ToolMessage) else returned

    def wrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        """With `query="parameter"`, show the model the tools with the argument.

        Args:
            request: The call of the model.
            handler: Calls it.

        Returns:
            What the handler returned.
        """
        return handler(self._asking(request))

    async def awrap_model_call(self, request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        """Do what `wrap_model_call` does, asynchronously.

        Args:
            request: As for `wrap_model_call`.
            handler: As for `wrap_model_call`.

        Returns:
            As `wrap_model_call`.
        """
        return await handler(self._asking(request))

    def _takes(self, name: str | None) -> bool:
        return self.settings.takes(name) and name not in [tool.name for tool in self.tools]

    def _asking(self, request: Any) -> Any:
        if self.query != "parameter":
            return request
        tools = [
            with_parameter(tool, self.param_name)
            if self._takes(getattr(tool, "name", None))
            else tool
            for tool in request.tools
        ]
        return request.override(tools=tools)

    def _stripped(self, request: ToolCallRequest) -> ToolCallRequest:
        """The call without the argument, which the tool does not know."""
        call = request.tool_call
        if self.query != "parameter" or not self._takes(call["name"]):
            return request
        args = without_parameter(request.tool, call["args"], self.param_name)
        if args is call["args"]:
            return request
        return request.override(tool_call={**call, "args": args})

    def _query(self, request: ToolCallRequest) -> str:
        return make_query(self.query, request, self.query_arg, self.param_name)


def _config(request: ToolCallRequest) -> RunnableConfig | None:
    config: RunnableConfig | None = getattr(request.runtime, "config", None)
    return config
