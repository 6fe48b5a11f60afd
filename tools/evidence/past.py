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

"""What was seen over versions: signed evidence and the nights."""

import pathlib
from typing import Sequence

from tools.evidence import nights
from tools.evidence import signatures

Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def tables(root: pathlib.Path) -> dict[str, Table]:
  """Returns what was seen with other versions.

  Args:
    root: The folder of the project.

  Returns:
    By title, a header and lines of cells; no lines where nothing was seen.

  Raises:
    errors.InputError: A file is no evidence, or no history.
  """
  return {'Over versions': _signed(root), 'Nights': _nights(root)}


def _signed(root: pathlib.Path) -> Table:
  """Returns what was signed of each test."""
  body = []
  for one in signatures.collect(root):
    drops = [
        f'{claim["measured"]:.2f}'
        for claim in one['claims']
        if claim['kind'] == 'accuracy'
    ]
    bad = len(signatures.bad_claims(one))
    said = f'{bad} not good' if bad else f'all {len(one["claims"])} good'
    body.append([
        one['test'],
        one['tfmot'],
        one['tensorflow'],
        f'{one["party"]}, {one["role"]}',
        ', '.join(drops),
        said,
    ])
  header = ('test', 'TFMOT', 'TensorFlow', 'signed by', 'drop', 'claims')
  return header, sorted(body)


def _nights(root: pathlib.Path) -> Table:
  """Returns the nights, the newest first."""
  body = []
  for night in reversed(nights.read(root)):
    statuses = list(night['tests'].values())
    passed = sum(status == 'PASSED' for status in statuses)
    body.append([
        night['date'],
        night['channel'],
        ', '.join(f'{k} {v}' for k, v in night['versions'].items()),
        f'{passed} of {len(statuses)} tests pass',
        'green' if night['green'] else 'red',
    ])
  return ('night', 'channel', 'versions', 'tests', ''), body
