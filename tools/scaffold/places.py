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

"""Enters a new technique where the project lists its techniques.

Each list is sorted, and a name goes to its place. A list that cannot be found
is an error, so that a change of one of these files is seen here and not by the
next contributor.
"""

import pathlib
import re
from typing import Callable

from tfmot_contrib import errors

PLACEMENT = 'docs/placement.md'
_MEND = 'enter the technique by hand, and mend tools/scaffold/places.py'


def insert(text: str, pattern: str, line: str, where: str) -> str:
  """Puts a line among others like it, sorted.

  Args:
    text: Of the file.
    pattern: A regular expression of one group, which is the list.
    line: With its indent, without a line break.
    where: The list in words, for the message.

  Returns:
    The text with the line.

  Raises:
    errors.InputError: There is no such list, or more than one.
  """
  found = list(re.finditer(pattern, text, re.MULTILINE))
  if len(found) != 1:
    raise errors.InputError(f'{where} is not where it was: {_MEND}')
  begin, end = found[0].span(1)
  lines = text[begin:end].splitlines()
  place = next((i for i, other in enumerate(lines) if other > line), len(lines))
  lines.insert(place, line)
  return f'{text[:begin]}{chr(10).join(lines)}\n{text[end:]}'


def _line(pattern: str, line: str, where: str) -> Callable[[str, str], str]:
  """Returns what adds the line of a technique to a list, as `insert`."""
  return lambda text, name: insert(text, pattern, line.format(name=name), where)


def _contrib_build(text: str, name: str) -> str:
  """Adds the folder to what registers and tests all folders."""
  text = insert(
      text,
      r'^_TECHNIQUES = \[\n((?:    ".*\n)+)\]$',
      f'    "{name}",',
      '_TECHNIQUES of tfmot_contrib/BUILD',
  )
  return insert(
      text,
      r'srcs = \["registry_imports\.py"\],\n    deps = \[\n'
      r'(?:        "//tfmot_contrib/baselines.*\n)+'
      r'((?:        "//tfmot_contrib/.*:experiments",\n)+)',
      f'        "//tfmot_contrib/{name}:experiments",',
      'registry_imports of tfmot_contrib/BUILD',
  )


def _decisions(placement: str) -> Callable[[str, str], str]:
  """Adds a line to the decisions on where examples live."""
  return lambda text, name: insert(
      text,
      r'^<!-- decisions:begin -->\n\| .*\n\| ---.*\n((?:\| .*\n)+)'
      r'<!-- decisions:end -->$',
      f'| `{name}` | {placement} | TODO | TODO | TODO |',
      'the table of decisions of docs/placement.md',
  )


_FOLDERS = r'^_FOLDERS = \(\n((?:    ".*\n)+)\)$', '    "{name}",'
_PLACES: dict[str, Callable[[str, str], str]] = {
    'pyproject.toml': _line(
        r'^name = "a technique knows no other"\ntype = "independence"\n'
        r'modules = \[\n((?:  ".*\n)+)\]$',
        '  "tfmot_contrib.{name}",',
        'the contract between techniques in pyproject.toml',
    ),
    'tfmot_contrib/README.md': _line(
        r'^\| \[`baselines/`\].*\n((?:\| \[`\w+/`\]\(\w+/README\.md\).*\n)+)',
        '| [`{name}/`]({name}/README.md) | a technique |',
        'the table of folders of tfmot_contrib/README.md',
    ),
    'tfmot_contrib/registry_imports.py': _line(
        r'((?:^from tfmot_contrib\.\w+ import experiments as'
        r' (?!baselines).+\n)+)',
        'from tfmot_contrib.{name} import experiments as {name}',
        'the imports of tfmot_contrib/registry_imports.py',
    ),
    'tfmot_contrib/registry_imports_test.py': _line(
        r'^_KINDS = \{\n((?:    .*\n)+)\}$',
        "    '{name}': {{'': '{name}'}},",
        '_KINDS of tfmot_contrib/registry_imports_test.py',
    ),
    'tfmot_contrib/BUILD': _contrib_build,
    'tools/report/BUILD': _line(*_FOLDERS, '_FOLDERS of tools/report/BUILD'),
    'tools/faults/BUILD': _line(*_FOLDERS, '_FOLDERS of tools/faults/BUILD'),
}


def edits(root: pathlib.Path, name: str, placement: str) -> dict[str, str]:
  """Returns what the files that list techniques become.

  Args:
    root: The folder of the project.
    name: Of the new technique.
    placement: Where its example lives.

  Returns:
    By path relative to the root, the whole text.

  Raises:
    errors.InputError: A file or its list is not there.
  """
  result = {}
  for path, edit in {**_PLACES, PLACEMENT: _decisions(placement)}.items():
    try:
      text = (root / path).read_text(encoding='utf-8')
    except OSError as error:
      raise errors.InputError(
          f'cannot read {path}: {error.strerror}; restore it with git'
      ) from error
    result[path] = edit(text, name)
  return result


def missing(root: pathlib.Path, name: str) -> list[str]:
  """Returns the files that should name a technique and do not."""
  word = re.compile(rf'\b{name}\b')
  return [
      path
      for path in (*_PLACES, PLACEMENT)
      if not word.search((root / path).read_text(encoding='utf-8'))
  ]
