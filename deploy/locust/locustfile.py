"""Spillway under Locust's users: the same lanes, tenants and measures as `spillway load`.

    pip install locust
    SPILLWAY_KEY_VIP=... SPILLWAY_KEY_STANDARD=... SPILLWAY_KEY_BATCH=... \
      locust -f deploy/locust/locustfile.py --host http://127.0.0.1:4000

Locust's users wait for each answer before they ask again: a closed load, which slows down with the far side. To see what
an overload does, use `spillway load` (docs/load.md). Locust itself measures until a request is `accepted`; each lane has rows
of its own for the `first token`, `per token`, the `whole answer`, and for an honest no: `shed` (503) and `limited` (429).
"""

import json
import os
import random
import time

from locust import HttpUser, between, constant_pacing, events, task

MODEL = os.environ.get("SPILLWAY_MODEL", "chat")
TENANTS = int(os.environ.get("SPILLWAY_TENANTS", "40"))
PROMPT_TOKENS = int(os.environ.get("SPILLWAY_PROMPT_TOKENS", "490"))
ANSWER_TOKENS = int(os.environ.get("SPILLWAY_ANSWER_TOKENS", "280"))
ANSWER_TOKENS_MAX = 7 * ANSWER_TOKENS
ANSWER_SECONDS_MAX = 300
WORD = "the "  # a token, in most tokenizers


class ChatUser(HttpUser):
    """One user of one tenant who asks, reads the stream to its end, thinks, and asks again."""

    abstract = True
    lane = ""
    first_token_seconds = 10.0  # what the lane expects, and tells Spillway

    def on_start(self):
        # The busiest tenant asks as often as the second and third together (Zipf).
        weights = [1 / (number + 1) for number in range(TENANTS)]
        self.tenant = random.choices(range(TENANTS), weights)[0]
        key = os.environ.get(f"SPILLWAY_KEY_{self.lane.upper()}")
        self.headers = {"x-spillway-deadline-ms": str(int(self.first_token_seconds * 1000))}
        if key:
            self.headers["authorization"] = "Bearer " + key.replace("{tenant}", str(self.tenant))

    @task
    def ask(self):
        answer_tokens = max(1, min(ANSWER_TOKENS_MAX, round(random.expovariate(1 / ANSWER_TOKENS))))
        question = f"Question {random.getrandbits(32)}: answer with {answer_tokens} tokens. "
        body = {
            "model": MODEL,
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": ANSWER_TOKENS_MAX,
            "user": f"tenant-{self.tenant}",
            "messages": [{"role": "user", "content": question + WORD * PROMPT_TOKENS}],
        }
        started = time.perf_counter()
        with self.client.post(
            "/v1/chat/completions",
            json=body,
            headers=self.headers,
            name=f"{self.lane}: accepted",
            stream=True,
            catch_response=True,
            timeout=ANSWER_SECONDS_MAX,
        ) as response:
            if response.status_code in (429, 503, 529):
                self.tell("limited" if response.status_code == 429 else "shed", started)
                response.failure(f"{response.status_code}")
                return
            if response.status_code != 200:
                response.failure(f"{response.status_code}: {response.text[:200]}")
                return
            self.read(response, started)

    def read(self, response, started):
        """Content is progress; roles, usage and keep-alives are not."""
        first = None
        tokens = 0
        finished = False
        for line in response.iter_lines():
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip()
            if data == b"[DONE]":
                finished = True
                continue
            event = json.loads(data)
            if "error" in event:
                response.failure(str(event["error"])[:200])
                return
            tokens = (event.get("usage") or {}).get("completion_tokens", tokens)
            if first is None and has_content(event):
                first = time.perf_counter()
                self.tell("first token", started)
        if first is None or not finished:
            response.failure("the answer broke off")
            return
        if tokens > 1:
            seconds = (time.perf_counter() - first) / (tokens - 1)
            self.fire("per token", seconds)
        self.tell("whole answer", started)
        response.success()

    def tell(self, what, started):
        self.fire(what, time.perf_counter() - started)

    def fire(self, what, seconds):
        events.request.fire(
            request_type="chat",
            name=f"{self.lane}: {what}",
            response_time=seconds * 1000,
            response_length=0,
            exception=None,
            context={"tenant": self.tenant},
        )


def has_content(event):
    for choice in event.get("choices", []):
        delta = choice.get("delta") or {}
        if delta.get("content") or delta.get("reasoning_content") or delta.get("reasoning") or delta.get("tool_calls"):
            return True
    return False


class Vip(ChatUser):
    lane = "vip"
    weight = 5
    first_token_seconds = 1.5
    wait_time = between(1, 3)


class Standard(ChatUser):
    lane = "standard"
    weight = 70
    first_token_seconds = 4.0
    wait_time = between(1, 3)


class Batch(ChatUser):
    lane = "batch"
    weight = 25
    first_token_seconds = 10.0
    wait_time = constant_pacing(1)
