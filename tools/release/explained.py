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

"""Failures of the night that are explained, and until when.

`explained.yaml` is a list. An entry has the `test` (a label, which may have *),
a `pattern` that its log or verdicts have, the `reason`, the `url` of an issue
and the last day, `until`, on which the explanation holds.
"""

import dataclasses
import datetime
import fnmatch
import pathlib
import re
from typing import Iterable, Sequence

import yaml

from tfmot_contrib import errors
from tools.release import suite

FILE = pathlib.Path('tools/release/explained.yaml')
_KEYS = {'test', 'pattern', 'reason', 'url', 'until'}


@dataclasses.dataclass(frozen=True)
class Explanation:
  """Why a test may fail for a while.

  Attributes:
    test: Its label; * stands for anything.
    pattern: A regular expression that its log or verdicts have.
    reason: Why it fails.
    url: Of the issue.
    until: The last day on which that is accepted.
  """

  test: str
  pattern: str
  reason: str
  url: str
  until: datetime.date

  def covers(self, labels: Iterable[str]) -> bool:
    """Returns whether it is about one of some tests."""
    return any(fnmatch.fnmatchcase(label, self.test) for label in labels)

  def matches(self, test: suite.Test) -> bool:
    """Returns whether a test failed as it says."""
    text = f'{test.why}\n{test.log}'
    return self.covers([test.label]) and bool(re.search(self.pattern, text))


def read(path: pathlib.Path) -> list[Explanation]:
  """Reads the explanations.

  Args:
    path: The file.

  Returns:
    Them; none without a file.

  Raises:
    errors.InputError: The file is broken, or an entry says too little.
  """
  if not path.exists():
    return []
  try:
    entries = yaml.safe_load(path.read_text(encoding='utf-8')) or []
  except yaml.YAMLError as error:
    raise errors.InputError(f'{path} is no YAML: {error}') from error
  if not isinstance(entries, list):
    raise errors.InputError(f'{path} is no list of explanations')
  found = []
  for number, entry in enumerate(entries, start=1):
    where = f'{path}: entry {number}'
    if not isinstance(entry, dict) or set(entry) != _KEYS:
      raise errors.InputError(f'{where} needs just {", ".join(sorted(_KEYS))}')
    if type(entry['until']) is not datetime.date:  # A time is a date too.
      raise errors.InputError(f'{where}: until is no day: {entry["until"]}')
    for key in sorted(_KEYS - {'until'}):
      if not isinstance(entry[key], str) or not entry[key].strip():
        raise errors.InputError(f'{where}: {key} is empty or no text')
    if not entry['url'].startswith('https://'):
      raise errors.InputError(f'{where}: url is no link: {entry["url"]}')
    try:
      re.compile(entry['pattern'])
    except re.error as error:
      raise errors.InputError(f'{where}: pattern: {error}') from error
    if re.search(entry['pattern'], '') is not None:
      raise errors.InputError(f'{where}: pattern explains any failure')
    found.append(Explanation(**entry))
  return found


def of_test(
    explanations: Sequence[Explanation], test: suite.Test, today: datetime.date
) -> Explanation | None:
  """Returns why a test has failed, if that is explained today."""
  for one in explanations:
    if one.matches(test) and today <= one.until:
      return one
  return None
