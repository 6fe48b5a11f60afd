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

"""Draws seeds: has Bazel train and measure a convergence test with each.

What was trained before is in Bazel's cache, so drawing is resumable, and costs
nothing for seeds that were drawn already.
"""

import contextlib
import dataclasses
import pathlib
import subprocess
import sys
from typing import Iterator, Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import pairing
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import verdict
from tools.base import git
from tools.env import bazel_command
from tools.env import bootstrap

RECORD = '_record'
CONTROL = '_control_'
# By tier: the suffix of its tests.
SUFFIXES = {'cpu': '', 'smoke': '_smoke'}
# By tier: how many seeds there are, as tools/bazel/convergence.bzl declares.
MOST_SEEDS = {'cpu': 20, 'smoke': 5}
BUILD_FAILED = 1  # Of Bazel's exit codes, that of an action which failed.


@dataclasses.dataclass(frozen=True)
class Bazel:
  """How Bazel is called.

  Attributes:
    program: Its path.
    root: The folder of the project.
    startup: Options before the command.
    options: Options behind it.
  """

  program: str
  root: pathlib.Path
  startup: tuple[str, ...] = ()
  options: tuple[str, ...] = ()

  def __call__(
      self, command: str, *arguments: str, capture: bool = False
  ) -> subprocess.CompletedProcess[str]:
    """Runs a command.

    Args:
      command: `build`, `query` and the like.
      *arguments: Of the command.
      capture: Whether to keep what it prints from the user.

    Returns:
      What came of it.
    """
    return subprocess.run(
        bazel_command.words(
            self.program,
            command,
            *self.options,
            *arguments,
            startup=self.startup,
            root=self.root,
        ),
        cwd=self.root,
        env=surroundings.with_user(),
        check=False,
        capture_output=capture,
        text=True,
    )


@contextlib.contextmanager
def copy_of(root: pathlib.Path) -> Iterator[Bazel]:
  """Yields Bazel in a copy of what is committed, and removes both."""
  with git.work_tree(root, 'HEAD', 'copying the project') as tree:
    base = tree.parent / 'bazel'
    bazel = Bazel(bootstrap.bazel(), tree, (f'--output_base={base}',))
    try:
      yield bazel
    finally:
      bazel('clean', '--expunge', capture=True)


@dataclasses.dataclass(frozen=True)
class Test:
  """A convergence test and the records behind it.

  Attributes:
    label: Its Bazel label.
    baseline: The label of the float baseline's record.
    control: The label of the float control without `_record`, or nothing where
      nothing is trained.
  """

  label: str
  baseline: str
  control: str

  @property
  def folder(self) -> str:
    """The name of the technique's folder."""
    return self.label.partition(':')[0].rpartition('/')[2]

  def technique(self, root: pathlib.Path) -> pathlib.Path:
    """Returns the technique.yaml that has its claims."""
    return root / 'tfmot_contrib' / self.folder / 'technique.yaml'

  @property
  def name(self) -> str:
    """The name of the test."""
    return self.label.partition(':')[2]

  @property
  def tier(self) -> str:
    """The tier of its runs."""
    return 'smoke' if self.name.endswith(SUFFIXES['smoke']) else 'cpu'

  @property
  def row(self) -> str:
    """The name without that of the tier, as claims and references have it."""
    return self.name.removesuffix(SUFFIXES[self.tier])

  def records(self, seed: int) -> tuple[str, ...]:
    """Returns the labels of the records of a seed, the run's first."""
    suffix = RECORD if seed == 1 else f'_seed{seed}{RECORD}'
    return tuple(name + suffix for name in (self.label, self.control) if name)


def label_of(folder: str, row: str, tier: str = 'cpu') -> str:
  """Returns the label of the convergence test of a technique's row."""
  return f'//tfmot_contrib/{folder}:{row}{SUFFIXES[tier]}'


def made(root: pathlib.Path, label: str) -> pathlib.Path:
  """Returns where Bazel leaves the record that a label names."""
  name = label.removeprefix('//').replace(':', '/')
  return root / 'bazel-bin' / f'{name}.json'


def find(bazel: Bazel, label: str) -> Test:
  """Finds what is behind a convergence test.

  Args:
    bazel: How to ask.
    label: Of the test, with its package.

  Returns:
    The test.

  Raises:
    errors.InputError: There is no such test, or it is a float baseline.
  """
  done = bazel('query', f'labels(data, {label})', capture=True)
  if done.returncode:
    reason = [x for x in done.stderr.splitlines() if 'ERROR' in x]
    raise errors.InputError(
        f'{label} is no convergence test: {(reason or ["see bazel query"])[0]}'
    )
  found = [x for x in done.stdout.split() if x.endswith(RECORD)]
  controls = [x for x in found if CONTROL in x]
  baselines = [x for x in found if x not in (*controls, label + RECORD)]
  if len(baselines) != 1 or len(controls) > 1:
    raise errors.InputError(
        f'{label} has no float baseline: it is one itself, or no convergence'
        ' test'
    )
  control = controls[0].removesuffix(RECORD) if controls else ''
  return Test(label, baselines[0], control)


def processor(bazel: Bazel, test: Test) -> str:
  """Returns the instruction set of the machine that trains a test's baseline.

  Args:
    bazel: How to make the baseline's record.
    test: The convergence test.

  Returns:
    The name, as run records have it.

  Raises:
    errors.InputError: The baseline cannot be trained.
  """
  if bazel('build', test.baseline).returncode:
    raise errors.InputError(
        f'Bazel could not make the float baseline of {test.name}: see above'
    )
  return _read(bazel.root, test.baseline).instruction_set


class NotMadeError(errors.InputError):
  """A run failed, so that there is no record to judge."""


class BazelError(errors.InputError):
  """Bazel itself failed, which says nothing of a run."""


def draw(bazel: Bazel, test: Test, seeds: Sequence[int]) -> pairing.Shown:
  """Makes the records of some seeds.

  Args:
    bazel: How to make them.
    test: The convergence test.
    seeds: Which; 1 is the one that the test itself takes.

  Returns:
    The records, which belong together.

  Raises:
    NotMadeError: A run failed.
    BazelError: Bazel itself did.
    errors.InputError: A record is wrong, or they do not belong together.
  """
  wanted = [test.records(seed) for seed in seeds]
  labels = [test.baseline, *(label for pair in wanted for label in pair)]
  if code := bazel('build', *labels).returncode:
    if code != BUILD_FAILED:
      raise BazelError(
          f'bazel build ended with {code} before the records of {test.name}'
          ' were made: see above, mend that and run again'
      )
    raise NotMadeError(
        f'Bazel could not make the records of {test.name}: see above'
    )
  controls = [_read(bazel.root, p[1]) for p in wanted] if test.control else []
  shown = pairing.Shown(
      runs=[_read(bazel.root, pair[0]) for pair in wanted],
      baseline=_read(bazel.root, test.baseline),
      controls=controls,
  )
  pairing.check(shown)
  return shown


def judged(
    bazel: Bazel, test: Test, seeds: Sequence[int]
) -> tuple[pairing.Shown, list[judge.Verdict]]:
  """Makes the records of some seeds and judges them.

  Args:
    bazel: How to make them.
    test: The convergence test.
    seeds: Which.

  Returns:
    The records with what they can be judged by, and a verdict on each claim.

  Raises:
    errors.InputError: As of `draw`, or the records do not belong to their
      reference.
  """
  shown = draw(bazel, test, seeds)
  return verdict.judged(test.technique(bazel.root), test.row, shown)


def _read(root: pathlib.Path, label: str) -> record.Record:
  """Reads what Bazel has made."""
  return record.read(made(root, label))


def say(text: str) -> None:
  """Tells the user what goes on."""
  print(text, file=sys.stderr, flush=True)
