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

"""Runs one combination once, by a command of the user.

A command is for what is no Bazel test, which `bazel_probe` runs. It ends with 0
for good, 125 for "cannot be tested", anything else for a failure, as for
`git bisect run`; which failure, the last line of its output says as JSON,
`{"failures": [...], "metrics": {}}`, or else the exception on its standard
error.
"""

import contextlib
import json
import os
import re
import shlex
import subprocess
from typing import Any, Callable, Mapping

from tfmot_contrib import errors
from tools.bisect import axes
from tools.bisect import builds
from tools.env import environment
from tools.env import lock

_RAISED = re.compile(r'^\s*(?:[\w.]+\.)?(\w+(?:Error|Exception))\b:?', re.M)
_SAID = re.compile(r'^(error):', re.M)  # As this project's own programs.
_SKIP = 125  # As of `git bisect run`.
PLACES = ('seed', 'tree', 'wheel', 'python', *axes.AXES)


class BrokenError(Exception):
  """What runs the combinations is broken: nothing may be concluded."""


class Probe:
  """Runs combinations.

  Attributes:
    seeds: How many seeds there are, or None for as many as it takes.
  """

  seeds: int | None = None

  def run(self, combination: axes.Combination, seed: int) -> dict[str, Any]:
    """Runs a combination.

    Args:
      combination: A value for each axis.
      seed: Of the run, from 1.

    Returns:
      Its `failures` and `metrics`, or why it is `unusable`.

    Raises:
      errors.InputError: It cannot be had, so it is unusable.
      BrokenError: What runs it is broken.
    """
    raise NotImplementedError


def raised(text: str) -> str:
  """Returns the last exception that a text tells of, or nothing."""
  found = _RAISED.findall(text) or _SAID.findall(text)
  return found[-1] if found else ''


def settings(combination: Mapping[str, str]) -> dict[str, str]:
  """Returns the settings of the environment for a combination."""
  tensorflow = combination[axes.TENSORFLOW]
  try:
    environment.lock_of(axes.TENSORFLOW, tensorflow)
  except errors.InputError:
    lock.lock_tensorflow(tensorflow)
  wheel = builds.wheel(combination[axes.TFMOT])
  return {'tensorflow': tensorflow, 'tfmot': str(wheel)}


class CommandProbe(Probe):
  """Runs a command.

  Attributes:
    words: The command, with places such as {tree} in it.
  """

  def __init__(self, command: str):
    """Reads the command.

    Args:
      command: As a shell would read it.

    Raises:
      errors.InputError: It is empty, or a quote is open.
    """
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
        'python': lambda: environment.make(settings(combination)).python,
    }
    words = []
    for word in self.words:
      for name in PLACES:
        if f'{{{name}}}' in word:
          value = make[name]() if name in make else combination[name]
          word = word.replace(f'{{{name}}}', str(value))
      words.append(word)
    env = {**os.environ, 'BISECT_SEED': str(seed)}
    try:
      done = subprocess.run(
          words,
          capture_output=True,
          check=False,
          encoding='utf-8',
          errors='replace',
          env=env,
      )
    except OSError as error:
      raise BrokenError(f'cannot run {words[0]}: {error.strerror}') from error
    return _said(done)


def _said(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
  """Returns what a command said by its exit code and its last line."""
  if done.returncode == _SKIP:
    lines = (done.stderr or done.stdout).strip().splitlines()
    return {'unusable': lines[-1] if lines else 'the command says so'}
  if done.returncode < 0:
    raise BrokenError(f'the command was killed by signal {-done.returncode}')
  said: Any = None
  lines = done.stdout.strip().splitlines() or ['']
  with contextlib.suppress(ValueError):
    said = json.loads(lines[-1], parse_int=float)
  said = said if isinstance(said, dict) else {}
  failures, metrics = said.get('failures', []), said.get('metrics', {})
  if (
      not isinstance(failures, list)
      or not isinstance(metrics, dict)
      or not all(isinstance(name, str) for name in failures)
      or not all(isinstance(value, float) for value in metrics.values())
  ):
    raise BrokenError(
        f'the command says {lines[-1][:200]}, where failures are no list of'
        ' names or metrics are no numbers by name: have it print'
        ' {"failures": ["a"], "metrics": {"b": 0.5}}'
    )
  if done.returncode and not failures:
    name = raised(done.stderr) or 'failure'
    failures = [f'exit {done.returncode}: {name}']
  return {'failures': tuple(sorted(failures)), 'metrics': metrics}
