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

"""Tests a technique as many seeds as it takes.

    tools/nox -s converge -- //tfmot_contrib/pruning:resnet_cifar10_sparsity50

`bazel test` judges the first seed, which mostly is enough. Where the sequential
test has not made up its mind, this trains another one, up to five.
"""

import argparse
import os
import pathlib
import sys
from typing import NamedTuple, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import explain
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import pairing
from tfmot_contrib.convergence import sequential
from tfmot_contrib.convergence import verdict
from tools.env import bootstrap
from tools.suite import draw


class Decided(NamedTuple):
  """A convergence test that was judged.

  Attributes:
    test: The test.
    shown: The records, one for each seed that it took.
    verdicts: On its claims.
  """

  test: draw.Test
  shown: pairing.Shown
  verdicts: Sequence[judge.Verdict]


def decide(bazel: draw.Bazel, label: str, at_least: int = 1) -> Decided:
  """Draws seeds until every verdict stands.

  Args:
    bazel: How to make the records.
    label: Of the test.
    at_least: How many seeds to judge even if fewer would do.

  Returns:
    What it has come to.

  Raises:
    errors.InputError: It is no such test, or a run failed.
  """
  test = draw.find(bazel, label)
  for seeds in range(at_least, max(at_least, judge.PLAN.at_most) + 1):
    shown, verdicts = draw.judged(bazel, test, range(1, seeds + 1))
    undecided = [
        v
        for v in verdicts
        if v.decision and v.decision.word == sequential.UNDECIDED and not v.good
    ]
    if not undecided or not shown.controls:
      break
    draw.say(f'{test.name}: undecided after {seeds} seeds, drawing another')
  return Decided(test, shown, verdicts)


def converge(bazel: draw.Bazel, label: str) -> bool:
  """Tests one convergence test and prints the verdict.

  Args:
    bazel: How to make the records.
    label: Of the test.

  Returns:
    Whether every verdict is good.

  Raises:
    errors.InputError: It is no such test, or a run failed.
  """
  test, shown, verdicts = decide(bazel, label)
  print(f'{label}, {len(shown.runs)} seeds')
  if shown.caveat:
    print(shown.caveat)
  print(f'\n{verdict.table(verdicts)}')
  bad = [v for v in verdicts if not v.good]
  again = explain.Again(label, explain.chosen(os.environ))
  for one in bad:
    told = explain.explain(
        one, str(test.technique(bazel.root)), again, shown.runs
    )
    print(f'\n{told}')
  return not bad


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> int:
  """Tests the targets of the flags.

  Args:
    argv: The command line without the program.
    root: The folder of the project.

  Returns:
    0 if every verdict is good, else 1.
  """
  parser = argparse.ArgumentParser(prog='converge', description=__doc__)
  parser.add_argument('targets', nargs='+', help='//tfmot_contrib/FOLDER:TEST')
  flags = parser.parse_args(argv)
  bazel = draw.Bazel(bootstrap.bazel(), root)
  good = [converge(bazel, label) for label in flags.targets]
  return 0 if all(good) else 1


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
