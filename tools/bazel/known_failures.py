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

"""The known failures of upstream's tests: the list, and the judgement.

`upstream_tests.py` runs upstream's test files; what they did is compared here
with `official/known_failures.yaml`, both ways: a failure that is not listed is
an error, and so is a listed one that is gone or that has another reason.
"""

import dataclasses
import fnmatch
import pathlib
from typing import Iterable, Mapping

import yaml

from tfmot_contrib import errors
from tools.base import exceptions

# Why a file as a whole fails. These words stand in known_failures.yaml.
IMPORT = 'import'
NO_TEST = 'no_test'
CRASH = 'crash'
KINDS = {
    IMPORT: 'stops before its first test',
    NO_TEST: 'runs no test',
    CRASH: 'dies',
}


@dataclasses.dataclass(frozen=True)
class Known:
  """What is known to fail in one file.

  Attributes:
    kind: Why the whole file fails, or None when it is some of its tests.
    error: A pattern of its output then.
    tests: Of each failing test `Class.test` a pattern of its message.
  """

  kind: str | None = None
  error: str = ''
  tests: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Outcome:
  """What one file did.

  Attributes:
    file: As in known_failures.yaml: `official/…_test.py`.
    kind: Why the file as a whole failed, or None.
    ended: How its process ended.
    passed: The names `Class.test` of the tests that passed.
    skipped: Those that skipped themselves.
    failed: The message of each that failed.
    seconds: How long it took.
    log: The last lines of its output.
  """

  file: str
  kind: str | None
  ended: str
  passed: frozenset[str]
  skipped: frozenset[str]
  failed: Mapping[str, str]
  seconds: float
  log: str


def read(path: str) -> dict[str, Known]:
  """Reads the list of known failures.

  Args:
    path: A YAML file in the form of `tools/base/exceptions.py`: `what` is a
      pattern of the message, and each place FILE::Class.test, or FILE:: and a
      word of `KINDS`.

  Returns:
    What is known of each file.

  Raises:
    errors.InputError: The file is missing or not of that form, or lists
      something twice.
  """
  try:
    content = yaml.safe_load(pathlib.Path(path).read_text(encoding='utf-8'))
  except OSError as error:
    raise errors.InputError(f'cannot read {path}: {error.strerror}') from error
  except yaml.YAMLError as error:
    raise errors.InputError(f'{path} is no YAML: {error}') from error
  known: dict[str, Known] = {}
  for entry in exceptions.parse(content, path):
    for place in entry.where:
      file, _, test = place.partition('::')
      old = known.get(file, Known())
      if test not in KINDS and '.' not in test:
        raise errors.InputError(
            f'{path}: {place} must be FILE::Class.test, or FILE:: and one of'
            f' {", ".join(KINDS)}'
        )
      if old.kind or test in old.tests or (test in KINDS and old.tests):
        raise errors.InputError(f'{path}: {place} is listed twice')
      if test in KINDS:
        known[file] = Known(kind=test, error=entry.what)
      else:
        known[file] = Known(tests={**old.tests, test: entry.what})
  return known


def judge(outcome: Outcome, known: Known, listed_in: str) -> list[str]:
  """Compares what a file did with what is known of it.

  Args:
    outcome: What it did.
    known: What is listed.
    listed_in: The file that lists it, for the messages.

  Returns:
    A line for each difference; none when all is as listed.
  """
  if outcome.kind:
    return _judge_file(outcome, known, listed_in)
  file = outcome.file
  mended = f'delete its entry from {listed_in}'
  lines = []
  if known.kind:
    lines.append(f'{file} runs, but is listed as {known.kind}: {mended}')
  for test, message in sorted(outcome.failed.items()):
    said = errors.one_line(message)[:200]
    if test not in known.tests:
      lines.append(
          f'{file}: {test} fails: {said}: mend it, or list it in {listed_in}'
      )
    elif not fnmatch.fnmatchcase(message, known.tests[test]):
      lines.append(
          f'{file}: {test} fails for another reason than {listed_in} says:'
          f' {said}'
      )
  for test in sorted(set(known.tests) - set(outcome.failed)):
    if test in outcome.passed:
      lines.append(f'{file}: {test} passes, so it is mended: {mended}')
    elif test in outcome.skipped:
      lines.append(f'{file}: {test} is skipped, so it cannot fail: {mended}')
    else:
      lines.append(f'{file}: {test} does not exist: {mended}')
  return lines


def _judge_file(outcome: Outcome, known: Known, listed_in: str) -> list[str]:
  """Does what `judge` does for a file that fails as a whole."""
  does = f'{outcome.file} {KINDS[outcome.kind]} ({outcome.ended})'
  if outcome.kind != known.kind:
    return [f'{does}: mend it, or list it in {listed_in} as {outcome.kind}']
  if not fnmatch.fnmatchcase(f'{does}\n{outcome.log}', known.error):
    return [f'{does} for another reason than {listed_in} says']
  return []


def strangers(
    known: Iterable[str], files: Iterable[str], listed_in: str
) -> list[str]:
  """Returns a line for each listed file that is none of `files`."""
  return [
      f'{file} is in no target of //official: mend or delete its entry in'
      f' {listed_in}'
      for file in sorted(set(known) - set(files))
  ]
