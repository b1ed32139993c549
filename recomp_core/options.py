"""Options of several commands, said once."""

from __future__ import annotations

from typing import Annotated

import typer

Context = Annotated[
    str | None,
    typer.Option(help="What a sentence is encoded with: sentence, title or document."),
]
Lang = Annotated[
    str | None, typer.Option(help="Language of the documents, e.g. en; default: by script.")
]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, mps …")]
Documents = Annotated[
    int | None, typer.Option(min=1, help="Take only the first documents of each question.")
]
Retriever = Annotated[
    str | None,
    typer.Option(help="Retrieve the documents: module:object of a LangChain or LlamaIndex one."),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens.")]
