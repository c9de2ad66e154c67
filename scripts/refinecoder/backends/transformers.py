"""Backend ``transformers``: a causal language model in this process.

Sampling is by Gumbel noise keyed by (request's seed, step), and batches are a
function of the whole requests file, so an answer does not depend on shards,
on their order or on the number of cores.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from refinecoder.batch import respond
from refinecoder.digest import file_digest
from refinecoder.manifest import fingerprint
from refinecoder.records import BadInput, Record

MIN_ROWS = 8
_KNOWN = {"messages", "prompt", "model", "temperature", "top_p", "max_tokens", "seed", "stop"}
_GOLDEN, _MIX1, _MIX2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def _signed(value: int) -> int:
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def _mix(x: torch.Tensor) -> torch.Tensor:
    """Finalizer of SplitMix64 (Steele et al. 2014) on int64 tensors."""
    x = (x ^ ((x >> 30) & ((1 << 34) - 1))) * _signed(_MIX1)
    x = (x ^ ((x >> 27) & ((1 << 37) - 1))) * _signed(_MIX2)
    return x ^ ((x >> 31) & ((1 << 33) - 1))


def gumbel_noise(seeds: torch.Tensor, step: int, size: int) -> torch.Tensor:
    """Standard Gumbel noise of shape (rows, size), a function of (seed, step, token).

    ``seeds``: int64 of shape (rows,).
    """
    keys = _mix(_mix(seeds) + _signed(step * _GOLDEN))[:, None]
    tokens = torch.arange(1, size + 1, device=seeds.device) * _signed(_GOLDEN)
    bits = (_mix(keys + tokens) >> 11) & ((1 << 53) - 1)
    uniform = (bits.double() + 0.5) * 2.0**-53
    return -torch.log(-torch.log(uniform)).float()


def _keep_nucleus(logits: torch.Tensor, top_p: torch.Tensor) -> torch.Tensor:
    ordered, order = logits.sort(dim=-1, descending=True)
    probabilities = ordered.softmax(-1)
    outside = probabilities.cumsum(-1) - probabilities >= top_p[:, None]
    return logits.masked_fill(outside.scatter(-1, order, outside), -torch.inf)


class _Rows:
    """Sampling settings of a batch's rows as tensors; the forward pass may have more rows."""

    def __init__(self, bodies: Sequence[Mapping[str, Any]], device: torch.device) -> None:
        self.temperature = torch.tensor([float(body.get("temperature", 0.0)) for body in bodies], device=device)
        self.top_p = torch.tensor([float(body.get("top_p", 1.0)) for body in bodies], device=device)
        self.seeds = torch.tensor([int(body.get("seed", 0)) for body in bodies], device=device)

    def choose(self, rows: torch.Tensor, logits: torch.Tensor, step: int) -> torch.Tensor:
        """The next token of each row."""
        temperature, top_p = self.temperature[rows], self.top_p[rows]
        greedy = temperature == 0
        if bool(greedy.all()):
            return logits.argmax(-1)
        scaled = logits.float() / torch.where(greedy, 1.0, temperature)[:, None]
        if bool((top_p < 1).any()):
            scaled = _keep_nucleus(scaled, top_p)
        noise = gumbel_noise(self.seeds[rows], step, logits.shape[-1])
        return (scaled + torch.where(greedy[:, None], 0.0, noise)).argmax(-1)


def _end_tokens(model: Any, tokenizer: Any) -> set[int]:
    ends = model.generation_config.eos_token_id
    known = set(ends) if isinstance(ends, list) else {ends}
    return (known | {tokenizer.eos_token_id}) - {None}


def _from_pretrained(kind: Any, name: str, **options: Any) -> Any:
    try:
        return kind.from_pretrained(name, **options)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"model {name}: cannot be loaded ({reason}); name a folder or a model of the hub") from None


def _stops(body: Mapping[str, Any]) -> list[str]:
    stops = body.get("stop") or []
    return [stops] if isinstance(stops, str) else stops


def _cut(text: str, stops: Sequence[str]) -> str:
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return text[: min(places)] if places else text


def _commit(
    rows: Sequence[int],
    tokens: Sequence[int],
    answers: list[list[int]],
    reasons: list[str | None],
    bodies: Sequence[Mapping[str, Any]],
    ends: set[int],
    tokenizer: Any,
) -> None:
    """Append each row's token to its answer, or end it. Rows may repeat; the first counts."""
    for row, token in dict(zip(reversed(rows), reversed(tokens), strict=True)).items():
        if reasons[row] is not None:
            continue
        if token in ends:
            reasons[row] = "stop"
            continue
        answers[row].append(token)
        if stops := _stops(bodies[row]):
            text = tokenizer.decode(answers[row], skip_special_tokens=True)
            if any(stop in text for stop in stops):
                reasons[row] = "stop"
        if len(answers[row]) >= bodies[row]["max_tokens"] and reasons[row] is None:
            reasons[row] = "length"


class TransformersBackend:
    """Answers with a model of the hub or of a folder; a request may name its own.

    ``model``: the default; ``options``: ``max_rows`` (of a forward pass),
    ``dtype``.
    """

    def __init__(self, model: str | None, options: Mapping[str, Any]) -> None:
        self._default = model
        self._max_rows = max(MIN_ROWS, int(options.get("max_rows", 448)))
        self._dtype = getattr(torch, options.get("dtype", "float32"))
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._models: dict[str, Any] = {}
        self._tokenizers: dict[str, Any] = {}
        self._encoded: dict[tuple[str, str], list[int]] = {}
        self._identities: dict[str, str] = {}
        self._settings = json.dumps([self._max_rows, str(self._dtype), file_digest(__name__)])

    def identify(self, request: Record) -> str:
        """The model's fingerprint and the settings that its answers depend on."""
        model = self._model_of(request)
        if model not in self._identities:
            self._identities[model] = f"{fingerprint(model)} {self._settings}"
        return self._identities[model]

    def batches(self, requests: Sequence[Record]) -> list[list[Record]]:
        """Requests to one model whose prompts have one exact length, in the file's order."""
        groups: dict[tuple[str, int], list[Record]] = {}
        for request in requests:
            groups.setdefault((self._model_of(request), len(self._encode(request))), []).append(request)
        return [
            group[start : start + self._max_rows]
            for _, group in sorted(groups.items(), key=lambda item: item[0])
            for start in range(0, len(group), self._max_rows)
        ]

    def complete(self, batch: Sequence[Record]) -> Iterator[Record]:
        """Answer a batch of :meth:`batches` in one go."""
        for request in batch:
            unknown = set(request["body"]) - _KNOWN
            if unknown:
                raise BadInput(
                    f"request {request['custom_id']}: the transformers backend has no '{min(unknown)}'; leave it out"
                )
        prompts = [self._encode(request) for request in batch]
        outputs = self._generate(prompts, [request["body"] for request in batch], self._model_of(batch[0]))
        tokenizer = self._tokenizer(self._model_of(batch[0]))
        for request, prompt, (ids, finish_reason) in zip(batch, prompts, outputs, strict=True):
            text = _cut(tokenizer.decode(ids, skip_special_tokens=True), _stops(request["body"]))
            yield respond(request, text, finish_reason, (len(prompt), len(ids)))

    def _model_of(self, request: Record) -> str:
        model = request["body"].get("model", self._default)
        if model is None:
            raise BadInput(f"request {request['custom_id']} names no model, and --model was not given")
        return model

    def _tokenizer(self, name: str) -> Any:
        if name not in self._tokenizers:
            self._tokenizers[name] = _from_pretrained(AutoTokenizer, name)
        return self._tokenizers[name]

    def _model(self, name: str) -> Any:
        if name not in self._models:
            model = _from_pretrained(AutoModelForCausalLM, name, dtype=self._dtype)
            self._models = {name: model.to(self._device).eval()}
        return self._models[name]

    def _encode(self, request: Record) -> list[int]:
        model, body = self._model_of(request), request["body"]
        key = (model, json.dumps(body.get("messages", body.get("prompt"))))
        if key not in self._encoded:
            tokenizer = self._tokenizer(model)
            self._encoded[key] = (
                tokenizer.apply_chat_template(body["messages"], add_generation_prompt=True)["input_ids"]
                if "messages" in body
                else tokenizer(body["prompt"])["input_ids"]
            )
        return self._encoded[key]

    @torch.inference_mode()
    def _generate(
        self, prompts: Sequence[list[int]], bodies: Sequence[Mapping[str, Any]], name: str
    ) -> list[tuple[list[int], str]]:
        """Token ids and finish reason of each row. Equal prompts are read once."""
        model, tokenizer = self._model(name), self._tokenizer(name)
        settings = _Rows(bodies, self._device)
        distinct = {tuple(prompt): None for prompt in prompts}
        position = {prompt: row for row, prompt in enumerate(distinct)}
        ids = [list(prompt) for prompt in distinct]
        ids += [ids[-1]] * (MIN_ROWS - len(ids))
        cache = DynamicCache(config=model.config)
        logits = model(
            input_ids=torch.tensor(ids, device=self._device), past_key_values=cache, logits_to_keep=1
        ).logits[:, -1]
        rows = list(range(len(prompts))) + [len(prompts) - 1] * (MIN_ROWS - len(prompts))
        source = torch.tensor([position[tuple(prompts[row])] for row in rows], device=self._device)
        cache.batch_select_indices(source)
        logits = logits[source]
        answers: list[list[int]] = [[] for _ in prompts]
        reasons: list[str | None] = [None] * len(prompts)
        index = torch.tensor(rows, device=self._device)
        ends = _end_tokens(model, tokenizer)
        step = 0
        while True:
            tokens = settings.choose(index, logits, step)
            _commit(index.tolist(), tokens.tolist(), answers, reasons, bodies, ends, tokenizer)
            alive = [place for place, row in enumerate(index.tolist()) if reasons[row] is None]
            if not alive:
                return [(answer, reason or "stop") for answer, reason in zip(answers, reasons, strict=True)]
            kept = alive + [alive[-1]] * (MIN_ROWS - len(alive))
            if len(kept) <= len(index) * 7 // 8:
                chosen = torch.tensor(kept, device=self._device)
                cache.batch_select_indices(chosen)
                index, tokens = index[chosen], tokens[chosen]
            logits = model(input_ids=tokens[:, None], past_key_values=cache).logits[:, -1]
            step += 1
