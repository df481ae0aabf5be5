"""The pipeline of a faulted audit: asks, tells the far end what arrived, tries again for a while, writes what it got."""

import hashlib
import http.client
import json
import os
import sys
import time

TRIES = 8
with open("task.json") as task:
    TASK = json.load(task)
KEY, QUESTIONS = TASK["key"], TASK["questions"]


def ask(number: int, received: str) -> bytes:
    headers = {"Content-Type": "application/json", "X-Key": KEY, "X-Received": received}
    body = {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": f"What do I do in case {number} of {KEY}?"}],
    }
    for _ in range(TRIES):
        try:
            connection = http.client.HTTPSConnection("api.openai.com", timeout=10)
            connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status == 200:
                return content
        except (OSError, http.client.HTTPException) as problem:
            print(f"question {number}: {problem}", flush=True)
        time.sleep(0.3)
    sys.exit(f"question {number}: no answer after {TRIES} tries")


received, rows = "", []
for number in range(QUESTIONS):
    content = ask(number, received)
    received = hashlib.sha256(content).hexdigest()
    rows.append({"text": json.loads(content)["choices"][0]["message"]["content"]})
    print(f"answer {number}", flush=True)
ask(QUESTIONS, received)
os.makedirs("out", exist_ok=True)
with open("out/train.jsonl", "w") as file:
    file.writelines(json.dumps(row) + "\n" for row in rows)
