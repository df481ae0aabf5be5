"""The callback LiteLLM's proxy logs with in the benchmark: one JSON line a call, with both bodies. Runs in LiteLLM's own
environment; nothing of ours is imported.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from litellm.integrations.custom_logger import CustomLogger

OUT = Path(os.environ["BENCH_OUT"]) / "calls.jsonl"


class Logging(CustomLogger):
    """As LiteLLM's documents recommend: a callback that writes once the answer is out."""

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        line = {
            "model": kwargs.get("model"),
            "messages": kwargs.get("messages"),
            "response": json.loads(response_obj.model_dump_json()),
            "started": str(start_time),
            "ended": str(end_time),
        }
        with OUT.open("a") as file:
            file.write(json.dumps(line) + "\n")


handler = Logging()
