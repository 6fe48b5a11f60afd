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

"""Documents: links, and the commands of shell blocks."""

import ast
import posixpath
import re
import shlex
import subprocess
from typing import Iterator, Sequence
import urllib.parse

from tools.base import build_files
from tools.lint import checks
from tools.lint import tree
from tools.mirror import fork

_DOCUMENTS = ('**/*.md',)
_LINK = re.compile(
    r'!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)', re.MULTILINE
)
_FENCE = re.compile(r'^(```|~~~).*?^\1', re.DOTALL | re.MULTILINE)
_CODE = re.compile(r'`[^`\n]*`')
_BLOCK = re.compile(r'^```(?:shell|sh|bash)\n(.*?)^```', re.DOTALL | re.M)
_FLAG = re.compile(r"""(?:DEFINE_\w+\(\s*'|'--?)([a-zA-Z][\w-]*)'""")
# Of absl, and of Bazel.
_FLAGS = """
  help helpshort helpxml v verbosity h
  build_tests_only cache_test_results config disk_cache jobs keep_going
  nocache_test_results remote_cache remote_executor repo_env runs_per_test
  test_arg test_env test_filter test_output test_tag_filters
""".split()
_PROGRAMS = ('tfmot_contrib/**/*.py', 'tools/**/*.py', 'noxfile.py')
_Found = Iterator[tuple[str, int, str]]


def _blank(found: re.Match[str]) -> str:
  """Returns as many empty lines as were found, so that lines keep numbers."""
  return re.sub(r'[^\n]', ' ', found[0])


def anchors(text: str) -> set[str]:
  """Returns what one can link to in a document."""
  found: set[str] = set()
  for title in re.findall(r'(?m)^#{1,6} +(.*?) *#*$', _FENCE.sub(_blank, text)):
    title = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', title.strip()).lower()
    name = re.sub(r'[^\w\- ]', '', title).replace(' ', '-')
    numbered = [f'{name}-{i}' for i in range(1, 99)]
    found.add(next(x for x in [name, *numbered] if x not in found))
  return found | set(re.findall(r'(?:id|name)="([^"]+)"', text))


@checks.rule('link-resolves', on=('**',))
def check_link_resolves(project: tree.Project) -> _Found:
  """Finds links within the project that lead nowhere."""
  for file in project.glob(*_DOCUMENTS):
    text = _CODE.sub(_blank, _FENCE.sub(_blank, file.text))
    for found in _LINK.finditer(text):
      target = urllib.parse.unquote(found[1] or found[2])
      if re.match(r'[a-z][a-z0-9+.-]*:|//', target):
        continue
      place, _, name = target.partition('#')
      path = posixpath.normpath(posixpath.join(file.folder, place))
      path = path.lstrip('/') if place else file.path
      line = text.count('\n', 0, found.start()) + 1
      if path not in project.files and path not in project.folders:
        yield file.path, line, f'{target} leads nowhere'
      elif name and path.endswith('.md'):
        if name not in anchors(project.files[path].text):
          yield file.path, line, f'{path} has no heading #{name}'


def defined(project: tree.Project) -> set[str]:
  """Returns the flags that the programs of a project define.

  Args:
    project: The project.

  Returns:
    Their names, those of Official Models' drivers too.
  """
  texts = [file.text for file in project.glob(*_PROGRAMS)]
  if any('from official.common import' in text for text in texts):
    official = fork.packages(project.root)['official']
    texts.append((official / 'common/flags.py').read_text(encoding='utf-8'))
  found = [name for text in texts for name in _FLAG.findall(text)]
  return {*_FLAGS, *found, *(f'no{name}' for name in found)}


def _sessions(project: tree.Project) -> set[str]:
  """Returns the names of the nox sessions of a project."""
  file = project.files.get('noxfile.py')
  names = set()
  for node in file.syntax.body if file else ():
    if isinstance(node, ast.FunctionDef) and node.decorator_list:
      words = re.findall(
          r"name='([\w-]+)'", ast.unparse(node.decorator_list[0])
      )
      names |= {node.name, *words}
  return names


def _no_target(project: tree.Project, label: str) -> bool:
  """Tells whether a label or pattern names nothing."""
  # The targets of the mirror are made by a macro, from lists in it.
  if label.startswith(('@', '//official')) or '$' in label:
    return False
  labels = {rule.label for rule in project.build}
  folder, wild, _ = label.partition('...')
  if wild:
    below = (folder, folder.rstrip('/') + ':')
    return not any(known.startswith(below) for known in labels)
  package, _, name = build_files.absolute('', label).partition(':')
  if name in ('all', '*'):
    return not any(known.startswith(f'{package}:') for known in labels)
  name = re.sub(r'(_seed\d+)?(_smoke)?(_run|_record)?$', '', name)
  return f'{package}:{name}' not in labels


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
      while words and re.match(r'[A-Z_]+=', words[0]):
        words = words[1:]
      if words:
        yield number, words
    number += text.count('\n') + 1


def _wrong(
    project: tree.Project,
    words: Sequence[str],
    flags: set[str],
    sessions: set[str],
) -> Iterator[str]:
  """Yields what is wrong with a command."""
  if words[0] == 'bazel':
    labels = [word for word in words if word.startswith(('//', '@'))]
    yield from (f'no target {x}' for x in labels if _no_target(project, x))
  elif words[0] == 'tools/nox':
    at = [i + 1 for i, word in enumerate(words[:-1]) if word == '-s']
    names = [words[i] for i in at if words[i] not in sessions]
    yield from (f'no session {name}' for name in names)
  else:
    return
  for word in words:
    if found := re.match(r'--?([a-zA-Z][\w-]*)', word):
      if found[1] not in flags and found[1] != 's':
        yield f'no flag --{found[1]}'


@checks.rule(
    'readme-shell',
    on=(
        *_DOCUMENTS,
        'noxfile.py',
        'official/upstream.lock',
        'tools/**/*.py',
        'tfmot_contrib/**/*.py',
        '**/BUILD',
    ),
)
def check_readme_shell(project: tree.Project) -> _Found:
  """Finds shell blocks that do not parse, and names of nothing in them."""
  flags, sessions = defined(project), _sessions(project)
  for file in project.glob(*_DOCUMENTS):
    for found in _BLOCK.finditer(file.text):
      start = file.text.count('\n', 0, found.start(1)) + 1
      shell = ['sh', '-n']
      done = subprocess.run(
          shell, input=found[1], capture_output=True, text=True, check=False
      )
      if done.returncode:
        yield file.path, start, f'no shell code: {done.stderr.strip()}'
        continue
      for number, words in commands(found[1]):
        for message in _wrong(project, words, flags, sessions):
          yield file.path, start + number, message
