"""Times the command: how long it takes to start, to list tools and to plan.

    cargo build --release && python bench/command/time.py [target/release/medley] [--runs 20]

Prints the median and the spread of whole processes. `plan, first` starts with an empty cache of embeddings and
`plan` with a full one; the models themselves must be here (`medley models pull`).
"""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
REQUEST = "Read the sign and say it out loud, and give me a black and white copy"


def milliseconds(command, environment):
    begin = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - begin) * 1e3


def show(name, times, wanted):
    spread = f"{min(times):.1f} to {max(times):.1f}"
    print(f"{name:14} {statistics.median(times):8.1f} ms   ({spread}; wanted: under {wanted} ms)")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("medley", nargs="?", default=str(ROOT / "target" / "release" / "medley"))
    arguments.add_argument("--runs", type=int, default=20)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as home:
        assets = Path(os.environ.get("MEDLEY_HOME", ROOT / "target" / "medley-test-home")) / "assets"
        os.symlink(assets.resolve(), Path(home) / "assets")
        environment = {**os.environ, "MEDLEY_HOME": home, "MEDLEY_OFFLINE": "1"}
        plan = [given.medley, "plan", REQUEST, "--attach", str(ROOT / "samples" / "sign.png")]

        def cold():
            shutil.rmtree(Path(home) / "cache", ignore_errors=True)
            return milliseconds(plan, environment)

        cold()
        show("--version", [milliseconds([given.medley, "--version"], environment) for _ in range(given.runs)], 20)
        show("tools", [milliseconds([given.medley, "tools"], environment) for _ in range(given.runs)], 50)
        show("plan, first", [cold() for _ in range(max(3, given.runs // 4))], 1000)
        show("plan", [milliseconds(plan, environment) for _ in range(given.runs)], 1000)


if __name__ == "__main__":
    main()
