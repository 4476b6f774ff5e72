"""A small random Whisper encoder in the layouts of the world, and Whisper's arithmetic written down plainly."""

import json
import math
import struct

import torch
from safetensors.torch import save_file

WIDTH, LAYERS, HEADS = 16, 3, 2


def sinusoids(length=1500):
    rates = [10_000 ** (-n / (WIDTH // 2 - 1)) for n in range(WIDTH // 2)]
    angles = torch.tensor([[place * rate for rate in rates] for place in range(length)])
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def weights():
    """Random weights under Hugging Face's names."""
    random = torch.Generator().manual_seed(7)

    def matrix(*shape):
        return torch.randn(shape, generator=random) / math.sqrt(math.prod(shape[1:]) or 1)

    made = {"conv1.weight": matrix(WIDTH, 80, 3), "conv2.weight": matrix(WIDTH, WIDTH, 3)}
    made |= {"conv1.bias": matrix(WIDTH), "conv2.bias": matrix(WIDTH), "embed_positions.weight": sinusoids()}
    shapes = {"fc1": (4 * WIDTH, WIDTH), "fc2": (WIDTH, 4 * WIDTH)}
    shapes |= {f"self_attn.{part}_proj": (WIDTH, WIDTH) for part in ("q", "k", "v", "out")}
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            made[f"layers.{layer}.{name}.weight"] = matrix(*shape)
            if "k_proj" not in name:
                made[f"layers.{layer}.{name}.bias"] = matrix(shape[0]) * 0.1
    for norm in [
        "layer_norm",
        *(f"layers.{n}.{kind}_layer_norm" for n in range(LAYERS) for kind in ("self_attn", "final")),
    ]:
        made |= {f"{norm}.weight": 1 + 0.2 * matrix(WIDTH), f"{norm}.bias": matrix(WIDTH)}
    return made


def hugging_face(folder, made, **config):
    """The weights as transformers saves a whole Whisper, decoder and all."""
    folder.mkdir()
    told = {"model_type": "whisper", "encoder_attention_heads": HEADS, "d_model": WIDTH, **config}
    (folder / "config.json").write_text(json.dumps(told))
    named = {f"model.encoder.{name}": tensor for name, tensor in made.items()}
    save_file(named | {"model.decoder.layers.0.fc1.weight": torch.zeros(2, 2)}, folder / "model.safetensors")
    return folder


def ctranslate2(folder, made, *, kind=4, parts=2):
    """The weights as CTranslate2 converts them, in float16 and in so many parts."""
    theirs = {"layer_norm": "layer_norm", "embed_positions.weight": "position_encodings/encodings"}
    body, entries = b"", {}
    for name in ("conv1", "conv2"):
        entries |= {f"{name}/{part}": made[f"{name}.{part}"] for part in ("weight", "bias")}
    entries |= {theirs["embed_positions.weight"]: made["embed_positions.weight"], "num_heads": HEADS}
    entries |= _norm("layer_norm", "layer_norm", made)
    for n in range(LAYERS):
        ours = f"layers.{n}."
        entries |= _norm(f"layer_{n}/self_attention/layer_norm", f"{ours}self_attn_layer_norm", made)
        entries |= _norm(f"layer_{n}/ffn/layer_norm", f"{ours}final_layer_norm", made)
        attention = [f"{ours}self_attn.{part}_proj" for part in "qkv"]
        fused = torch.cat([made.get(f"{name}.bias", torch.zeros(WIDTH)) for name in attention])
        entries |= {f"layer_{n}/self_attention/linear_0/bias": fused}
        entries |= {
            f"layer_{n}/self_attention/linear_0/weight": torch.cat([made[f"{name}.weight"] for name in attention])
        }
        for place, name in (
            ("self_attention/linear_1", "self_attn.out_proj"),
            ("ffn/linear_0", "fc1"),
            ("ffn/linear_1", "fc2"),
        ):
            entries |= {f"layer_{n}/{place}/{part}": made[f"{ours}{name}.{part}"] for part in ("weight", "bias")}
    for name, value in entries.items():
        body += _variable(f"encoder/{name}", value, kind)
    content = struct.pack("<I", 6) + _name("WhisperSpec") + struct.pack("<II", 3, len(entries)) + body + bytes(4)
    folder.mkdir()
    for n in range(parts):
        cut = len(content) // parts
        (folder / f"model.bin.part{n + 1}").write_bytes(content[n * cut : (n + 1) * cut if n < parts - 1 else None])
    return folder


def plainly_encoded(made, mel):
    """Every output of the encoder for one clip (mels, frames): Hugging Face's hidden states, head by head."""
    tokens = torch.nn.functional.conv1d(mel[None], made["conv1.weight"], made["conv1.bias"], padding=1)
    tokens = _gelu(torch.nn.functional.conv1d(_gelu(tokens), made["conv2.weight"], made["conv2.bias"], 2, 1))[0].T
    outputs = [tokens + made["embed_positions.weight"][: len(tokens)]]
    for n in range(LAYERS):

        def linear(name, sound, before=f"layers.{n}."):
            return sound @ made[f"{before}{name}.weight"].T + made.get(f"{before}{name}.bias", 0)

        normed = _normed(outputs[-1], made, f"layers.{n}.self_attn_layer_norm")
        query, key, value = (linear(f"self_attn.{part}_proj", normed).chunk(HEADS, dim=1) for part in "qkv")
        heads = [
            ((q @ k.T) / math.sqrt(WIDTH // HEADS)).softmax(dim=1) @ v
            for q, k, v in zip(query, key, value, strict=True)
        ]
        tokens = outputs[-1] + linear("self_attn.out_proj", torch.cat(heads, dim=1))
        outputs.append(
            tokens + linear("fc2", _gelu(linear("fc1", _normed(tokens, made, f"layers.{n}.final_layer_norm"))))
        )
    outputs[-1] = _normed(outputs[-1], made, "layer_norm")
    return outputs


def _gelu(values):
    return values * 0.5 * (1 + torch.erf(values / math.sqrt(2)))


def _normed(tokens, made, name):
    deviation = (tokens.var(dim=1, correction=0, keepdim=True) + 1e-5).sqrt()
    return (tokens - tokens.mean(dim=1, keepdim=True)) / deviation * made[f"{name}.weight"] + made[f"{name}.bias"]


def _norm(theirs, ours, made):
    return {f"{theirs}/gamma": made[f"{ours}.weight"], f"{theirs}/beta": made[f"{ours}.bias"]}


def _name(text):
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def _variable(name, value, kind):
    if isinstance(value, int):
        return _name(name) + struct.pack("<BBIh", 0, 2, 2, value)
    content = (value.half() if kind == 4 else value.to(torch.int8)).numpy().tobytes()
    shape = struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape)
    return _name(name) + shape + struct.pack("<BI", kind, len(content)) + content
