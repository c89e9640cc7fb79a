"""Compares how fast Medley and llama.cpp read and write with the same GGUF file, on the processor.

    pip install gguf numpy xllamacpp
    python bench/llm/decoding.py [--threads 2] [--tokens 64] [--without-llama-cpp]

A llama of about 90 million random weights is written to a temporary directory as Q8_0. Each side runs in a process of
its own, turn by turn; llama.cpp is the one in the wheel `xllamacpp`, timed by itself. Printed are tokens a second for
reading a prompt and for writing, their ratio, and peak memory over the size of the file.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYERS, WIDTH, HEADS, KEY_HEADS, INNER, ROWS, CONTEXT = 12, 768, 12, 4, 2048, 8192, 1024
PROMPT = 311


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=64, help="tokens that are written")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-llama-cpp", action="store_true")
    parser.add_argument("--llama-cpp", metavar="MODEL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.llama_cpp:
        print(json.dumps(llama_cpp(options.llama_cpp, options.threads, options.tokens)))
        return
    with tempfile.TemporaryDirectory() as directory:
        import gguf

        path = pathlib.Path(directory) / "q8_0.gguf"
        write_model(path, gguf.GGMLQuantizationType.Q8_0)
        compare("Q8_0", path, options)


def write_model(path, kind):
    import gguf
    import numpy

    random = numpy.random.default_rng(1)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(ROWS)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    names = {byte: chr(byte) for byte in seen}
    hidden = [byte for byte in range(256) if byte not in names]
    names.update({byte: chr(256 + place) for place, byte in enumerate(hidden)})
    writer.add_token_list([names[byte] for byte in range(256)] + ["ab"] + [f"token{place}" for place in range(257, ROWS)])
    writer.add_token_types([gguf.TokenType.NORMAL] * (ROWS - 1) + [gguf.TokenType.CONTROL])
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(ROWS - 1)

    def matrix(name, rows, columns):
        weights = random.standard_normal((rows, columns), dtype=numpy.float32) * 0.02
        writer.add_tensor(name, gguf.quants.quantize(weights, kind), raw_dtype=kind)

    keys = WIDTH // HEADS * KEY_HEADS
    matrix("token_embd.weight", ROWS, WIDTH)
    for layer in range(LAYERS):
        for part in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{part}.weight", numpy.ones(WIDTH, dtype=numpy.float32))
        matrix(f"blk.{layer}.attn_q.weight", WIDTH, WIDTH)
        matrix(f"blk.{layer}.attn_k.weight", keys, WIDTH)
        matrix(f"blk.{layer}.attn_v.weight", keys, WIDTH)
        matrix(f"blk.{layer}.attn_output.weight", WIDTH, WIDTH)
        matrix(f"blk.{layer}.ffn_gate.weight", INNER, WIDTH)
        matrix(f"blk.{layer}.ffn_up.weight", INNER, WIDTH)
        matrix(f"blk.{layer}.ffn_down.weight", WIDTH, INNER)
    writer.add_tensor("output_norm.weight", numpy.ones(WIDTH, dtype=numpy.float32))
    matrix("output.weight", ROWS, WIDTH)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def compare(kind, path, options):
    medley = ["cargo", "bench", "-q", "-p", "medley-models", "--bench", "local_decoding", "--", str(path)]
    sides = {"medley": [*medley, str(options.tokens)]}
    if not options.without_llama_cpp:
        here = [sys.executable, __file__, "--llama-cpp", str(path)]
        sides["llama.cpp"] = [*here, "--threads", str(options.threads), "--tokens", str(options.tokens)]
    found = {side: [] for side in sides}
    environment = {**os.environ, "RAYON_NUM_THREADS": str(options.threads)}
    for _ in range(options.rounds):
        for side, command in sides.items():
            run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
            if run.returncode != 0:
                sys.exit(f"{side} ended with {run.returncode}: {run.stderr}")
            found[side].append(json.loads(run.stdout.splitlines()[-1]))
    size = path.stat().st_size
    middle = {side: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for side, runs in found.items()}
    print(f"{kind}, {size / 1e6:.0f} MB, {options.threads} threads")
    for side, run in middle.items():
        print(
            f"  {side:10} reads {run['read_tokens_per_s']:7.1f} and writes {run['written_tokens_per_s']:6.1f} tokens/s,"
            f" peak memory {run['peak_bytes'] / size:.2f} of the file"
        )
    held = middle["medley"]["plan_time_over_free_time"]
    print(f"  a token of a plan takes {held:.2f} of the time of a token of free text")
    if len(middle) == 2:
        ratio = {key: middle["medley"][key] / middle["llama.cpp"][key] for key in ("read_tokens_per_s", "written_tokens_per_s")}
        print(f"  medley / llama.cpp: reading {ratio['read_tokens_per_s']:.2f}, writing {ratio['written_tokens_per_s']:.2f}")


def llama_cpp(path, threads, tokens):
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = path
    settings.n_ctx = CONTEXT
    settings.n_parallel = 1
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads
    server = xllamacpp.Server(settings)

    def complete(prompt, count):
        request = {"prompt": prompt, "n_predict": count, "temperature": 0.0, "ignore_eos": True, "cache_prompt": False}
        reply = server.handle_completions(request)
        return (json.loads(reply) if isinstance(reply, (str, bytes)) else reply)["timings"]

    complete([65] * 8, 1)
    took = complete([32 + place % 90 for place in range(PROMPT)], tokens)
    return {
        "read_tokens_per_s": took["prompt_per_second"],
        "written_tokens_per_s": took["predicted_per_second"],
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


if __name__ == "__main__":
    main()
