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

"""Reads the decisions on where the examples of techniques live.

docs/placement.md has a line for each technique: where, by which criterion, why,
and where that was decided.
"""

import pathlib
import re
from typing import NamedTuple

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims

PATH = 'docs/placement.md'
_TABLE = re.compile(
    r'<!-- decisions:begin -->\n(.*)<!-- decisions:end -->', re.DOTALL
)
_LINE = re.compile(r'\| `(\w+)` \| (.*) \|')


class Decision(NamedTuple):
  """Where an example lives.

  Attributes:
    place: `fork` or `official`.
    criterion: By which of docs/placement.md.
    why: In a sentence.
    decided: Where, such as the URL of the RFC.
  """

  place: str
  criterion: str
  why: str
  decided: str

  @property
  def open(self) -> bool:
    """Whether somebody has yet to say something."""
    return any(part.strip() in ('', 'TODO') for part in self._asdict().values())


def read(root: pathlib.Path) -> dict[str, Decision]:
  """Returns the decisions by technique.

  Args:
    root: The folder of the project.

  Returns:
    What docs/placement.md says.

  Raises:
    errors.InputError: There is no such table, or a line is malformed.
  """
  try:
    text = (root / PATH).read_text(encoding='utf-8')
  except OSError as error:
    raise errors.InputError(
        f'cannot read {PATH}: {error.strerror}; restore it with git'
    ) from error
  table = _TABLE.search(text)
  if not table:
    raise errors.InputError(f'{PATH} has no table of decisions: restore it')
  result = {}
  for line in table[1].splitlines()[2:]:
    match = _LINE.fullmatch(line)
    parts = match[2].split(' | ') if match else []
    if len(parts) != len(Decision._fields):
      raise errors.InputError(
          f'{PATH}: {line[:60]!r} has not the columns of the table'
      )
    if match[1] in result:
      raise errors.InputError(f'{PATH} decides on {match[1]} twice')
    result[match[1]] = Decision(*parts)
  return result


def differences(root: pathlib.Path) -> list[str]:
  """Returns where the decisions and the technique folders differ.

  Args:
    root: The folder of the project.

  Returns:
    A line for each difference.
  """
  decided = read(root)
  found = []
  folders = {}
  for path in sorted((root / 'tfmot_contrib').glob('*/technique.yaml')):
    folders[path.parent.name] = claims.read_technique(str(path))['placement']
  for name in sorted(folders.keys() ^ decided.keys()):
    where = 'no folder of' if name in decided else f'no line in {PATH} on'
    found.append(f'{name}: there is {where} it')
  for name, place in folders.items():
    if name in decided and decided[name].place != place:
      found.append(
          f'{name}: technique.yaml says {place}, {PATH} {decided[name].place}'
      )
  return found
