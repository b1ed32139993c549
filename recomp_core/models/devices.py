"""Devices that torch computes on: what a name stands for, and whether it is here."""

from __future__ import annotations


def check_device(device: str | None) -> None:
    """Check that torch can compute on a device, before a model is loaded onto it.

    Args:
        device: Such as "cpu", "cuda", "cuda:1" or "mps"; None for whatever there is.

    Raises:
        ValueError: No device has that name, or it is not on this machine.
    """
    if device is None:
        return
    import torch

    try:
        wanted = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"there is no device {device!r}: give cpu, cuda, cuda:0, mps or another of torch's"
        ) from error
    if wanted.type == "cpu":
        return
    there = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if there is None or there.type != wanted.type:
        raise ValueError(
            f"device={device!r} is not here: torch {torch.__version__} finds "
            f"{'no accelerator' if there is None else there.type}; give "
            f"{'cpu' if there is None else f'cpu or {there.type}'}"
        )
    count = torch.accelerator.device_count()
    if wanted.index is not None and wanted.index >= count:
        raise ValueError(
            f"device={device!r} is not here: the last one is {wanted.type}:{count - 1}"
        )
