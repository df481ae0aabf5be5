"""Which base models the tree trains further."""

import ast
import re
from collections.abc import Iterator

from audits.scan.configs import Settings, is_model_name
from audits.scan.following import Program
from audits.scan.judging import setting_evidence
from audits.scan.modules import Module
from audits.scan.result import Evidence
from audits.scan.surroundings import evidence
from audits.scan.tables import STUDENT_LOADERS, TRAINERS
from audits.scan.values import Place, argument

_TRAINS = re.compile(r"train|finetun|fine_tun|sft|dpo|lora", re.IGNORECASE)


def students(program: Program, settings: Settings) -> Iterator[tuple[str, list[Evidence]]]:
    """(base model, places): weights loaded in code that trains, models given to trainers, bases of training configurations."""
    for module in program.modules:
        if not module.is_test:
            yield from _of_module(program, module)
    for setting in settings.students:
        yield setting.value, [setting_evidence(setting)]


def _of_module(program: Program, module: Module) -> Iterator[tuple[str, list[Evidence]]]:
    trains = bool(TRAINERS & {name.rpartition(".")[2] for name in module.names.values()}) or bool(
        _TRAINS.search(module.path)
    )
    for call, scope in module.calls:
        given = _base_of(call, module) if trains else None
        if given is not None:
            for value in program.worth(given, module, scope).values:
                if (
                    is_model_name(value.text)
                    and "{}" not in value.text
                    and "/" in value.text
                    and not value.text.startswith((".", "/"))
                ):
                    yield value.text, [evidence(Place(module, call)), *(evidence(place) for place in value.places)]


def _base_of(call: ast.Call, module: Module) -> ast.expr | None:
    names = module.meaning(call.func).split(".")
    if names[-1] == "from_pretrained" and len(names) > 1 and names[-2] in STUDENT_LOADERS:
        return argument(call, "pretrained_model_name_or_path", 0) or argument(call, "model_name", -1)
    if names[-1] in TRAINERS:
        return argument(call, "model", -1) or argument(call, "model_name", -1)
    return None
