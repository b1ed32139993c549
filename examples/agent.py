"""An agent whose tool results are compressed for the model: `python examples/agent.py`.

A scripted model stands for yours, so that it runs offline; put any chat model that calls tools in
its place. Needs the extras `offline` and `agents`.
"""

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from langchain_recomp import RecompDocumentCompressor
from langchain_recomp.agents import RecompMiddleware
from recomp_core.data.examples import lighthouse

QUESTION, DOCUMENTS = lighthouse()


def search(query: str) -> str:
    """Search the archive of the island."""
    return "\n\n".join(document.text for document in DOCUMENTS)


class ScriptedModel(GenericFakeChatModel):
    """Calls the tool once, then answers."""

    def bind_tools(self, tools, **kwargs):
        """Take the tools, as chat models do."""
        return self


def main() -> None:
    """Run the agent, and show what the model reads of the tool's result."""
    call = {"name": "search", "args": {"query": QUESTION}, "id": "1"}
    model = ScriptedModel(
        messages=iter([AIMessage("", tool_calls=[call]), AIMessage("Ada Reyes designed it.")])
    )
    middleware = RecompMiddleware(RecompDocumentCompressor(top_k=1))
    agent = create_agent(model, [search], middleware=[middleware])
    found = agent.invoke({"messages": [("user", QUESTION)]})
    result, answer = found["messages"][-2:]
    print(f"the tool returned {len(search(QUESTION)):,} characters; the model reads:")
    print(result.content)
    print("its answer:", answer.content)


if __name__ == "__main__":
    main()
