"""Runs Medley's client for language models against llama.cpp's own server, and prints what comes of some requests.

    pip install 'llama-cpp-python[server]'
    cargo build --release -p medley-models --example chat_endpoint
    python bench/llm/llama_cpp_server.py MODEL.gguf

MODEL.gguf is any chat model with a template, for example a quantised SmolLM2-135M-Instruct. The server is started on
a free port with a small context and stopped at the end. For each request are printed: how many deltas came, the
seconds to the first and to the last, and the reply, or the error with its way out. Nothing here is part of the tests.
"""

import argparse
import json
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = {
    "name": "ocr",
    "description": "reads the text in a picture",
    "parameters": {"type": "object", "properties": {"image": {"type": "string"}}, "required": ["image"]},
}
SCHEMA = {"type": "object", "properties": {"capital": {"type": "string"}}, "required": ["capital"]}


def message(text):
    return {"role": "user", "content": [{"type": "text", "text": text}]}


REQUESTS = {
    "text": {"messages": [message("What is the capital of France?")], "max_tokens": 40, "temperature": 0.0},
    "json": {"messages": [message("The capital of France as JSON?")], "max_tokens": 40, "format": "json"},
    "schema": {
        "messages": [message("The capital of France?")],
        "max_tokens": 40,
        "format": {"schema": {"name": "answer", "schema": SCHEMA}},
    },
    "tool": {
        "messages": [message("Read the sign in input1.")],
        "max_tokens": 40,
        "tools": [TOOL],
        "tool_choice": {"named": "ocr"},
    },
    "stop": {"messages": [message("Count from 1 to 9.")], "max_tokens": 40, "stop": ["5"], "seed": 7},
    "too long": {"messages": [message("word " * 5000)]},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--client", type=pathlib.Path, default=ROOT / "target/release/examples/chat_endpoint")
    parser.add_argument("--context", type=int, default=1024, help="tokens of the server's context")
    options = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "llama_cpp.server", "--model", options.model, "--port", str(port)]
        + ["--n_ctx", str(options.context), "--model_alias", "local"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(server, address)
        for name, request in REQUESTS.items():
            ask(options.client, address, name, request)
    finally:
        server.terminate()
        server.wait()


def wait_for(server, address):
    for _ in range(600):
        if server.poll() is not None:
            sys.exit("the server stopped: run it by hand to see why")
        try:
            urllib.request.urlopen(f"{address}/v1/models", timeout=1).read()
            return
        except OSError:
            time.sleep(0.2)
    sys.exit("the server does not answer")


def ask(client, address, name, request):
    began = time.monotonic()
    process = subprocess.Popen([client, address, "local"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write(json.dumps(request))
    process.stdin.close()
    times, said = [], []
    for line in process.stdout:
        times.append(time.monotonic() - began)
        said.append(json.loads(line))
    process.wait()
    text = "".join(delta.get("text", "") + delta.get("arguments", "") for delta in said)
    last = {key: value for key, value in said[-1].items() if key != "delta"} if said else {}
    print(f"{name}: {len(said)} lines, first {min(times, default=0):.2f} s, last {max(times, default=0):.2f} s")
    print(f"    {text!r} {json.dumps(last)}")


if __name__ == "__main__":
    main()
