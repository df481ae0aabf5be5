"""The graph in published formats: CycloneDX ML-BOM, SPDX 3, OpenLineage and PROV-JSON; each a pure function of graph and time."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from audits.graph.exports import cyclonedx, openlineage, prov_json, spdx3
from audits.graph.model import Graph


@dataclass(frozen=True)
class Export:
    """One format. `write` gives the JSON document for a graph, as made at a time."""

    title: str
    filename: str
    write: Callable[[Graph, dt.datetime], Any]


EXPORTS: Final[Mapping[str, Export]] = {
    "cyclonedx": Export("CycloneDX 1.6 ML-BOM", "graph.cdx.json", cyclonedx.write),
    "spdx3": Export("SPDX 3.0.1", "graph.spdx3.json", spdx3.write),
    "openlineage": Export("OpenLineage", "graph.openlineage.json", openlineage.write),
    "prov": Export("PROV-JSON", "graph.prov.json", prov_json.write),
}
