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

"""The history of a test: what each night saw, and whether growth adds up.

A file for each test and kind of processor, in the folder of the technique:
`history/cpu_avx2/TEST.jsonl`, a line for each night. `nox -s converge --
--remember` appends to it. What one night is too noisy to show, a drop that has
grown by less than the sequential test looks for, adds up in Page's chart
(`sequential.drift`).
"""

import datetime
import json
import pathlib
from typing import Any, Collection, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import reference
from tfmot_contrib.convergence import sequential

_KEYS = {'date', 'versions', 'weights', 'drops', 'words'}


def path_of(folder: pathlib.Path, test: str, run: record.Run) -> pathlib.Path:
  """Returns where the history of a run is, as `reference.path_of`."""
  there = reference.path_of(folder, test, run)
  return folder / 'history' / there.parent.name / f'{test}.jsonl'


def night(
    runs: Sequence[record.Record],
    verdicts: Sequence[judge.Verdict],
    date: datetime.date,
) -> dict[str, Any]:
  """Returns the line of a night.

  Args:
    runs: One for each seed.
    verdicts: On them.
    date: Of the night.

  Returns:
    `date`, `versions`, `weights` (a digest for each seed), `drops` (the mean of
    each, in points) and `words` (of each claim that decides).
  """
  return {
      'date': date.isoformat(),
      'versions': runs[0].versions,
      'weights': [run.weights for run in runs],
      'drops': {
          v.claim.id: v.measured for v in verdicts if v.claim.relation == 'drop'
      },
      'words': {v.claim.id: v.word for v in verdicts if not v.claim.reported},
  }


def append(path: pathlib.Path, line: dict[str, Any]) -> None:
  """Remembers a night.

  Args:
    path: The file; it and its folder are made.
    line: From `night`.

  Raises:
    errors.InputError: It cannot be written.
  """
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'a', encoding='utf-8') as stream:
      stream.write(json.dumps(line, sort_keys=True) + '\n')
  except OSError as error:
    raise errors.InputError(f'cannot write {path}: {error.strerror}') from error


def read(
    path: pathlib.Path, keys: Collection[str] = _KEYS
) -> list[dict[str, Any]]:
  """Reads a history.

  Args:
    path: The file.
    keys: Of a line.

  Returns:
    The nights, the oldest first; none without a file.

  Raises:
    errors.InputError: A line is no night.
  """
  if not path.exists():
    return []
  nights = []
  lines = path.read_text(encoding='utf-8').splitlines()
  for number, line in enumerate(lines, start=1):
    try:
      value = json.loads(line)
    except ValueError:
      value = None
    if not isinstance(value, dict) or set(value) != set(keys):
      raise errors.InputError(
          f'{path}: line {number} is no night: restore it with git'
      )
    nights.append(value)
  return nights


def drift(
    nights: Sequence[dict[str, Any]],
    own: reference.Reference,
    family: Sequence[reference.Reference] = (),
) -> dict[str, list[float]]:
  """Returns Page's chart of each drop.

  Args:
    nights: The oldest first. One with the weights of an earlier one is no new
      evidence, so it is passed over; so is one before the reference was made.
    own: The reference of the test.
    family: Those that share its deviation.

  Returns:
    By claim, the sum after each night, in deviations.
  """
  seen, new = set(), []
  for one in nights:
    weights = tuple(one['weights'])
    if weights not in seen and one['date'] >= own.history[-1]['date']:
      new.append(one)
    seen.add(weights)
  return {
      claim: sequential.drift(
          [one['drops'][claim] for one in new if claim in one['drops']],
          own.noise(claim, family),
      )
      for claim in own.seeds[0].drops
  }


def alarms(sums: dict[str, list[float]]) -> list[str]:
  """Returns a line for each drop that drifts.

  Args:
    sums: From `drift`.

  Returns:
    The lines.
  """
  return [
      f'{claim} drifts: growth has added up to {values[-1]:.1f} deviations in'
      f' {len(values)} nights (alarm {sequential.DRIFTED:g}); bisect, or make a'
      ' new reference with a reason'
      for claim, values in sums.items()
      if values and values[-1] >= sequential.DRIFTED
  ]
