"""What readers give: usage records, and the reason where a line is none. PURE."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

Kind = Literal["call", "usage", "cost"]


class Unreadable(ValueError):
    """A line that can't be read; the message is the reason shown to people, and names the field."""


class UsageRecord(NamedTuple):
    """One call that a log tells of ("call"), or calls ("usage") or money ("cost") of a period that an export sums up.

    `id` is the source's own, unique in the log; "" when it gives none. `channel` is who served it, in the source's words.
    `input_tokens` includes cached ones, `output_tokens` reasoning ones (OpenTelemetry's meaning); None: not said.
    `calls` None: the source does not say how many. `cost` is in units of `currency` (ISO 4217). `response_id` is the id that
    the provider gave the answer, `request_id` the one that it gave the request, in a header; `position` is the place of
    the call among those of one exchange, from 0.
    """

    at: datetime
    id: str = ""
    kind: Kind = "call"
    until: datetime | None = None
    channel: str = ""
    host: str = ""
    model: str = ""
    response_model: str = ""
    operation: str = ""
    calls: int | None = 1
    failed: bool = False
    status: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: Decimal | None = None
    currency: str = ""
    account: str = ""
    person: str = ""
    key: str = ""
    prompt: str = ""
    output: str = ""
    response_id: str = ""
    request_id: str = ""
    position: int = 0


Fields = Mapping[str, Any]
# Records of one value of a file; none when it is no use of a model. Where a value holds several, one that can't be read stands
# among the others as the reason, so that it takes none of them with it. Raises Unreadable for the value as a whole.
Reader = Callable[[Fields], Iterable[UsageRecord | Unreadable]]
