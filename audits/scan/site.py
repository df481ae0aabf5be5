"""A place in Python code where a model is asked."""

import ast
from dataclasses import dataclass, field

from audits.scan.modules import Module, Scope
from audits.scan.values import Place, Worth


@dataclass(slots=True)
class Site:
    """One call that reaches a model.

    `served_by`: the channel of the SDK unless `address` says otherwise; "model": told by the model's prefix; "": nobody by
    itself. `unused`: why it is possible only.
    """

    module: Module
    node: ast.Call
    scope: Scope
    sdk: str
    served_by: str
    models: Worth
    address: Worth = field(default_factory=Worth)
    purpose: str = ""
    places: list[Place] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    confidence: float = 0.9
    unused: str = ""
