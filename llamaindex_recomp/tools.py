"""A tool whose results are compressed before an agent reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import TextBlock
from llama_index.core.schema import MetadataMode, NodeWithScore, TextNode
from llama_index.core.tools import AsyncBaseTool, BaseTool, FunctionTool, ToolMetadata, ToolOutput
from llama_index.core.tools.types import adapt_to_async_tool

from .postprocessor import RecompNodePostprocessor
from .settled import text_of


def compress_tool(tool: BaseTool, compressor: Any, *, query_arg: str = "input") -> AsyncBaseTool:
    """Make a tool that calls another and compresses what it returns.

        search = compress_tool(FunctionTool.from_defaults(search), compressor, query_arg="query")
        agent = FunctionAgent(tools=[search], llm=llm)

    Text blocks are compressed for the query that the agent gave the tool; for a `RetrieverTool` the
    retrieved nodes are. Images and other blocks stay. A result never grows and never becomes empty:
    where nothing in it is relevant, it is the `placeholder`. Errors, results without text and
    calls without a query come back as they are. With the setting `recovery`, a result ends with the
    handle that the tool of `dropped_tool` takes.

    Args:
        tool: Any tool. Its name, description and arguments stay, and it is not changed.
        compressor: A `RecompNodePostprocessor`, or a compressor of the core. With the latter, an
            error of the compressor is logged and the result comes back as it is, as with
            `on_error="passthrough"`.
        query_arg: The argument of the tool that holds the query.

    Returns:
        The tool. Its `ToolOutput.raw_output` is that of the tool, uncompressed.

    Raises:
        ValueError: The tool has no argument `query_arg`.
        TypeError: `tool` is no tool of LlamaIndex.
    """
    if not isinstance(tool, BaseTool):
        raise TypeError(
            f"tool must be a tool of LlamaIndex, got {type(tool).__name__}: wrap a function with "
            "FunctionTool.from_defaults(function)"
        )
    arguments = list(tool.metadata.get_parameters_dict().get("properties", {}))
    if query_arg not in arguments:
        raise ValueError(
            f"query_arg={query_arg!r} is no argument of the tool {tool.metadata.name}, which has "
            f"{', '.join(arguments) or 'none'}: give the one that holds the query"
        )
    if not isinstance(compressor, RecompNodePostprocessor):
        compressor = RecompNodePostprocessor(compressor=compressor, on_error="passthrough")
    results = _Results(compressor, query_arg, arguments.index(query_arg))
    if isinstance(tool, FunctionTool):
        return _CompressedFunctionTool(tool, results)
    return _CompressedTool(adapt_to_async_tool(tool), results)


class _CompressedTool(AsyncBaseTool):
    def __init__(self, tool: AsyncBaseTool, results: _Results) -> None:
        self.tool = tool
        self._results = results

    @property
    def metadata(self) -> ToolMetadata:
        return self.tool.metadata

    def call(self, *args: Any, **kwargs: Any) -> ToolOutput:
        return self._results.compress(self.tool.call(*args, **kwargs), args, kwargs)

    async def acall(self, *args: Any, **kwargs: Any) -> ToolOutput:
        output = await self.tool.acall(*args, **kwargs)
        return await self._results.acompress(output, args, kwargs)


class _CompressedFunctionTool(FunctionTool):
    # A class of its own, because agents give their context to a FunctionTool only.

    to_langchain_tool = BaseTool.to_langchain_tool  # FunctionTool's takes the bare function
    to_langchain_structured_tool = BaseTool.to_langchain_structured_tool

    def __init__(self, tool: FunctionTool, results: _Results) -> None:
        self.__dict__.update(tool.__dict__)
        self.tool = tool
        self._results = results

    def call(self, *args: Any, **kwargs: Any) -> ToolOutput:
        return self._results.compress(self.tool.call(*args, **kwargs), args, kwargs)

    async def acall(self, *args: Any, **kwargs: Any) -> ToolOutput:
        output = await self.tool.acall(*args, **kwargs)
        return await self._results.acompress(output, args, kwargs)


class _Results:
    """Compresses the results of one tool.

    Args:
        postprocessor: What compresses.
        query_arg: The argument that holds the query.
        position: Its position among the tool's arguments.
    """

    def __init__(
        self, postprocessor: RecompNodePostprocessor, query_arg: str, position: int
    ) -> None:
        self._postprocessor = postprocessor
        self._query_arg = query_arg
        self._position = position

    def compress(
        self, output: ToolOutput, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> ToolOutput:
        query, nodes = self._query(args, kwargs), _nodes_of(output)
        if not query or not nodes:
            return output
        return self._put_back(output, self._postprocessor.postprocess_nodes(nodes, query_str=query))

    async def acompress(
        self, output: ToolOutput, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> ToolOutput:
        query, nodes = self._query(args, kwargs), _nodes_of(output)
        if not query or not nodes:
            return output
        compressed = await self._postprocessor.apostprocess_nodes(nodes, query_str=query)
        return self._put_back(output, compressed)

    def _query(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        given = kwargs.get(self._query_arg)
        if given is None and self._position < len(args):
            given = args[self._position]
        return given.strip() if isinstance(given, str) else ""

    def _put_back(self, output: ToolOutput, nodes: Sequence[NodeWithScore]) -> ToolOutput:
        """The result with its texts replaced; itself where that would not make it shorter."""
        if _is_retrieved(output):
            kept = [scored for scored in nodes if text_of(scored.node).strip()]
            blocks = [TextBlock(text=_rendered(kept))]
        else:
            blocks = self._blocks(output, nodes)
        if not any(not isinstance(block, TextBlock) or block.text.strip() for block in blocks):
            blocks = [TextBlock(text=self._postprocessor.placeholder)]
        for note in (*self._notes(nodes), None):  # without the note if it would make it longer
            shown = blocks if note is None else [*blocks, note]
            made = output.model_copy(update={"blocks": shown})
            if len(made.content) < len(output.content):
                return made
        return output

    def _notes(self, nodes: Sequence[NodeWithScore]) -> list[TextBlock]:
        """The handle for `dropped_tool`, which the agent must see; [] without one."""
        facts = (scored.node.metadata.get(self._postprocessor.metadata_key) for scored in nodes)
        handles = (said.get("handle") for said in facts if isinstance(said, dict))
        handle = next(filter(None, handles), None)
        return [TextBlock(text=f"[What was left out has the handle {handle}]")] if handle else []

    def _blocks(self, output: ToolOutput, nodes: Sequence[NodeWithScore]) -> list[Any]:
        key = self._postprocessor.metadata_key
        texts = {
            scored.node.metadata[key].get("index", 0): text_of(scored.node) for scored in nodes
        }
        blocks: list[Any] = []
        number = 0  # among the blocks of text
        for block in output.blocks:
            if not isinstance(block, TextBlock):
                blocks.append(block)
                continue
            if texts.get(number):
                blocks.append(TextBlock(text=texts[number]))
            number += 1
        return blocks


def _nodes_of(output: ToolOutput) -> list[NodeWithScore]:
    """What there is to compress in a result."""
    if output.is_error or not output.content.strip():
        return []
    if _is_retrieved(output):
        return list(output.raw_output)
    texts = [block.text for block in output.blocks if isinstance(block, TextBlock)]
    return [NodeWithScore(node=TextNode(text=text)) for text in texts]


def _is_retrieved(output: ToolOutput) -> bool:
    """Whether the result is that of a `RetrieverTool`, whose nodes say more than its one text."""
    nodes = output.raw_output
    return (
        isinstance(nodes, list)
        and all(isinstance(scored, NodeWithScore) for scored in nodes)
        and output.content == _rendered(nodes)
    )


def _rendered(nodes: Sequence[NodeWithScore]) -> str:
    """The nodes as `RetrieverTool` writes them."""
    return "".join(scored.node.get_content(MetadataMode.LLM) + "\n\n" for scored in nodes)
