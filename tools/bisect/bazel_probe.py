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
are the claims or test cases of its JUnit file, or the exception that ended it.
With another seed a convergence test is trained by that seed; another test is
just run again. One that was killed for its time is run once more: a machine
with other work does that too.
"""

import contextlib
import dataclasses
import pathlib
import re
import shutil
import subprocess
from typing import Any, Iterator, Sequence
from xml.etree import ElementTree

from tfmot_contrib import errors
from tfmot_contrib.convergence import verdict
from tools.base import git
from tools.bisect import axes
from tools.bisect import probe as probes
from tools.env import environment
from tools.suite import draw
from tools.suite import suite

LABEL = re.compile(r'//[\w/.-]*:[\w.-]+')
_TYPE = re.compile(r"(\w+)(?:'>)?$")
_PASSED, _TEST_FAILED = 0, 3  # Exit codes of Bazel.
_LATE = '-- Test timed out at '  # As Bazel ends the log.
_TIMED_OUT = 'run: timed out'


class BazelProbe(probes.Probe):
  """Runs a Bazel test.

  Attributes:
    target: The label of the test.
    bazel: How Bazel is called.
  """

  def __init__(self, target: str, bazel: draw.Bazel):
    """Checks that there is such a test.

    Args:
      target: Its label.
      bazel: How Bazel is called.

    Raises:
      errors.InputError: There is none.
    """
    if not LABEL.fullmatch(target):
      raise errors.InputError(
          f'--target {target} is no label of one test, such as'
          ' //tfmot_contrib/pruning:pruning_test'
      )
    self.target = target
    self.bazel = bazel
    self._stack = contextlib.ExitStack()
    self._copy: draw.Bazel | None = None
    done = bazel('query', f'tests({target})', capture=True)
    if done.returncode or target not in done.stdout.split():
      raise errors.InputError(
          f'--target {target} is no test: bazel query "tests(//...)" lists them'
      )
    self._test: draw.Test | None = None
    with contextlib.suppress(errors.InputError):  # Then it has no seeds.
      self._test = draw.find(bazel, target)
      package = target.partition(':')[0]
      names = f'^{re.escape(target)}_seed[0-9]+_record$'
      pattern = f'filter("{names}", {package}:*)'
      listed = bazel('query', pattern, capture=True).stdout.split()
      self.seeds = 1 + len(listed)

  def close(self) -> None:
    """Removes the copy of the project, if one was made."""
    self._stack.close()

  def _with(self, combination: axes.Combination) -> draw.Bazel:
    """Returns Bazel with a combination, in a copy for another mirror."""
    bazel = self.bazel
    if (mirror := combination[axes.MIRROR]) != axes.HERE:
      if self._copy is None:
        self._copy = self._stack.enter_context(draw.copy_of(bazel.root))
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
    if failed := _not_built(bazel('build', *labels, capture=True)):
      return failed
    shown = draw.draw(bazel, test, [seed])
    technique = bazel.root / 'tfmot_contrib' / test.folder / 'technique.yaml'
    _, verdicts = verdict.judged(technique, test.row, shown)
    return {
        'failures': tuple(sorted(v.claim.id for v in verdicts if not v.good)),
        'metrics': {v.claim.id: float(v.measured) for v in verdicts},
    }


def _cases(path: pathlib.Path) -> Iterator[ElementTree.Element]:
  """Yields the test cases of a JUnit file."""
  try:
    yield from ElementTree.parse(path).iter('testcase')
  except (OSError, ElementTree.ParseError) as error:
    raise probes.BrokenError(f'{path} is no JUnit file: {error}') from error


def _of_log(path: pathlib.Path) -> str:
  """Returns what went wrong with a test that left no JUnit file of its own."""
  log = path.with_name('test.log')
  text = log.read_text(encoding='utf-8', errors='replace')
  if _LATE in text:
    return _TIMED_OUT
  return f'run: {probes.raised(text) or "failed"}'


def read_junit(folder: pathlib.Path) -> dict[str, Any]:
  """Reads what a test left.

  Args:
    folder: Where Bazel keeps it.

  Returns:
    Its `failures`, and as `metrics` what claims measured.

  Raises:
    probes.BrokenError: There is no such file.
  """
  failures: set[str] = set()
  metrics: dict[str, float] = {}
  files: Sequence[pathlib.Path] = sorted(folder.rglob('test.xml'))
  if not files:
    raise probes.BrokenError(f'there is no test.xml in {folder}')
  for path in files:
    if not path.stat().st_size:  # A test that was killed had just begun it.
      failures.add(_of_log(path))
      continue
    for case in _cases(path):
      name = case.get('name', '')
      for fault in (*case.findall('failure'), *case.findall('error')):
        kind = _TYPE.search(fault.get('type', ''))
        if kind:
          group = case.get('classname', '').rpartition('.')[2]
          failures.add(f'{group}.{name}: {kind[1]}')
        elif case.get('classname'):
          failures.add(name)  # A claim.
        else:  # Written by Bazel, for a test that left none.
          failures.add(_of_log(path))
      for found in case.iter('property'):
        if found.get('name') == 'measured':
          metrics[name] = float(found.get('value', 'nan'))
  return {'failures': tuple(sorted(failures)), 'metrics': metrics}


def _not_built(done: subprocess.CompletedProcess[str]) -> dict[str, Any] | None:
  """Returns the failure of what Bazel could not build.

  Args:
    done: Bazel, which ended.

  Returns:
    The failure, or None if all was built.

  Raises:
    probes.BrokenError: Bazel itself failed.
  """
  if done.returncode in (_PASSED, _TEST_FAILED):
    return None
  if done.returncode != draw.BUILD_FAILED:
    lines = done.stderr.strip().splitlines()[-3:]
    raise probes.BrokenError(
        f'bazel exit {done.returncode}: {" | ".join(lines)}'
    )
  return {'failures': (f'run: {probes.raised(done.stderr) or "failed"}',)}


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
    probes.BrokenError: Bazel itself failed, or the test left nothing.
  """
  name = target.removeprefix('//').replace(':', '/')
  found: dict[str, Any] = {}
  for _ in range(2):
    done = bazel('test', *options, target, capture=True)
    if failed := _not_built(done):
      return failed
    found = read_junit(bazel.root / 'bazel-testlogs' / name)
    if _TIMED_OUT not in found['failures']:
      break
  return found
