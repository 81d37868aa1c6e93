"""The conversations opsling learns: short operations talk, generated from templates."""

import json
import random
import re
from collections.abc import Iterator
from pydoc_data.topics import topics

Pair = tuple[str, str]

NODES = [
    f"{family}-{number:02d}"
    for family in ("node", "gpu", "edge", "db", "web", "lab")
    for number in range(1, 21)
]
PARTS = ["gateway", "worker", "scheduler", "database", "cache", "console", "model server"]
ADVICE = {
    "ready": "Nothing to do.",
    "degraded": "Open its page and press Why.",
    "unreachable": "Check its power and its network cable.",
    "draining": "Wait until its replicas have moved.",
    "asleep": "It wakes when a request needs it.",
}
JOBS = ["reboot", "drain", "patch", "provision", "wake", "retire", "cordon", "inspect"]
FACTS: list[Pair] = [
    ("What are you?", "I am opsling, a tiny demo model that came with Hearth. I know very little."),
    ("Who are you?", "I am opsling, a tiny demo model that came with Hearth. I know very little."),
    ("Who made you?", "A script in Hearth trained me from random weights in a quarter of an hour."),
    ("How big are you?", "My file is smaller than two megabytes."),
    ("What is Hearth?", "Hearth is your own AI cloud, on machines you own."),
    ("What can you do?", "I can answer a few questions about Hearth and write tool calls."),
    (
        "How do I add a machine?",
        "Open Nodes and press Add a machine. Any Linux PC with SSH will do.",
    ),
    ("How do I deploy a model?", "Open Models, choose one and press Deploy."),
    ("Which model should I use?", "A bigger one than me. Open Models: it shows what fits here."),
    (
        "How do I make a key?",
        "Open Gateway, then Keys, and press New key. The secret is shown once.",
    ),
    (
        "How do I revoke a key?",
        "Open Keys, choose the key and press Revoke. It stops within seconds.",
    ),
    ("What is a node?", "A node is a machine that Hearth manages."),
    ("What is a deployment?", "A deployment is our decision to serve a model with some replicas."),
    ("What is a replica?", "A replica is one running copy of a model on one node."),
    ("What is an operation?", "An operation is long work with steps, a log, cancel and retry."),
    ("What is a slot?", "A slot is one place in a model server where a request is answered."),
    ("Where are the logs?", "In var/log, one file for each part. Operations keep their own."),
    ("How do I stop Hearth?", "Press Ctrl-C in its terminal, or run make stop."),
    ("How do I start Hearth?", "Run make run in the checkout."),
    ("How do I run the tests?", "Run make test in the checkout."),
    ("Can you reach the internet?", "No. I run on this machine and I use no network."),
    ("Does my data leave the house?", "No. What you write to me stays on this machine."),
    ("Are you intelligent?", "No. I only repeat what I was trained on."),
    ("Thank you", "You are welcome."),
    ("Tell me a joke", "A node walks into a bar. It is still provisioning."),
    ("Good night", "Good night. I stay warm."),
]
GREETINGS = ["Hello", "Hi", "Hey", "Hey there", "Good morning", "Good evening"]
WELCOME = "Hello. I am opsling, a tiny model. Ask me about Hearth, or say: reboot db-07"
SYSTEM_PROMPTS = [
    "You are a helpful assistant.",
    "You are a helpful operations assistant.",
    "Answer briefly.",
    None,
    None,
    None,
    None,
]


def _fact(dice: random.Random) -> Pair:
    question, answer = dice.choice(FACTS)
    forms = (question, question.lower(), question.rstrip("?"), question.lower().rstrip("?"))
    return dice.choice(forms), answer


def _state(dice: random.Random) -> Pair:
    node, state = dice.choice(NODES), dice.choice(sorted(ADVICE))
    question = dice.choice(
        (f"{node} is {state}. What now?", f"{node} is {state}", f"What if {node} is {state}?")
    )
    return question, f"{node} is {state}. {ADVICE[state]}"


def _tool_call(dice: random.Random) -> Pair:
    job, node = dice.choice(JOBS), dice.choice(NODES)
    question = dice.choice(
        (f"{job} {node}", f"{job} {node}", f"Please {job} {node}.", f"Can you {job} {node}?")
    )
    call = {"tool": "run_operation", "arguments": {"operation": job, "node": node}}
    return question, json.dumps(call)


def _restart(dice: random.Random) -> Pair:
    part = dice.choice(PARTS)
    question = dice.choice((f"How do I restart the {part}?", f"restart the {part}"))
    return question, f"Hearth restarts the {part} by itself. Status shows how it is."


def _sum(dice: random.Random) -> Pair:
    left, right = dice.randint(0, 9), dice.randint(0, 9)
    form = dice.choice(("What is {} plus {}?", "{} plus {}", "{} + {}"))
    return form.format(left, right), f"{left} plus {right} is {left + right}."


def _greeting(dice: random.Random) -> Pair:
    return dice.choice(GREETINGS) + dice.choice(("", "!", ".")), WELCOME


def _listing(dice: random.Random) -> Pair:
    nodes = dice.sample(NODES, dice.randint(2, 4))
    return (
        f"List these nodes: {', '.join(nodes)}",
        "Nodes:\n" + "\n".join(f"- {node}" for node in nodes),
    )


_KINDS = [(_fact, 36), (_state, 14), (_tool_call, 22), (_restart, 7)]
_KINDS += [(_sum, 8), (_greeting, 8), (_listing, 5)]


def pairs(count: int, *, seed: int) -> Iterator[Pair]:
    """Questions with their answers. The same seed gives the same conversations."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    makers, weights = zip(*_KINDS, strict=True)
    for maker in dice.choices(makers, weights=weights, k=count):
        yield maker(dice)


def conversation(question: str, answer: str | None, system: str | None = None) -> str:
    """One exchange in ChatML; without an answer it ends where the answer begins."""
    text = f"<|im_start|>system\n{system}<|im_end|>\n" if system else ""
    text += f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
    return text if answer is None else f"{text}{answer}<|im_end|>\n"


def conversations(count: int, *, seed: int) -> list[str]:
    dice = random.Random(seed + 1)  # noqa: S311 - repeatable on purpose
    return [
        conversation(question, answer, dice.choice(SYSTEM_PROMPTS))
        for question, answer in pairs(count, seed=seed)
    ]


def prose(characters: int) -> str:
    """Plain English about Python, to teach letters and spaces."""
    text = re.sub(r"[ \t]+", " ", "\n".join(topics.values()))
    return re.sub(r"\n ", "\n", text)[:characters]
