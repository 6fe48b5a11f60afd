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

"""What every text file keeps to, and that every file is one."""

import ast
import re
from typing import Iterator

from tools.lint import registry
from tools.lint import tree
from tools.lint.rules import headers

MAX_LINES = 500
_MAX_BYTES = 1 << 20
_TIDY = ('.bzl', '.json', '.md', '.sh', '.toml', '.yaml', '.yml')
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
_DATA = re.compile(
    r'\.(bin|ckpt|csv|gz|h5|ipynb|jpe?g|keras|npy|npz|pb|pickle|pkl|png|so|tar'
    r'|tflite|tfrecords?|tgz|whl|xz|zip)$'
)


def tidy_whitespace(text: str) -> str:
  """Mends what `check_whitespace` finds."""
  lines = [line.expandtabs(2).rstrip() for line in text.split('\n')]
  tidy = '\n'.join(lines).rstrip('\n')
  return f'{tidy}\n' if tidy else ''


@registry.file_rule(
    'whitespace',
    on=tuple(f'**/*{suffix}' for suffix in _TIDY),
    source=registry.STYLE,
    fix=tidy_whitespace,
    bad=registry.texts(
        ('docs/a.md', 'One\ntwo \n'),
        ('docs/b.yaml', 'a:\n\tb: 1\n'),
        ('docs/c.toml', 'a = 1\nb = 2'),
        ('docs/d.md', 'One\n\n'),
    ),
    good=registry.texts(('docs/a.md', 'One\n'), ('docs/b.md', '')),
)
def check_whitespace(file: tree.File) -> Iterator[tuple[int, str]]:
  """Text has no tab, no space at the end of a line, and one last newline.

  A difference that nobody sees makes a merge that somebody has to solve.
  """
  text, lines = file.text, file.lines
  for number, line in enumerate(lines, 1):
    if '\t' in line:
      yield number, 'tab'
    if line != line.rstrip():
      yield number, 'space at the end of the line'
  if text and not text.endswith('\n'):
    yield len(lines), 'no newline at the end of the file'
  if text.endswith('\n\n'):
    yield len(lines) - 1, 'empty line at the end of the file'


@registry.file_rule(
    'file-length',
    on=('**/*.py',),
    source=registry.CONTRIBUTING,
    bad=registry.texts(
        ('tools/long.py', headers.example('x = 1\n' * 500)),
        ('tfmot_contrib/long.py', headers.example('x = 1\n\n' * 300)),
    ),
    good=registry.texts(('tools/short.py', headers.example('x = 1\n' * 400))),
)
def check_file_length(file: tree.File) -> Iterator[tuple[int, str]]:
  """A Python file is short enough to be read in one go: under 500 lines."""
  count = file.text.count('\n')
  if count >= MAX_LINES:
    yield MAX_LINES, f'{count} lines; split files of {MAX_LINES} or more'


@registry.file_rule(
    'private-name',
    on=('**',),
    source=registry.CONTRIBUTING,
    bad=registry.texts(
        ('docs/a.md', 'See py' + 'pi.org\n'),
        ('docs/b.txt', 'https://files.pytho' + 'nhosted.org/\n'),
        ('docs/c.json', '{"a": "https://registry.np' + 'mjs.org"}\n'),
        ('docs/d.cfg', 'deb.debi' + 'an.org\n'),
        ('docs/e.md', '/home' + '/someone/x\n'),
    ),
    good=registry.texts(
        ('docs/a.md', 'Use /tmp/x or ~/x or https://a.org/home/b/c.\n'),
        ('docs/a.patch', '-a\t\n+b \n'),
    ),
)
def check_private_name(file: tree.File) -> Iterator[tuple[int, str]]:
  """No file names a registry host or a path of somebody's machine.

  Whoever works behind a mirror of the registry, or elsewhere, could not use it.
  """
  if not _PRIVATE.search(file.text):
    return
  for number, line in enumerate(file.lines, 1):
    if found := _PRIVATE.search(line):
      yield number, f'names a registry host or a machine path: {found[0]}'


@registry.project_rule(
    'no-binary',
    on=('**',),
    source=registry.PAPER,
    bad=(
        {'tfmot_contrib/weights.npy': 'NUMPY'},
        {'docs/note.md': 'a\0b\n'},
        {'docs/large.txt': 'x\n' * (1 << 19) + 'x'},
    ),
    good=({'docs/a.svg': '<svg/>\n', 'docs/a.md': 'text\n'},),
)
def check_no_binary(project: tree.Project) -> Iterator[tuple[str, int, str]]:
  """No data, models, archives or notebooks, and nothing above 1 MiB.

  They stay in the history for ever. Data sets and checkpoints are fetched, with
  a digest.
  """
  for path, file in sorted(project.files.items()):
    if found := _DATA.search(path):
      yield path, 1, f'a {found[0]} file: fetch it, with a digest'
    elif file.text is None:
      yield path, 1, 'a binary file'
    elif len(file.data) > _MAX_BYTES:
      yield path, 1, f'{len(file.data):,} bytes; at most {_MAX_BYTES:,}'


def sections(node: ast.AST) -> set[str]:
  """Returns the titles of the sections of a docstring."""
  text = ast.get_docstring(node) or ''
  return set(re.findall(r'^(\w+):$', text, re.MULTILINE))


_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@registry.file_rule(
    'long-definition',
    on=('tfmot_contrib/**/*.py', 'tools/**/*.py', 'official/**/*.py'),
    skip=('**/*_test.py',),
    source='https://google.github.io/styleguide/pyguide.html#383-functions-and-methods',
    bad=registry.texts(
        (
            'tools/a.py',
            headers.example('def _f():\n' + '  print(1)\n' * 10),
        ),
        (
            'tools/b.py',
            headers.example('class _F:\n' + '  x = 1\n' * 11),
        ),
    ),
    good=registry.texts(
        (
            'tools/a.py',
            headers.example(
                'def f():\n  """Prints."""\n'
                + '  print(1)\n' * 9
                + '\n\ndef _g():\n  print(2)\n'
            ),
        ),
    ),
)
def check_long_definition(file: tree.File) -> Iterator[tuple[int, str]]:
  """A definition of ten lines or more has a docstring, also a private one.

  ruff asks for those of public names, pydoclint compares the sections that are
  there with the signature; upstream's threshold is ten lines for all.
  """
  inner: set[ast.AST] = set()
  for node in file.nodes:
    if isinstance(node, _FUNCTION) and node not in inner:
      inner.update(n for n in ast.walk(node) if n is not node)
  for node in file.nodes:
    if not isinstance(node, _FUNCTION | ast.ClassDef) or node in inner:
      continue
    count = node.end_lineno - node.lineno + 1
    if count > 10 and not ast.get_docstring(node):
      yield node.lineno, f'{node.name} has {count} lines and no docstring'
