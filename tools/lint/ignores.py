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

"""Exceptions: beside the line, or in pyproject.toml for whole files.

A comment that says `lint: ignore`, the rule in brackets and a reason covers its
line; alone in a line, the next one too. docs/lint.md shows both ways.
"""

import re
from typing import Any, Iterator, NamedTuple, Sequence

from tfmot_contrib import errors
from tools.lint import tree

RULE = 'ignore-reason'
_MARK = b'lint: ' + b'ignore['
_INLINE = re.compile(
    r'(#|//|<!--)\s*lint: ' + r'ignore\[([\w-]+)\][ \t]*([^\n]*?)\s*(?:-->)?$'
)


class Ignore(NamedTuple):
  """An exception beside a line.

  Attributes:
    line: Where it is written.
    lines: The lines that it covers.
    rule: The identifier of the rule.
    reason: Why; may be empty, which is a finding of its own.
  """

  line: int
  lines: tuple[int, ...]
  rule: str
  reason: str


def inline(file: tree.File) -> Iterator[Ignore]:
  """Yields the exceptions of a file."""
  if _MARK not in file.data or file.text is None:
    return
  for number, line in enumerate(file.lines, 1):
    found = _INLINE.search(line)
    markdown = file.path.endswith('.md')
    if not found or markdown != (found[1] == '<!--'):
      continue
    if markdown and line.startswith('    '):  # Code that shows one.
      continue
    alone = not line[: found.start()].strip()
    lines = (number, number + 1) if alone else (number,)
    yield Ignore(number, lines, found[2], found[3])


class Exceptions:
  """All exceptions of a project, and which of them were of use."""

  def __init__(self, project: tree.Project, settings: Sequence[Any]):
    """Initializes the exceptions.

    Args:
      project: The project.
      settings: Those of pyproject.toml.

    Raises:
      errors.InputError: One of pyproject.toml has no rule, paths or reason.
    """
    self._inline = {
        path: list(inline(file)) for path, file in project.files.items()
    }
    self._used: set[tuple[str, int]] = set()
    self._whole: list[tuple[str, list[str]]] = []
    for entry in settings:
      if not all(entry.get(key) for key in ('rule', 'paths', 'reason')):
        raise errors.InputError(
            'pyproject.toml: each tool.tfmot_models.lint.ignore needs a rule,'
            f' paths and a reason, and not {entry}'
        )
      self._whole.append((entry['rule'], entry['paths']))

  def covers(self, finding: tree.Finding) -> bool:
    """Tells whether a finding is an exception."""
    for ignore in self._inline.get(finding.path, ()):
      if ignore.rule == finding.rule and finding.line in ignore.lines:
        self._used.add((finding.path, ignore.line))
        return bool(ignore.reason)
    return any(
        rule == finding.rule and tree.matches(finding.path, paths)
        for rule, paths in self._whole
    )

  def idle(self) -> Iterator[tree.Finding]:
    """Yields the exceptions beside lines that nothing was found in."""
    for path, ignores in self._inline.items():
      for ignore in ignores:
        if (path, ignore.line) not in self._used:
          message = f'{ignore.rule} finds nothing here: take this out'
          yield tree.Finding(path, ignore.line, RULE, message)
