"""Train opsling from random weights and write it as GGUF: tokenizer, training, check, file."""

import argparse
import json
import math
import time
from pathlib import Path

import gguf
import torch
from corpus import conversation, conversations, pairs, prose
from network import NORM_EPSILON, ROPE_BASE, Network, Shape
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn import functional

VOCABULARY = 1024
WINDOW = 128
BATCH = 24
PEAK_RATE = 3e-3
TRAINING_SEED, UNSEEN_SEED = 7, 4242
END_OF_TEXT, TURN, END_OF_TURN = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def make_tokenizer(texts: list[str]) -> Tokenizer:
    """Byte-level BPE: every byte has a token, so no input is unknown."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END_OF_TEXT, TURN, END_OF_TURN],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


class Windows:
    """Draws training windows: three quarters start at a conversation, one quarter is prose."""

    def __init__(self, tokenizer: Tokenizer, talk: list[str], text: str) -> None:
        ids = [token for document in talk for token in tokenizer.encode(document).ids]
        self.talk = torch.tensor(ids)
        self.prose = torch.tensor(tokenizer.encode(text).ids)
        starts = (self.talk == tokenizer.token_to_id(TURN)).nonzero().flatten()
        self.starts = starts[starts < len(self.talk) - WINDOW - 2]

    def draw(self) -> torch.Tensor:
        of_prose = BATCH // 4
        talk = self.starts[torch.randint(len(self.starts), (BATCH - of_prose,))]
        text = torch.randint(len(self.prose) - WINDOW - 1, (of_prose,))
        return torch.stack(
            [self.talk[at : at + WINDOW + 1] for at in talk]
            + [self.prose[at : at + WINDOW + 1] for at in text]
        )


def train(network: Network, windows: Windows, *, minutes: float) -> None:
    """AdamW with a warm-up and a cosine that ends when the time is up."""
    optimiser = torch.optim.AdamW(
        network.parameters(), PEAK_RATE, betas=(0.9, 0.95), weight_decay=0.05
    )
    began, step = time.monotonic(), 0
    while (share := (time.monotonic() - began) / (minutes * 60)) < 1:
        warm = min(1.0, (step + 1) / 40)
        rate = PEAK_RATE * warm * (0.05 + 0.475 * (1 + math.cos(math.pi * share)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        batch = windows.draw()
        logits = network(batch[:, :-1])
        loss = functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        step += 1
        if step % 200 == 0:
            print(f"step {step}  {share:4.0%}  loss {loss.item():.3f}", flush=True)


@torch.no_grad()
def answer(network: Network, tokenizer: Tokenizer, question: str, *, limit: int = 80) -> str:
    ids = tokenizer.encode(conversation(question, None)).ids
    end, said = tokenizer.token_to_id(END_OF_TURN), []
    while len(said) < limit:
        token = int(network(torch.tensor([ids + said]))[0, -1].argmax())
        if token == end:
            break
        said.append(token)
    return str(tokenizer.decode(said))


def count_right(network: Network, tokenizer: Tokenizer, *, asked: int) -> int:
    """How many unseen conversations it answers to the letter."""
    unseen = pairs(asked, seed=UNSEEN_SEED)
    return sum(answer(network, tokenizer, question) == expected for question, expected in unseen)


def write_gguf(network: Network, tokenizer: Tokenizer, path: Path) -> None:
    """Keys after the GGUF specification, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.

    Matrices are Q8_0, norms F32. A tied embedding means leaving `output.weight` out.
    """
    shape = network.shape
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("opsling")
    writer.add_type("model")
    writer.add_license("apache-2.0")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.blocks)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(NORM_EPSILON)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(ROPE_BASE)
    _write_vocabulary(writer, tokenizer)
    for name, weight in network.state_dict().items():
        values = weight.float().numpy()
        if values.ndim == 2:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_vocabulary(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    special = {END_OF_TEXT, TURN, END_OF_TURN}
    by_id = {token_id: token for token, token_id in tokenizer.get_vocab().items()}
    tokens = [by_id[token_id] for token_id in range(len(by_id))]
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([control if token in special else normal for token in tokens])
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    writer.add_bos_token_id(tokenizer.token_to_id(END_OF_TEXT))
    writer.add_eos_token_id(tokenizer.token_to_id(END_OF_TURN))
    writer.add_pad_token_id(tokenizer.token_to_id(END_OF_TEXT))
    writer.add_add_bos_token(False)  # noqa: FBT003 - the writer's own signature
    writer.add_chat_template(CHAT_TEMPLATE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--threads", type=int, default=2)
    wanted = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(wanted.threads)
    talk, text = conversations(12_000, seed=TRAINING_SEED), prose(400_000)
    tokenizer = make_tokenizer([*talk[:4000], text])
    network = Network(Shape(vocabulary=tokenizer.get_vocab_size()))
    train(network, Windows(tokenizer, talk, text), minutes=wanted.minutes)
    network.eval()
    asked = 200
    print(f"{count_right(network, tokenizer, asked=asked)} of {asked} unseen answers are exact")
    for question in ("Hello", "reboot db-07", "What is Hearth?", "3 plus 4"):
        print(f"{question!r} → {answer(network, tokenizer, question)!r}")
    wanted.out.mkdir(parents=True, exist_ok=True)
    path = wanted.out / "opsling-q8_0.gguf"
    write_gguf(network, tokenizer, path)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
