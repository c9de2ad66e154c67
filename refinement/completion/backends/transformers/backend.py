"""A causal language model in this process, and the backend that samples from it.

The noise of a sampled token is a function of the request's seed and the
token's place, and batches are a function of the whole requests file. So an
answer depends neither on shards, nor on their order or the number of cores.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from refinement.completion.backends.transformers import MIN_ROWS, OPTIONS
from refinement.completion.engine import Answered
from refinement.completion.options import with_defaults
from refinement.completion.requests import respond
from refinement.records.digest import file_digest
from refinement.records.errors import BadInput
from refinement.records.manifest import fingerprint
from refinement.records.record_types import Record

# Prompts whose lengths differ by fewer tokens share a batch: full batches are worth a little padding.
SPREAD = 16
# Keys of a request's body that are understood here.
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


def uniform_noise(seeds: torch.Tensor, step: int) -> torch.Tensor:
    """A number in (0, 1) for each row, by its seed and the number of the token.

    ``seeds``: int64 of shape (rows,). Returns float64 of the same shape.
    """
    bits = (_mix(_mix(seeds) + _signed(step * _GOLDEN)) >> 11) & ((1 << 53) - 1)
    return (bits.double() + 0.5) * 2.0**-53


def draw(logits: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """Tokens drawn from the softmax of ``logits`` by inversion of its distribution function.

    ``logits``: shape (rows, vocabulary); ``uniform``: shape (rows,), in (0, 1).
    Returns token ids of shape (rows,). Inversion needs one random number a
    row; Gumbel noise needs one a token of the vocabulary, which took as long as
    the model itself. Double precision keeps rare tokens their share.
    """
    reached = logits.double().softmax(-1).cumsum(-1)
    places = torch.searchsorted(reached, (uniform * reached[:, -1])[:, None])
    return places[:, 0].clamp(max=logits.shape[-1] - 1)


def _keep_nucleus(logits: torch.Tensor, top_p: torch.Tensor) -> torch.Tensor:
    ordered, order = logits.sort(dim=-1, descending=True)
    probabilities = ordered.softmax(-1)
    outside = probabilities.cumsum(-1) - probabilities >= top_p[:, None]
    return logits.masked_fill(outside.scatter(-1, order, outside), -torch.inf)


class _Rows:
    """Sampling settings of a batch, each a tensor of shape (requests,)."""

    def __init__(self, bodies: Sequence[Mapping[str, Any]], device: torch.device) -> None:
        self.temperature = torch.tensor([float(body.get("temperature", 0.0)) for body in bodies], device=device)
        self.top_p = torch.tensor([float(body.get("top_p", 1.0)) for body in bodies], device=device)
        self.seeds = torch.tensor([int(body.get("seed", 0)) for body in bodies], device=device)

    def choose(self, rows: torch.Tensor, logits: torch.Tensor, step: int) -> torch.Tensor:
        """The next token of each row of a forward pass.

        ``rows``: the request that each row belongs to, shape (rows,); ``logits``: shape (rows, vocabulary).
        """
        temperature, top_p = self.temperature[rows], self.top_p[rows]
        greedy = temperature == 0
        if bool(greedy.all()):
            return logits.argmax(-1)
        scaled = logits.float() / torch.where(greedy, 1.0, temperature)[:, None]
        if bool((top_p < 1).any()):
            scaled = _keep_nucleus(scaled, top_p)
        drawn = draw(scaled, uniform_noise(self.seeds[rows], step))
        return torch.where(greedy, logits.argmax(-1), drawn)


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


def _pad_left(prompts: Sequence[Sequence[int]], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, both of shape (prompts, longest); short prompts are filled up in front."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts], device=device)
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=device)
    return ids, mask


def _commit(
    rows: Sequence[int],
    tokens: Sequence[int],
    answers: list[list[int]],
    reasons: list[str | None],
    bodies: Sequence[Mapping[str, Any]],
    ends: set[int],
    tokenizer: Any,
) -> None:
    """Append each row's token to its request's answer, or end the answer.

    ``rows``: the request that each row belongs to; where two rows have the same, the first counts.
    """
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
    """Samples from models of the hub or of folders, on a GPU where there is one.

    ``model``: for requests that name none; ``options``: those of the backend.
    """

    def __init__(self, model: str | None, options: Mapping[str, Any]) -> None:
        self._default = model
        settings = with_defaults(OPTIONS, options)
        self._max_rows, self._dtype = settings["max_rows"], getattr(torch, settings["dtype"])
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._models: dict[str, Any] = {}
        self._tokenizers: dict[str, Any] = {}
        self._encoded: dict[tuple[str, str], list[int]] = {}
        self._identities: dict[str, str] = {}
        self._settings = json.dumps([MIN_ROWS, self._max_rows, str(self._dtype), file_digest(__name__)])

    def identify(self, request: Record) -> str:
        """The model's fingerprint, with the settings and the code that its answers depend on."""
        model = self._model_of(request)
        if model not in self._identities:
            self._identities[model] = f"{fingerprint(model)} {self._settings}"
        return self._identities[model]

    def batches(self, requests: Iterable[Record], part: int, parts: int) -> list[list[Record]]:
        """Batches of requests to one model whose prompts are of nearly the same length.

        Shorter prompts come first; those of equal length keep the file's order.
        """
        groups: dict[str, list[Record]] = {}
        for request in requests:
            groups.setdefault(self._model_of(request), []).append(request)
        batches: list[list[Record]] = []
        for _, group in sorted(groups.items()):
            group.sort(key=lambda request: len(self._encode(request)))
            shortest = -SPREAD
            for request in group:
                length = len(self._encode(request))
                if length >= shortest + SPREAD or len(batches[-1]) >= self._max_rows:
                    batches.append([])
                    shortest = length
                batches[-1].append(request)
        return batches[part - 1 :: parts]

    def complete(self, batch: Iterable[Record]) -> Iterator[list[Answered]]:
        """Answers to a batch of :meth:`batches`, as one group."""
        if requests := list(batch):
            yield self._answer(requests)

    def close(self) -> None:
        """Nothing to do: the models end with the process."""

    def _answer(self, batch: Sequence[Record]) -> list[Answered]:
        for request in batch:
            unknown = set(request["body"]) - _KNOWN
            if unknown:
                raise BadInput(
                    f"request {request['custom_id']}: the transformers backend has no '{min(unknown)}'; leave it out"
                )
        prompts = [self._encode(request) for request in batch]
        outputs = self._generate(prompts, [request["body"] for request in batch], self._model_of(batch[0]))
        tokenizer = self._tokenizer(self._model_of(batch[0]))
        answered = []
        for request, prompt, (ids, finish_reason) in zip(batch, prompts, outputs, strict=True):
            text = _cut(tokenizer.decode(ids, skip_special_tokens=True), _stops(request["body"]))
            answered.append((request, respond(request, text, finish_reason, (len(prompt), len(ids)))))
        return answered

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
        """Token ids and finish reason of the answer to each prompt. The model reads equal prompts once.

        A pass has a row for each answer that is not finished; rows of finished ones are dropped, an eighth at a time.
        """
        model, tokenizer = self._model(name), self._tokenizer(name)
        settings = _Rows(bodies, self._device)
        distinct = {tuple(prompt): None for prompt in prompts}
        position = {prompt: row for row, prompt in enumerate(distinct)}
        ids = [list(prompt) for prompt in distinct]
        ids += [ids[-1]] * (MIN_ROWS - len(ids))
        ids, mask = _pad_left(ids, self._device)
        cache = DynamicCache(config=model.config)
        logits = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=(mask.cumsum(-1) - 1).clamp(min=0),
            past_key_values=cache,
            logits_to_keep=1,
        ).logits[:, -1]
        rows = list(range(len(prompts))) + [len(prompts) - 1] * (MIN_ROWS - len(prompts))
        source = torch.tensor([position[tuple(prompts[row])] for row in rows], device=self._device)
        cache.batch_select_indices(source)
        logits, mask = logits[source], mask[source]
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
                index, tokens, mask = index[chosen], tokens[chosen], mask[chosen]
            mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
            logits = model(
                input_ids=tokens[:, None],
                attention_mask=mask,
                position_ids=mask.sum(-1, keepdim=True) - 1,
                past_key_values=cache,
            ).logits[:, -1]
            step += 1
