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

"""Runs one combination once, by a Bazel test.

The TFMOT and the TensorFlow of the combination are settings of it. Its failures
are its claims, the test cases of its JUnit file, or the exception that ended
it. With another seed a convergence test is trained by that seed; another test
is just run again. One that was killed for its time is run once more: a machine
with other work does that too.
"""

import contextlib
import dataclasses
import pathlib
import re
import shutil
from typing import Any, Sequence
from xml.etree import ElementTree

from tfmot_contrib import errors
from tools.base import git
from tools.bisect import axes
from tools.bisect import probe as probes
from tools.env import environment
from tools.suite import draw
from tools.suite import suite

_TYPE = re.compile(r"(\w+)(?:'>)?$")
_TIMED_OUT = 'TIMEOUT'  # As Bazel calls it.


class BazelProbe(probes.Probe):
  """Runs a Bazel test.

  Attributes:
    target: The label of the test.
    bazel: How Bazel is called.
  """

  def __init__(
      self, target: str, bazel: draw.Bazel, scratch: contextlib.ExitStack
  ):
    """Checks that there is such a test.

    Args:
      target: Its label.
      bazel: How Bazel is called.
      scratch: Removes the copy of the project, if one is made.

    Raises:
      errors.InputError: There is none.
    """
    self.target = target
    self.bazel = bazel
    self._scratch = scratch
    self._copy: draw.Bazel | None = None
    done = bazel('query', f'tests({target})', capture=True)
    if done.returncode or target not in done.stdout.split():
      raise errors.InputError(
          f'--target {target} is no label of one test, such as'
          ' //tfmot_contrib/pruning:pruning_test: bazel query "tests(//...)"'
          ' lists them'
      )
    self._test: draw.Test | None = None
    with contextlib.suppress(errors.InputError):  # Then it has no seeds.
      self._test = draw.find(bazel, target)
      self.seeds = draw.MOST_SEEDS[self._test.tier]

  def _with(self, combination: axes.Combination) -> draw.Bazel:
    """Returns Bazel with a combination, in a copy for another mirror."""
    bazel = self.bazel
    if (mirror := combination[axes.MIRROR]) != axes.HERE:
      if self._copy is None:
        self._copy = self._scratch.enter_context(draw.copy_of(bazel.root))
      bazel = self._copy
      shutil.rmtree(bazel.root / 'official')
      command = ['checkout', '-q', mirror, '--', 'official']
      git.run(bazel.root, *command, what=f'getting the mirror of {mirror}')
    settings = probes.settings(combination)
    environment.make(settings)  # Says in one line why it cannot be.
    options = [
        *bazel.options,
        *suite.setting_options(settings),
        '--repo_env=TFMOT_CLASHES=ignore',
    ]
    return dataclasses.replace(bazel, options=tuple(options))

  def run(self, combination: axes.Combination, seed: int) -> dict[str, Any]:
    """Returns what the test said."""
    bazel = self._with(combination)
    if self._test and seed > 1:
      return self._drawn(bazel, self._test, seed)
    options = [f'--test_env=BISECT_SEED={seed}'] if seed > 1 else []
    return tested(bazel, self.target, options)

  def _drawn(
      self, bazel: draw.Bazel, test: draw.Test, seed: int
  ) -> dict[str, Any]:
    """Returns what a convergence test says of another seed."""
    labels = [test.baseline, *test.records(seed)]
    done = bazel('build', *labels, capture=True)
    if done.returncode == draw.BUILD_FAILED:
      return _ended(done.stderr)
    if done.returncode:
      lines = ' | '.join(done.stderr.strip().splitlines()[-3:])
      raise probes.BrokenError(f'bazel exit {done.returncode}: {lines}')
    _, verdicts = draw.judged(bazel, test, [seed])
    return {
        'failures': tuple(sorted(v.claim.id for v in verdicts if not v.good)),
        'metrics': {v.claim.id: float(v.measured) for v in verdicts},
    }


def _ended(text: str) -> dict[str, Any]:
  """Returns the failure of what ended with a text and named no test case."""
  return {'failures': (f'run: {probes.raised(text) or "failed"}',)}


def read_junit(folder: pathlib.Path) -> set[str]:
  """Reads which test cases failed.

  Args:
    folder: Where Bazel keeps what a test left.

  Returns:
    Each with its exception; none if the test was ended before it could tell.

  Raises:
    probes.BrokenError: A file is no JUnit file.
  """
  failures: set[str] = set()
  for path in folder.rglob('test.xml'):
    if not path.stat().st_size:  # A test that was killed had just begun it.
      continue
    try:
      root = ElementTree.parse(path)
    except ElementTree.ParseError as error:
      raise probes.BrokenError(f'{path} is no JUnit file: {error}') from error
    for case in root.iter('testcase'):
      for fault in (*case.findall('failure'), *case.findall('error')):
        # Bazel gives no type where it writes the file for the test.
        if kind := _TYPE.search(fault.get('type', '')):
          group = case.get('classname', '').rpartition('.')[2]
          failures.add(f'{group}.{case.get("name", "")}: {kind[1]}')
  return failures


def tested(
    bazel: draw.Bazel, target: str, options: Sequence[str]
) -> dict[str, Any]:
  """Runs a Bazel test, and once more if it was killed for its time.

  Args:
    bazel: How Bazel is called.
    target: The label of the test.
    options: Of `bazel test`.

  Returns:
    Its `failures`, and as `metrics` what claims measured.

  Raises:
    probes.BrokenError: Bazel itself failed.
  """
  for _ in range(2):
    try:
      test = suite.run(bazel, [target], options, capture=True).tests[target]
    except suite.NotLoadedError as error:
      return _ended(str(error))
    except errors.InputError as error:
      raise probes.BrokenError(errors.one_line(error)) from error
    if test.status != _TIMED_OUT:
      break
  if test.status == _TIMED_OUT:
    return {'failures': ('run: timed out',)}
  failures = {claim['claim'] for claim in test.claims if not claim['good']}
  if not test.good and not failures and test.status != suite.NOT_BUILT:
    name = target.removeprefix('//').replace(':', '/')
    failures = read_junit(bazel.root / 'bazel-testlogs' / name)
  if not test.good and not failures:
    return _ended(test.log)
  return {
      'failures': tuple(sorted(failures)),
      'metrics': {c['claim']: float(c['measured']) for c in test.claims},
  }
