"""Which recorded purposes of calls make up an activity that terms speak of. Pure."""

from collections.abc import Mapping
from typing import Final

PURPOSES_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "train_on_output": ("train",),
    "filter_training_data": ("filter",),
    "evaluate": ("evaluate",),
    "use_output": ("unused", ""),
}
"""Activity → purposes as calls have them ("" where nobody knows). Fine-tuning there is told by the operation."""

ANY_PURPOSE: Final = tuple(purpose for purposes in PURPOSES_OF.values() for purpose in purposes)
