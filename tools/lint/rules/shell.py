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

"""Shell blocks of documents: they parse, and name flags that there are."""

import ast
import re
import shlex
import subprocess
from typing import Iterator, Sequence

from tfmot_contrib import errors
from tools.lint import registry
from tools.lint import tree
from tools.lint.rules import headers

_DOCUMENTS = ('*.md', 'docs/**/*.md', 'tfmot_contrib/**/*.md')
_BLOCK = re.compile(r'^```(?:shell|sh|bash)\n(.*?)^```', re.DOTALL | re.M)
_DEFINED = re.compile(r'^DEFINE_\w+$')
# Of absl, of Bazel and of pytest-like arguments that every program takes.
_ABSL = {'help', 'helpshort', 'helpfull', 'helpxml', 'v', 'verbosity'}
_BAZEL = {
    'build_tests_only',
    'cache_test_results',
    'config',
    'jobs',
    'keep_going',
    'nocache_test_results',
    'remote_cache',
    'remote_executor',
    'repo_env',
    'runs_per_test',
    'test_arg',
    'test_env',
    'test_filter',
    'test_output',
    'test_tag_filters',
    'disk_cache',
}
_OFFICIAL = 'official.common'
_RUN = """\
```shell
bazel run //tools:go -- --{}
```
"""
_GO = {
    'tools/BUILD': 'py_binary(name = "go", srcs = ["go.py"])\n',
    'tools/go.py': headers.example(
        "from absl import flags\n\nX = flags.DEFINE_string('size', '', '')\n"
    ),
}
_NOX = {
    'noxfile.py': headers.example(
        'import nox\n\n\n@nox.session\ndef go(session):\n'
        "  python(session, 'tools.run')\n"
    ),
    'tools/run.py': headers.example(
        "import argparse\n\nparser.add_argument('--size')\n"
    ),
}


def defined(file: tree.File) -> set[str]:
  """Returns the flags that a file defines, of absl and of argparse."""
  found = set()
  for node in file.nodes:
    if not isinstance(node, ast.Call) or not node.args:
      continue
    name = tree.dotted(node.func).rpartition('.')[2]
    name = name or getattr(node.func, 'attr', '')
    values = [a.value for a in node.args if isinstance(a, ast.Constant)]
    words = [value for value in values if isinstance(value, str)]
    if _DEFINED.match(name) and words:
      found |= {words[0], f'no{words[0]}'}
    elif 'argparse' in (file.text or ''):  # Also by another name.
      found |= {w.lstrip('-') for w in words if re.match('--?[a-z]', w)}
  return found


class _Programs:
  """What the programs of a project take."""

  def __init__(self, project: tree.Project):
    """Initializes the programs."""
    self._project = project
    self.labels = {rule.label: rule for rule in project.build}
    self.sessions = self._sessions()

  def _sessions(self) -> dict[str, set[str] | None]:
    """Returns the flags of each nox session, or None when it runs Bazel."""
    file = self._project.get('noxfile.py')
    found: dict[str, set[str] | None] = {}
    for node in file.syntax.body if file and file.syntax else ():
      if not isinstance(node, ast.FunctionDef) or not node.decorator_list:
        continue
      calls = [n for n in ast.walk(node) if isinstance(n, ast.Call)]
      words = [
          argument.value
          for call in calls
          for argument in call.args
          if isinstance(argument, ast.Constant)
      ]
      modules = [w for w in words if str(w).startswith('tools.')]
      paths = [self._project.module_file(m) for m in modules]
      flags: set[str] | None = set() if any(paths) else None
      for path in filter(None, paths):
        flags |= self._flags_of(path)
      for label in (w for w in words if str(w).startswith('//')):
        flags = (flags or set()) | (self.of(label) or set())
      found[node.name] = flags
      for decorator in node.decorator_list:
        for keyword in getattr(decorator, 'keywords', ()):
          if keyword.arg == 'name':
            found[ast.literal_eval(keyword.value)] = flags
    return found

  def _flags_of(self, path: str) -> set[str]:
    """Returns the flags of a program and of its neighbours that it imports."""
    folder = path.rpartition('/')[0]
    near = [p for p in self._project.closure(path) if p.startswith(folder)]
    return set().union(*(defined(self._project.files[p]) for p in near))

  def of(self, label: str) -> set[str] | None:
    """Returns the flags of a program, or None when there is none."""
    if ':' not in label:
      label += ':' + label.rpartition('/')[2]
    rule = self.labels.get(label)
    if not rule:
      return None
    flags = set(_ABSL)
    for source in rule.attributes.get('srcs') or ():
      path = f'{rule.package}/{source}'.lstrip('/')
      if file := self._project.get(path):
        flags |= self._flags_of(path)
        if any(m == _OFFICIAL for _, m, _ in tree.imports(file)):
          flags |= self._official()
    return flags

  def _official(self) -> set[str]:
    """Returns the flags of Official Models' drivers, from the mirror."""
    from tools.mirror import fork

    path = fork.packages(self._project.root)['official'] / 'common/flags.py'
    return defined(tree.File('flags.py', path.read_bytes()))

  def missing(self, label: str) -> bool:
    """Tells whether a label or pattern names nothing."""
    # The targets of the mirror are made by a macro, from lists in it.
    if label.startswith(('@', '//official')) or '$' in label:
      return False
    if label.endswith('/...'):
      folder = label.removesuffix('...')
      below = (folder, folder.rstrip('/') + ':')
      return not any(known.startswith(below) for known in self.labels)
    if label.endswith((':all', ':*')):
      label = label.rpartition(':')[0] + ':'
      return not any(known.startswith(label) for known in self.labels)
    if ':' not in label:
      label += ':' + label.rpartition('/')[2]
    label = re.sub(r'(_seed\d+)?(_smoke)?(_run|_record)?$', '', label)
    kinds = {k.rpartition(':')[0] + ':' for k in self.labels if '%' in k}
    return label not in self.labels and label.rpartition(':')[0] + ':' not in (
        kinds
    )


def commands(block: str) -> Iterator[tuple[int, list[str]]]:
  """Yields the commands of a block with their lines in it.

  Args:
    block: Shell code.

  Yields:
    The line, from 0, and the words; what cannot be split is left out.
  """
  number = 0
  for text in re.split(r'(?<!\\)\n', block):
    for part in re.split(r'\s(?:&&|\|\||;|\|)\s', text.replace('\\\n', ' ')):
      try:
        words = shlex.split(part, comments=True)
      except ValueError:
        continue
      if words:
        yield number, words
    number += text.count('\n') + 1


def _flag_names(words: Sequence[str]) -> list[str]:
  """Returns the names of the flags among some words."""
  found = [re.match(r'--?([a-zA-Z][\w-]*)', word) for word in words]
  return [match[1] for match in found if match]


def _check(programs: _Programs, words: Sequence[str]) -> Iterator[str]:
  """Yields what is wrong with a command."""
  words = [w for w in words if not re.match(r'[A-Z_]+=', w)] or ['']
  own = words[words.index('--') + 1 :] if '--' in words else []
  before = words[: words.index('--')] if '--' in words else words
  if words[0] == 'bazel':
    labels = [w for w in before if w.startswith(('//', '@'))]
    yield from (f'no target {x}' for x in labels if programs.missing(x))
    unknown = [n for n in _flag_names(before) if n not in _BAZEL]
    yield from (f'no flag --{name} of bazel is known here' for name in unknown)
    if words[1:2] == ['run'] and labels and own:
      flags = programs.of(labels[0])
      if flags is not None:
        unknown = [n for n in _flag_names(own) if n not in flags]
        yield from (f'{labels[0]} has no flag --{name}' for name in unknown)
  elif words[0] == 'tools/nox':
    for flag, name in zip(before, before[1:], strict=False):
      if flag != '-s':
        continue
      if name not in programs.sessions:
        yield f'there is no session {name}'
      elif (flags := programs.sessions[name]) is not None:
        unknown = set(_flag_names(own)) - flags - {'help', 'h'}
        yield from (f'{name} has no flag --{n}' for n in sorted(unknown))


def _syntax(block: str) -> str:
  """Returns what a shell says of the syntax of a block, or ''."""
  done = subprocess.run(
      ['sh', '-n'], input=block, capture_output=True, text=True, check=False
  )
  said = done.stderr.strip().splitlines()
  return said[-1].rpartition(': ')[2] if done.returncode and said else ''


@registry.project_rule(
    'readme-shell',
    on=(
        *_DOCUMENTS,
        'noxfile.py',
        'official/upstream.lock',
        'tools/**/*.py',
        'tfmot_contrib/**/*.py',
        '**/BUILD',
    ),
    source=registry.TEMPLATE,
    bad=(
        {**_GO, 'README.md': _RUN.format('sise=3')},
        {**_GO, 'README.md': '```shell\nbazel test //tools:gone\n```\n'},
        {**_NOX, 'docs/a.md': '```shell\ntools/nox -s gone\n```\n'},
        {**_NOX, 'docs/a.md': '```shell\ntools/nox -s go -- --sise 3\n```\n'},
        {'docs/a.md': '```shell\necho "a\n```\n'},
    ),
    good=(
        {**_GO, 'README.md': _RUN.format('size=3')},
        {**_NOX, 'docs/a.md': '```shell\ntools/nox -s go -- --size 3\n```\n'},
        {'docs/a.md': '```\nnot shell "\n```\n'},
    ),
)
def check_readme_shell(
    project: tree.Project,
) -> Iterator[tuple[str, int, str]]:
  """Shell blocks parse, and their targets, sessions and flags exist.

  A command that is pasted works. Flags are read from the code that defines
  them; programs from elsewhere are not looked into.
  """
  programs = _Programs(project)
  for file in project.glob(*_DOCUMENTS):
    for found in _BLOCK.finditer(file.text or ''):
      start = file.text.count('\n', 0, found.start(1)) + 1
      if said := _syntax(found[1]):
        yield file.path, start, f'no shell code: {said}'
        continue
      for number, words in commands(found[1]):
        try:
          wrong = list(_check(programs, words))
        except errors.InputError as error:
          wrong = [f'cannot tell: {error}']
        for message in wrong:
          yield file.path, start + number, message
