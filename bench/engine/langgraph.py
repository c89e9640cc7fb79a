"""Runs the graphs of the engine's benchmark through LangGraph, and prints what a step costs there.

    python -m venv /tmp/langgraph && /tmp/langgraph/bin/pip install langgraph==1.2.22
    cargo bench -p medley-orchestrator --bench executor
    /tmp/langgraph/bin/python bench/engine/langgraph.py --medley target/engine-bench.json

Of each graph are printed: microseconds a step with steps that do nothing (the fastest of `--rounds` runs by `invoke` and
as many by `ainvoke`; building and compiling the graph does not count), and the time of a run over the graph's critical
path with steps that sleep 10 ms each, and with uneven sleeps. The critical path is that of sleeps as
asyncio itself sleeps them. `--medley` names a file with the same numbers of Medley, {"shape/N": microseconds a step},
and prints the ratio beside them; `--json` writes such a file with LangGraph's.

The graphs are made so that any language can make the very same. `draw()` is a linear congruential generator,
state = (state * 6364136223846793005 + 1442695040888963407) mod 2**64, that gives state >> 33.

    wide     step 0; steps 1 to N, which need step 0; step N + 1, which needs all of those
    deep     N steps, each of which needs the one before
    random   N steps; step i > 0 draws how many parents it has, 1 + draw() % 3, then each of them, i - 1 - draw() %
             min(i, 32), of which the same one counts once; seed 42
    skewed   N steps, two chains: the even steps and the odd ones
    uneven   step i sleeps 1 + draw() % 19 ms, seed 43; but in `skewed` 19 ms and 1 ms in turn, such that the n-th step
             of one chain is long where that of the other is short: step i is long if i % 4 is 0 or 3
"""

import argparse
import asyncio
import json
import os
import pathlib
import statistics
import sys
import time
from typing import TypedDict

# This file is called like the package; its own folder must not come first.
sys.path[:] = [entry for entry in sys.path if pathlib.Path(entry or ".").resolve() != pathlib.Path(__file__).parent]
# Tracing to LangSmith would be timed with the rest.
os.environ["LANGSMITH_TRACING"] = os.environ["LANGCHAIN_TRACING_V2"] = "false"

from langgraph.graph import END, START, StateGraph  # noqa: E402

SHAPES = ("wide", "deep", "random", "skewed")
HEADER = f"{'graph':14} {'steps':>6} {'langgraph':>12} {'medley':>10} {'ratio':>8} {'10 ms':>8} {'uneven':>8}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--medley", type=pathlib.Path, help="the same numbers of Medley, to compare with")
    parser.add_argument("--json", type=pathlib.Path, help="where to write LangGraph's numbers")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each graph; the fastest counts")
    parser.add_argument("--large", action="store_true", help="graphs of 10,000 steps too, without sleeps")
    parser.add_argument("--no-sleeps", action="store_true", help="only steps that do nothing")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=SHAPES)
    options = parser.parse_args()
    medley = json.loads(options.medley.read_text()) if options.medley else {}
    lag = asyncio.run(sleep_lag())

    print(f"asyncio sleeps {lag * 1e3:.2f} ms longer than it is told; that is part of the critical path")
    print(HEADER)
    costs = {}
    for shape in options.shapes:
        for size in (100, 1_000, 10_000) if options.large else (100, 1_000):
            name = f"{shape}/{size}"
            parents = make(shape, size)
            costs[name] = cost_of_step(parents, options.rounds)
            ratios = [None, None]
            if size <= 1_000 and not options.no_sleeps:
                even = [0.010] * len(parents)
                ratios = [over_critical_path(parents, sleeps, lag) for sleeps in (even, uneven(shape, parents))]
            show(name, len(parents), costs[name], medley.get(name), ratios)
    if options.json:
        options.json.write_text(json.dumps(costs, indent=2) + "\n")


def show(name, steps, cost, medley, ratios):
    ours = f"{medley:7.1f} us {cost / medley:7.0f}x" if medley else f"{'-':>10} {'-':>8}"
    even, uneven = (f"{ratio:8.2f}" if ratio else f"{'-':>8}" for ratio in ratios)
    print(f"{name:14} {steps:6} {cost:9.1f} us {ours} {even} {uneven}", flush=True)


def generator(seed):
    state = seed

    def draw():
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return state >> 33

    return draw


def make(shape, size):
    """For each step, the steps that it needs."""
    if shape == "wide":
        return [[], *([0] for _ in range(size)), list(range(1, size + 1))]
    if shape == "deep":
        return [[], *([step - 1] for step in range(1, size))]
    if shape == "skewed":
        return [[], [], *([step - 2] for step in range(2, size))]
    draw = generator(42)
    parents = [[]]
    for step in range(1, size):
        count = 1 + draw() % 3
        parents.append(sorted({step - 1 - draw() % min(step, 32) for _ in range(count)}))
    return parents


def uneven(shape, parents):
    """How long each step sleeps, in seconds."""
    if shape == "skewed":
        return [0.019 if step % 4 in (0, 3) else 0.001 for step in range(len(parents))]
    draw = generator(43)
    return [(1 + draw() % 19) / 1e3 for _ in parents]


class State(TypedDict):
    """What flows along the edges: nothing, which is the least that LangGraph can be given to do."""

    nothing: None


def build(parents, function_of):
    graph = StateGraph(State)
    has_children = {parent for needs in parents for parent in needs}
    for step, needs in enumerate(parents):
        graph.add_node(f"s{step}", function_of(step))
        names = [f"s{parent}" for parent in needs]
        # A list of several is a join: the step runs once, after all of them.
        graph.add_edge(names if len(names) > 1 else (names or [START])[0], f"s{step}")
        if step not in has_children:
            graph.add_edge(f"s{step}", END)
    return graph.compile()


def settings(parents):
    # The default of 25 ends a run after as many steps in a row.
    return {"recursion_limit": len(parents) + 10}


def cost_of_step(parents, rounds):
    """Microseconds a step."""
    ran = 0

    def work(state):
        nonlocal ran
        ran += 1

    async def work_async(state):
        nonlocal ran
        ran += 1

    called = build(parents, lambda step: work)
    awaited = build(parents, lambda step: work_async)
    runs = (
        lambda: called.invoke({"nothing": None}, settings(parents)),
        lambda: asyncio.run(awaited.ainvoke({"nothing": None}, settings(parents))),
    )
    times = []
    for run in runs:
        for _ in range(rounds):
            ran, start = 0, time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
            assert ran == len(parents), f"{ran} of {len(parents)} steps ran"
    return min(times) * 1e6 / len(parents)


def over_critical_path(parents, sleeps, lag):
    """The time of a run over what the longest chain of sleeps takes by itself."""

    def sleep_of(step):
        async def sleep(state):
            await asyncio.sleep(sleeps[step])

        return sleep

    graph = build(parents, sleep_of)

    async def run():
        start = time.perf_counter()
        await graph.ainvoke({"nothing": None}, settings(parents))
        return time.perf_counter() - start

    ends = []
    for needs, sleep in zip(parents, sleeps):
        ends.append(max((ends[parent] for parent in needs), default=0) + sleep + lag)
    return asyncio.run(run()) / max(ends)


async def sleep_lag():
    """How much longer than told a sleep takes when nothing else runs, in seconds."""
    lags = []
    for _ in range(50):
        start = time.perf_counter()
        await asyncio.sleep(0.010)
        lags.append(time.perf_counter() - start - 0.010)
    return statistics.median(lags)


if __name__ == "__main__":
    main()
