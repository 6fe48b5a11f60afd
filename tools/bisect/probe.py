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

"""Runs one combination once: a Bazel test, or a command of the user.

A Bazel test is run with the TFMOT and the TensorFlow of the combination as
settings. Its failures are the claims or test cases of its JUnit file, or the
exception that ended it. With another seed a convergence test is trained by
that seed; another test is just run again.

A command is for what is no Bazel test. It ends with 0 for good, 125 for "cannot
be tested", anything else for a failure, as for `git bisect run`; which failure,
the last line of its output says as JSON, `{"failures": [...], "metrics": {}}`,
or else the exception on its standard error.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import time
from typing import Any, Callable, Iterator, Mapping, Sequence
from xml.etree import ElementTree

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import verdict
from tools.bisect import axes
from tools.bisect import builds
from tools.bisect import signature
from tools.faults import inject
from tools.reference import draw
from tools.versions import bootstrap
from tools.versions import environment

LABEL = re.compile(r'//[\w/.-]*:[\w.-]+')
_RAISED = re.compile(r'^\s*(?:[\w.]+\.)?(\w+(?:Error|Exception)|error)\b:?', re.M)
_TYPE = re.compile(r"(\w+)(?:'>)?$")
_SKIP = 125  # As of `git bisect run`.
_PASSED, _BUILD_FAILED, _TEST_FAILED = 0, 1, 3  # Exit codes of Bazel.
_SMOKE = '_smoke'
_PLACES = ('seed', 'tree', 'wheel', 'python', *axes.AXES)


class Probe:
  """Runs combinations.

  Attributes:
    seeds: How many seeds there are, or None for as many as it takes.
  """

  seeds: int | None = None

  def __call__(
      self, combination: axes.Combination, seed: int
  ) -> signature.Run:
    """Runs a combination.

    Args:
      combination: A value for each axis.
      seed: Of the run, from 1.

    Returns:
      What came of it.
    """
    begun = time.monotonic()
    try:
      for axis, value in combination.items():
        builds.prepare(axis, value)
      found = self.run(combination, seed)
    except errors.InputError as error:
      found = {'unusable': errors.one_line(error)}
    seconds = round(time.monotonic() - begun, 2)
    return signature.Run(dict(combination), seed, seconds=seconds, **found)

  def run(self, combination: axes.Combination, seed: int) -> dict[str, Any]:
    """Returns `failures` and `metrics` of a run, or why it is `unusable`."""
    raise NotImplementedError


def raised(text: str) -> str:
  """Returns the last exception that a text tells of, or nothing."""
  found = _RAISED.findall(text)
  return found[-1] if found else ''


def _settings(combination: Mapping[str, str]) -> dict[str, str]:
  """Returns the settings of the environment for a combination."""
  return {
      'tensorflow': combination[axes.TENSORFLOW],
      'tfmot': str(builds.wheel(combination[axes.TFMOT])),
  }


class CommandProbe(Probe):
  """Runs a command.

  Attributes:
    words: The command, with places such as {tree} in it.
  """

  def __init__(self, command: str):
    try:
      self.words = shlex.split(command)
    except ValueError as error:
      raise errors.InputError(f'--command {command}: {error}') from error
    if not self.words:
      raise errors.InputError('--command is empty')

  def run(self, combination: axes.Combination, seed: int) -> dict[str, Any]:
    """Returns what the command said."""
    tfmot = combination[axes.TFMOT]
    make: dict[str, Callable[[], object]] = {
        'seed': lambda: seed,
        'tree': lambda: builds.tree(tfmot),
        'wheel': lambda: builds.wheel(tfmot),
        'python': lambda: environment.make(_settings(combination)).python,
    }
    words = []
    for word in self.words:
      for name in _PLACES:
        if f'{{{name}}}' in word:
          value = make[name]() if name in make else combination[name]
          word = word.replace(f'{{{name}}}', str(value))
      words.append(word)
    env = {**os.environ, 'BISECT_SEED': str(seed)}
    try:
      done = subprocess.run(
          words, capture_output=True, check=False, text=True, env=env
      )
    except OSError as error:
      raise Broken(f'cannot run {words[0]}: {error.strerror}') from error
    return _said(done)


class Broken(Exception):
  """What runs the combinations is broken: nothing may be concluded."""


def _said(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
  """Returns what a command said by its exit code and its last line."""
  if done.returncode == _SKIP:
    lines = (done.stderr or done.stdout).strip().splitlines()
    return {'unusable': lines[-1] if lines else 'the command says so'}
  if done.returncode < 0:
    raise Broken(f'the command was killed by signal {-done.returncode}')
  said: dict[str, Any] = {}
  lines = done.stdout.strip().splitlines()
  with contextlib.suppress(ValueError):
    last = json.loads(lines[-1]) if lines else {}
    said = last if isinstance(last, dict) else {}
  failures = [str(name) for name in said.get('failures', [])]
  if done.returncode and not failures:
    name = raised(done.stderr) or 'failure'
    failures = [f'exit {done.returncode}: {name}']
  metrics = {
      str(name): float(value)
      for name, value in dict(said.get('metrics', {})).items()
  }
  return {'failures': tuple(sorted(failures)), 'metrics': metrics}


class BazelProbe(Probe):
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
      pattern = f'filter("^{re.escape(target)}_seed[0-9]+_record$", {package}:*)'
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
        self._copy = self._stack.enter_context(inject.copy_of(bazel.root))
      bazel = self._copy
      shutil.rmtree(bazel.root / 'official')
      bootstrap.run(
          ['git', '-C', bazel.root, 'checkout', '-q', mirror, '--', 'official'],
          f'getting the mirror of {mirror}',
      )
    settings = _settings(combination)
    environment.make(settings)  # Says in one line why it cannot be.
    options = [f'--repo_env={k.upper()}={v}' for k, v in settings.items()]
    options.append('--repo_env=TFMOT_CLASHES=ignore')
    return dataclasses.replace(bazel, options=(*bazel.options, *options))

  def run(self, combination: axes.Combination, seed: int) -> dict[str, Any]:
    """Returns what the test said."""
    bazel = self._with(combination)
    options = []
    if combination[axes.TENSORFLOW] != environment.settings()['tensorflow']:
      options.append('--test_env=TFMOT_MODELS_REFERENCES=none')
    if self._test and seed > 1:
      return self._drawn(bazel, self._test, seed)
    if seed > 1:
      options.append(f'--test_env=BISECT_SEED={seed}')
    done = bazel('test', *options, self.target, capture=True)
    if done.returncode not in (_PASSED, _BUILD_FAILED, _TEST_FAILED):
      lines = done.stderr.strip().splitlines()[-3:]
      raise Broken(f'bazel exit {done.returncode}: {" | ".join(lines)}')
    if done.returncode == _BUILD_FAILED:
      return {'failures': (f'run: {raised(done.stderr) or "failed"}',)}
    name = self.target.removeprefix('//').replace(':', '/')
    return read_junit(bazel.root / 'bazel-testlogs' / name)

  def _drawn(
      self, bazel: draw.Bazel, test: draw.Test, seed: int
  ) -> dict[str, Any]:
    """Returns what a convergence test says of another seed."""
    labels = [test.baseline, *test.records(seed)]
    done = bazel('build', *labels, capture=True)
    if done.returncode:
      return {'failures': (f'run: {raised(done.stderr) or "failed"}',)}
    shown = draw.draw(bazel, test, [seed])
    name = test.name.removesuffix(_SMOKE)
    tier = 'smoke' if name != test.name else 'cpu'
    technique = bazel.root / 'tfmot_contrib' / test.folder / 'technique.yaml'
    own, family = verdict.references(technique, name, shown.runs[0])
    shown = dataclasses.replace(shown, reference=own, family=family)
    judge.check(shown)
    declared = claims.claims_of(str(technique), name, tier)
    verdicts = judge.judge(declared, shown)
    return {
        'failures': tuple(sorted(v.claim.id for v in verdicts if not v.good)),
        'metrics': {v.claim.id: float(v.measured) for v in verdicts},
    }


def _cases(path: pathlib.Path) -> Iterator[ElementTree.Element]:
  """Yields the test cases of a JUnit file."""
  try:
    yield from ElementTree.parse(path).iter('testcase')
  except (OSError, ElementTree.ParseError) as error:
    raise Broken(f'{path} is no JUnit file: {error}') from error


def read_junit(folder: pathlib.Path) -> dict[str, Any]:
  """Reads what a test left.

  Args:
    folder: Where Bazel keeps it.

  Returns:
    Its `failures`, and as `metrics` what claims measured.

  Raises:
    Broken: There is no such file.
  """
  failures: set[str] = set()
  metrics: dict[str, float] = {}
  files: Sequence[pathlib.Path] = sorted(folder.rglob('test.xml'))
  if not files:
    raise Broken(f'there is no test.xml in {folder}')
  for path in files:
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
          log = path.with_name('test.log')
          text = log.read_text(encoding='utf-8', errors='replace')
          failures.add(f'run: {raised(text) or "failed"}')
      for found in case.iter('property'):
        if found.get('name') == 'measured':
          metrics[name] = float(found.get('value', 'nan'))
  return {'failures': tuple(sorted(failures)), 'metrics': metrics}
