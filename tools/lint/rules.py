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

"""The rules of this project that no tool has, over the text of one file.

A rule has a name, the files it is for, a check and perhaps a fix. It needs
neither a network nor a package, so that its test runs in the sandbox.
"""

import ast
import datetime
import itertools
import pathlib
import re
import sys
from typing import Callable, Iterable, Iterator, NamedTuple, Sequence

MAX_LINES = 500

_LICENSE = """\
# Copyright {year} The TFMOT Models Authors. All Rights Reserved.
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
"""
# Whoever holds the copyright: files may come from upstream with theirs.
_HEADER = re.compile(
    r'(#!.*\n)?# Copyright 20\d\d .+ All Rights Reserved\.\n'
    + re.escape(_LICENSE.split('\n', 1)[1])
)
_TIDY_SUFFIXES = ('.bzl', '.json', '.md', '.sh', '.toml', '.yaml', '.yml')
_TEST_MAIN = re.compile(
    r'^  (tf\.test|absltest|unittest|multi_process_runner)\.(test_)?main\(',
    re.MULTILINE,
)
# In two halves, so that this file does not break its own rule.
_HOSTS = (
    ('py', 'pi.org'),
    ('pytho', 'nhosted'),
    ('registry.np', 'mjs'),
    ('registry.yarn', 'pkg'),
    ('deb.debi', 'an'),
)
_PRIVATE = re.compile(
    '|'.join(re.escape(''.join(halves)) for halves in _HOSTS)
    + r'|(?<![\w.$})*/-])/(?:root|(?:home|Users)/\w+|work/(?:main|shared))/'
)


class Finding(NamedTuple):
  """A place where a rule is broken.

  Attributes:
    path: The file, relative to the root of the repository.
    line: Its line, from 1.
    rule: The identifier of the rule.
    message: What is wrong.
  """

  path: str
  line: int
  rule: str
  message: str

  def __str__(self) -> str:
    return f'{self.path}:{self.line}: {self.rule} {self.message}'


class Rule(NamedTuple):
  """A rule of this project.

  Attributes:
    name: Its identifier.
    applies: Tells from a path and a text whether the rule is for the file.
    check: Yields a line number and a message for each place that breaks it. Its
      docstring says what the rule asks and why.
    fix: Returns the text mended, where that can be done by machine.
  """

  name: str
  applies: Callable[[str, str], bool]
  check: Callable[[str], Iterable[tuple[int, str]]]
  fix: Callable[[str], str] | None = None


def check_header(text: str) -> Iterator[tuple[int, str]]:
  """Source files begin with the license and a year, as upstream's do."""
  if not _HEADER.match(text):
    yield 1, 'the file does not begin with the license header'


def add_header(text: str) -> str:
  """Puts the header first, or leaves a different one for a human to judge."""
  if _HEADER.match(text) or 'Copyright' in text[:200]:
    return text
  shebang, body = re.fullmatch(r'(#![^\n]*\n)?(.*)', text, re.DOTALL).groups('')
  year = datetime.date.today().year
  between = '\n' if body.strip() else ''
  return shebang + _LICENSE.format(year=year) + between + body.lstrip('\n')


def check_whitespace(text: str) -> Iterator[tuple[int, str]]:
  """Text has no tab and no space at the end of a line, and one last newline."""
  lines = text.split('\n')
  for number, line in enumerate(lines, 1):
    if '\t' in line:
      yield number, 'tab'
    if line != line.rstrip():
      yield number, 'space at the end of the line'
  if text and not text.endswith('\n'):
    yield len(lines), 'no newline at the end of the file'
  if text.endswith('\n\n'):
    yield len(lines) - 1, 'empty line at the end of the file'


def tidy_whitespace(text: str) -> str:
  """Mends what `check_whitespace` finds."""
  lines = [line.expandtabs(2).rstrip() for line in text.split('\n')]
  tidy = '\n'.join(lines).rstrip('\n')
  return f'{tidy}\n' if tidy else ''


def check_length(text: str) -> Iterator[tuple[int, str]]:
  """A Python file is short enough to be read in one go."""
  count = text.count('\n')
  if count >= MAX_LINES:
    yield MAX_LINES, f'{count} lines; split files of {MAX_LINES} or more'


def check_test_main(text: str) -> Iterator[tuple[int, str]]:
  """A test file runs its tests; without a main it passes and runs none."""
  if not _TEST_MAIN.search(text):
    last = text.count('\n') or 1
    yield last, 'no tf.test.main(), absltest.main() or unittest.main()'


def check_private(text: str) -> Iterator[tuple[int, str]]:
  """No file names a registry host or a path of somebody's machine."""
  for number, line in enumerate(text.split('\n'), 1):
    if found := _PRIVATE.search(line):
      yield number, f'names a registry host or a machine path: {found[0]}'


def _import_key(node: ast.Import | ast.ImportFrom) -> tuple[int, str, str]:
  """Returns the section of an import (0 to 2), its module and its name."""
  module, name = node.names[0].name, ''
  if isinstance(node, ast.ImportFrom):
    module, name = '.' * node.level + (node.module or ''), module
  top = module.split('.')[0]
  section = (top != '__future__') + (top not in sys.stdlib_module_names)
  return section, module.lower(), name.lower()


def check_imports(text: str) -> Iterator[tuple[int, str]]:
  """Imports are sorted by module; those of the standard library come first.

  A blank line or a comment ends a block; the order is kept within a block.
  ruff's isort cannot do this: it takes `import tensorflow as tf, tf_keras`
  apart.

  Args:
    text: A Python file.

  Yields:
    A line number and a message for each import that is out of order.
  """
  try:
    body = ast.parse(text).body
  except SyntaxError:
    return  # ruff reports it.
  imports = [n for n in body if isinstance(n, ast.Import | ast.ImportFrom)]
  for before, node in itertools.pairwise(imports):
    old, new = _import_key(before), _import_key(node)
    adjacent = before.end_lineno + 1 == node.lineno
    if new[0] < old[0] or adjacent and new < old:
      yield node.lineno, f'the import of {new[1]} belongs before {old[1]}'
    elif adjacent and new[0] != old[0]:
      yield node.lineno, f'no blank line before the import of {new[1]}'


def _suffix(*suffixes: str) -> Callable[[str, str], bool]:
  """Returns a predicate for the files whose name ends with one of these."""
  return lambda path, text: path.endswith(suffixes)


def _has_license(path: str, text: str) -> bool:
  return path.endswith(('.py', '.bzl', '.sh')) or text.startswith('#!')


RULES = (
    Rule('license-header', _has_license, check_header, add_header),
    Rule(
        'whitespace',
        _suffix(*_TIDY_SUFFIXES),
        check_whitespace,
        tidy_whitespace,
    ),
    Rule('file-length', _suffix('.py'), check_length),
    Rule('test-main', _suffix('_test.py'), check_test_main),
    Rule('private-name', lambda path, text: True, check_private),
    Rule('import-order', _suffix('.py'), check_imports),
)


def _read(path: pathlib.Path) -> str | None:
  """Returns the text of a file, or None when it is binary."""
  content = path.read_bytes()
  try:
    return None if b'\0' in content else content.decode()
  except UnicodeDecodeError:
    return None


def run(
    root: pathlib.Path, files: Sequence[str], fix: bool = False
) -> list[Finding]:
  """Checks files against every rule.

  Args:
    root: The root of the repository.
    files: Paths relative to it.
    fix: Whether to mend first what can be mended.

  Returns:
    What is wrong.
  """
  findings = []
  for path in files:
    text = _read(root / path)
    if text is None:
      continue
    rules = [rule for rule in RULES if rule.applies(path, text)]
    if fix:
      fixed = text
      for rule in rules:
        fixed = rule.fix(fixed) if rule.fix else fixed
      if fixed != text:
        (root / path).write_text(fixed, encoding='utf-8')
        text = fixed
    findings += [
        Finding(path, line, rule.name, message)
        for rule in rules
        for line, message in rule.check(text)
    ]
  return findings
