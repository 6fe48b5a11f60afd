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

"""Tables and marked regions of Markdown documents."""

import re
from typing import Iterable, Sequence

from tfmot_contrib import errors


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
  """Returns a table.

  Args:
    header: Of each column.
    rows: The cells of each row; a `|` in one is escaped.

  Returns:
    Lines, the last one with a newline.
  """

  def line(cells: Sequence[object]) -> str:
    escaped = (re.sub(r'(?<!\\)\|', r'\|', str(cell)) for cell in cells)
    return f'| {" | ".join(escaped)} |\n'

  rule = '| ' + ' | '.join(['---'] * len(header)) + ' |\n'
  return line(header) + rule + ''.join(map(line, rows))


def region(text: str, name: str, source: str) -> str:
  """Returns what stands in a marked region of a document.

  Args:
    text: The document.
    name: Of the region: it is between `<!-- NAME:begin -->` and `<!-- NAME:end
      -->`.
    source: The document's name, for a message.

  Returns:
    What is between the two lines.

  Raises:
    errors.InputError: There is no such region, or more than one.
  """
  return _split(text, name, source)[1]


def with_region(text: str, name: str, content: str, source: str) -> str:
  """Returns a document with another content of a marked region.

  Args:
    text: The document.
    name: Of the region; see `region`.
    content: What is to stand there.
    source: The document's name, for a message.

  Returns:
    The document.

  Raises:
    errors.InputError: There is no such region, or more than one.
  """
  before, _, after = _split(text, name, source)
  return before + content.rstrip('\n') + '\n' + after


def _split(text: str, name: str, source: str) -> tuple[str, str, str]:
  """Returns a document up to a region, the region, and the rest."""
  begin, end = f'<!-- {name}:begin -->\n', f'<!-- {name}:end -->'
  if text.count(begin) != 1 or text.count(end) != 1:
    raise errors.InputError(
        f'{source} must have the lines {begin.strip()} and {end} once each:'
        ' restore them with git'
    )
  before, _, rest = text.partition(begin)
  inside, found, after = rest.partition(end)
  if not found:
    raise errors.InputError(
        f'{source} has {end} before {begin.strip()}: restore them with git'
    )
  return before + begin, inside, found + after
