"""A small invented pipeline, and what a scan of it must answer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pipeline:
    """`channels`: who is called from outside; `models`: names that must be told; `sites`: places that must be evidence."""

    name: str
    files: dict[str, str]
    channels: str = ""
    models: str = ""
    sites: str = ""
