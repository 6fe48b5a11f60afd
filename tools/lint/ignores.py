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

"""Exceptions to rules: beside the line, or in pyproject.toml for whole files.

A comment that says `lint: ignore`, the rule in brackets and a reason covers its
line; alone in a line, the next one too. Those of pyproject.toml have the form
of `tools/base/exceptions.py`.
"""

import re
import tomllib
from typing import Iterator, NamedTuple, Sequence

from tools.base import exceptions
from tools.lint import tree

_SOURCE = 'pyproject.toml, [[tool.tfmot_models.lint.exceptions]]'
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
  if _MARK not in file.data:
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


def _of_whole_files(project: tree.Project) -> list[exceptions.Entry]:
  """Returns the exceptions of pyproject.toml."""
  file = project.files.get('pyproject.toml')
  found = tomllib.loads(file.text if file else '')
  for key in ('tool', 'tfmot_models', 'lint', 'exceptions'):
    found = found.get(key, {})
  return exceptions.parse(found or [], _SOURCE)


def without(
    project: tree.Project, findings: Sequence[tree.Finding], everything: bool
) -> list[tree.Finding]:
  """Returns findings without those that are accepted.

  Args:
    project: The project.
    findings: What was found.
    everything: Whether this is all there is, so that an exception that nothing
      is found by is a finding too.

  Returns:
    The rest, sorted.

  Raises:
    errors.InputError: An exception of pyproject.toml is not as it has to be, or
      accepts nothing.
  """
  whole = _of_whole_files(project)
  if everything:
    faults = [(finding.rule, finding.path) for finding in findings]
    exceptions.refuse_unused(whole, faults, _SOURCE)
  beside = {
      (path, line, ignore.rule): ignore
      for path, file in project.files.items()
      for ignore in inline(file)
      for line in ignore.lines
  }
  left, used = set(), set()
  for finding in findings:
    ignore = beside.get((finding.path, finding.line, finding.rule))
    used.add((finding.path, ignore))
    accepted = (
        ignore
        and ignore.reason
        or exceptions.covering(whole, finding.rule, finding.path)
    )
    if not accepted:
      left.add(finding)
  for (path, _, _), ignore in beside.items():
    if everything and (path, ignore) not in used:
      message = f'{ignore.rule} finds nothing here: take this out'
      left.add(tree.Finding(path, ignore.line, 'ignore-reason', message))
  return sorted(left)
