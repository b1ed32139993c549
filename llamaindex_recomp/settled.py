"""What the LlamaIndex components have in common: settings that do not change once made."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

from llama_index.core.schema import BaseNode, ImageNode, MetadataMode
from pydantic import BaseModel, field_serializer, field_validator
from typing_extensions import Self

from recomp_core import Document
from recomp_core.integration import LIMITS, with_limits


class SettledComponent(BaseModel):
    """A component that makes its compressor from its fields, once.

    It survives `to_dict` and pickling, and loads the model again from the settings. A `compressor`
    given as an object must be given again.
    """

    @field_validator("compressor", check_fields=False)
    @classmethod
    def _refuse_name(cls, compressor: Any) -> Any:
        if isinstance(compressor, str):
            raise ValueError(
                f"the compressor {compressor} was given as an object and is not among the saved "
                "settings: give it again, from_dict(data, compressor=…)"
            )
        return compressor

    # Its name stands in the saved settings, so that they do not load as those of the default.
    @field_serializer("compressor", check_fields=False)
    def _name_of_compressor(self, compressor: Any) -> str | None:
        return None if compressor is None else type(compressor).__qualname__

    def __setattr__(self, name: str, value: Any) -> None:
        # Not by the model's config: LlamaIndex sets its callback manager on components.
        if name in type(self).model_fields and name != "callback_manager":
            raise ValueError(
                f"{type(self).__name__}.{name} is frozen: make another with {name}={value!r}"
            )
        super().__setattr__(name, value)

    def __getstate__(self) -> dict[str, Any]:
        """The settings; the model is loaded again from them."""
        compressor = getattr(self, "compressor", None)
        try:
            pickle.dumps(compressor)
        except Exception as error:
            raise pickle.PicklingError(
                f"compressor={compressor!r} can't be pickled ({error}): give model= and "
                f"settings instead, or make the {type(self).__name__} where it is used"
            ) from error
        return {name: value for name, value in self if name != "callback_manager"}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002
        """Copy the component with other settings.

        Args:
            update: The settings that change. Limits change on a copy of a `compressor` that was
                given as an object; other settings that describe one need another object.
            deep: Has no effect: settings can't be changed, and a given compressor is shared.

        Returns:
            The copy, checked as a new component is; it loads its model again.

        Raises:
            ValueError: A setting is unknown, can't work, or belongs to the compressor that was
                given as `compressor`.
        """
        changes = dict(update or {})
        settings = {name: getattr(self, name) for name in type(self).model_fields}
        given = settings.get("compressor")
        if given is not None and "compressor" not in changes:
            limits = {name: changes.pop(name) for name in LIMITS if name in changes}
            if any(value is not None for value in limits.values()):
                changes["compressor"] = with_limits(given, **limits)
        return type(self)(**{**settings, **changes})

    def copy(self, *, update: Mapping[str, Any] | None = None, **kwargs: Any) -> Self:  # noqa: ARG002
        """Copy the component, see `model_copy`; pydantic's older name of it."""
        return self.model_copy(update=update)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        # Settings are frozen and models are shared.
        return self.__copy__()


def document_of(node: BaseNode, title_key: str | None) -> Document:
    """A node as a document of the core.

    Args:
        node: The node; its metadata are shared, not copied.
        title_key: The metadata key that holds its title; None for no title.

    Returns:
        A document with the node's text, id and metadata.
    """
    title = node.metadata.get(title_key)
    return Document(
        text_of(node),
        title=title if isinstance(title, str) else None,
        id=node.node_id,
        metadata=node.metadata,
    )


def text_of(node: BaseNode) -> str:
    """A node's text without its metadata, which LlamaIndex puts before it again for the LLM.

    Args:
        node: Any node.

    Returns:
        The bare text.
    """
    text: str = node.get_content(metadata_mode=MetadataMode.NONE)
    return text


def is_text_alone(node: BaseNode) -> bool:
    """Whether a node holds neither an image nor audio nor video.

    Args:
        node: Any node.

    Returns:
        True for a node that can be compressed.
    """
    media = ("image_resource", "audio_resource", "video_resource")
    return not isinstance(node, ImageNode) and not any(
        getattr(node, name, None) is not None for name in media
    )
