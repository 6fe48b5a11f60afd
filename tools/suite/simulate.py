# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""How often the sequential test errs: false alarms, power and seeds, simulated.

    tools/nox -s simulate

writes the tables of docs/statistics.md. Everything that the test does not know
is drawn anew for each simulated reference: its mean, its deviation, and the
drops of the night. Noise is normal, or of Student's t with 4 degrees of
freedom, whose tails are heavy, with the deviation of the normal.
"""

import argparse
import pathlib
import sys
from typing import Mapping, NamedTuple, Sequence

import numpy as np

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import sequential
from tfmot_contrib.convergence import verdict
from tools.base import files
from tools.base import markdown
from tools.env import bootstrap

_DOCUMENT = 'docs/statistics.md'
_HEAVY = 4
_NAMES = {
    False: 'normal',
    True: 'heavy tails',
}
_CHUNK = 100_000


class Reference(NamedTuple):
  """How much a reference knows.

  Attributes:
    seeds: Of the experiment itself.
    others: How many experiments its deviation is pooled with.
    seeds_of_others: Of each of those.
  """

  seeds: int
  others: int
  seeds_of_others: int = 3


class Outcome(NamedTuple):
  """What became of many tests.

  Attributes:
    fail: The share that failed.
    grey: The share that passed at the last seed, undecided.
    seeds: How many each took on average.
  """

  fail: float
  grey: float
  seeds: float


def _noise(
    random: np.random.Generator, heavy: bool, shape: tuple[int, ...]
) -> np.ndarray:
  """Draws noise of deviation 1."""
  if not heavy:
    return random.normal(size=shape)
  spread = np.sqrt(_HEAVY / (_HEAVY - 2))
  return random.standard_t(_HEAVY, size=shape) / spread


def _known(
    random: np.random.Generator, reference: Reference, heavy: bool, count: int
) -> tuple[np.ndarray, np.ndarray, int]:
  """Draws the seeds of references; returns what they believe then.

  Args:
    random: Draws.
    reference: How much they know.
    heavy: Whether the noise has heavy tails.
    count: How many.

  Returns:
    The mean and the deviation of each, of a drop of mean 0 and deviation 1, and
    the degrees of freedom of the deviation.
  """
  own = _noise(random, heavy, (count, reference.seeds))
  squares = np.var(own, axis=1) * reference.seeds
  freedom = reference.seeds - 1
  if reference.others:
    shape = (count, reference.others, reference.seeds_of_others)
    others = _noise(random, heavy, shape)
    squares += np.sum(np.var(others, axis=2), axis=1) * shape[2]
    freedom += reference.others * (shape[2] - 1)
  return np.mean(own, axis=1), np.sqrt(squares / freedom), freedom


def simulate(
    reference: Reference,
    plan: sequential.Plan,
    *,
    growth: float,
    heavy: bool,
    runs: int,
    seed: int = 0,
) -> Outcome:
  """Simulates tests, each with a reference of its own.

  Args:
    reference: How much it knows.
    plan: Of the test.
    growth: By how many deviations the drops have truly grown.
    heavy: Whether the noise has heavy tails.
    runs: How many tests.
    seed: Of the simulation.

  Returns:
    What became of them.
  """
  random = np.random.default_rng(seed)
  fails = greys = seeds = 0
  for start in range(0, runs, _CHUNK):
    count = min(_CHUNK, runs - start)
    mean, deviation, freedom = _known(random, reference, heavy, count)
    night = growth + _noise(random, heavy, (count, plan.at_most))
    growths = (night - mean[:, None]) / deviation[:, None]
    # The bounds are in deviations: they are the same for all of these.
    noise = sequential.Noise(0.0, 1.0, reference.seeds, freedom)
    states = sequential.words(growths, sequential.bounds(noise, plan), plan)
    last = np.argmax(states != sequential.UNDECIDED, axis=1)
    words = states[np.arange(count), last]
    fails += int(np.sum(words == sequential.FAIL))
    greys += int(np.sum(words == sequential.GREY))
    seeds += int(np.sum(last + 1))
  return Outcome(fails / runs, greys / runs, seeds / runs)


_SUITE = 'all of this project'
# What a technique's main experiment knows, one beside it, a release, and one of
# a technique that has no other experiments.
_REFERENCES = {
    'main, 8 seeds': [Reference(8, 8)],
    'beside it, 3 seeds': [Reference(3, 8)],
    'release, 20 seeds': [Reference(20, 8)],
    'alone, 8 seeds': [Reference(8, 0)],
}
_GROWTHS = (0.0, 4.0, 5.0, 6.0)
_HEADER = (
    'reference',
    'noise',
    'alarms of one test',
    'of all tests, a night',
    'seeds on a good night',
    'passes undecided',
    *(f'power at {growth:g}' for growth in _GROWTHS[1:]),
)


def _mean(
    references: Sequence[Reference],
    plan: sequential.Plan,
    growth: float,
    heavy: bool,
    runs: int,
) -> Outcome:
  """Simulates some tests of each reference; returns what became of all."""
  each = -(-runs // len(references))
  outcomes = [
      simulate(r, plan, growth=growth, heavy=heavy, runs=each, seed=i)
      for i, r in enumerate(references)
  ]
  return Outcome(*np.mean(outcomes, axis=0).tolist())


def suite(contrib: pathlib.Path) -> list[Reference]:
  """Returns how much each reference of the project knows.

  Args:
    contrib: The folder `tfmot_contrib`.

  Returns:
    One for each test whose drop has noise, on the kind of processor that most
    references are of.
  """
  folders: dict[str, list[Reference]] = {}
  for path in sorted(contrib.glob('*/references/cpu_*/*.json')):
    technique = path.parents[2] / 'technique.yaml'
    known, family = verdict.beside(path)
    for claim in claims.claims_of(str(technique), path.stem, known.tier):
      drops = known.drops(claim.id)
      if len(set(drops)) > 1:
        alike = known.alike(claim.id, family)
        counts = [len(other) for other in alike]
        many = round(sum(counts) / len(counts)) if counts else 0
        one = Reference(len(drops), len(counts), many)
        folders.setdefault(path.parent.name, []).append(one)
  return max(folders.values(), key=len, default=[])


def report(
    tests: int, runs: int, references: Mapping[str, Sequence[Reference]]
) -> str:
  """Returns the tables.

  Args:
    tests: How many tests share the false alarms.
    runs: How many tests to simulate for each number.
    references: By name, the references that a night is judged by; a single one
      is taken for those of all tests.

  Returns:
    Markdown.
  """
  plan = sequential.Plan(tests=tests)
  lines = []
  for name, known in references.items():
    for heavy, noise in _NAMES.items():
      print(f'simulate: {name}, {noise}', file=sys.stderr, flush=True)
      good, *grown = (_mean(known, plan, g, heavy, runs) for g in _GROWTHS)
      count = len(known) if len(known) > 1 else tests
      lines.append((
          name,
          noise,
          f'{100 * good.fail:.4f} %',
          f'{100 * (1 - (1 - good.fail) ** count):.2f} %',
          f'{good.seeds:.2f}',
          f'{100 * good.grey:.2f} %',
          *(f'{100 * outcome.fail:.2f} %' for outcome in grown),
      ))
  return (
      f'{tests} tests a night, {runs:,} simulated for each number; power at a'
      ' growth in deviations of one'
      f' drop.\n\n{markdown.table(_HEADER, lines)}'
  )


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> None:
  """Writes the tables.

  Args:
    argv: The command line without the program.
    root: The folder of the project.

  Raises:
    errors.InputError: The document or its markers are missing.
  """
  parser = argparse.ArgumentParser(prog='simulate', description=__doc__)
  parser.add_argument('--tests', type=int, default=50, help='a night has')
  parser.add_argument('--runs', type=int, default=1_000_000, help='simulated')
  flags = parser.parse_args(argv)
  if min(flags.tests, flags.runs) < 1:
    raise errors.InputError('--tests and --runs must be 1 or more')
  path = root / _DOCUMENT
  text = files.read(path)
  known = dict(_REFERENCES)
  if all_of_them := suite(root / 'tfmot_contrib'):
    known[_SUITE] = all_of_them
  made = report(flags.tests, flags.runs, known)
  files.write(path, markdown.with_region(text, 'evidence', made, _DOCUMENT))


if __name__ == '__main__':
  main(sys.argv[1:])
