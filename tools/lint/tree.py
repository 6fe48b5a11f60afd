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

"""The files that are checked: texts, syntax trees, YAML and BUILD rules.

Each is read once. A rule sees a `File` or the whole `Project`, and nothing of
how findings are cached or printed.
"""

import ast
import functools
import hashlib
import os
import pathlib
import re
from typing import Any, Callable, NamedTuple, Sequence

from tfmot_contrib import errors
from tfmot_contrib import techniques
from tools.base import git

_REGISTRY = 'tfmot_contrib/registry_imports.py'


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


class File:
  """A file of the repository.

  Attributes:
    path: Relative to the root.
    data: Its contents.
    digest: Of the contents.
  """

  def __init__(self, path: str, data: bytes):
    """Initializes the file."""
    self.path = path
    self.data = data
    self.digest = hashlib.sha256(data).hexdigest()

  @property
  def name(self) -> str:
    """The path without its folders."""
    return self.path.rpartition('/')[2]

  @property
  def folder(self) -> str:
    """The path without the name."""
    return self.path.rpartition('/')[0]

  @functools.cached_property
  def text(self) -> str | None:
    """The contents as text, or None when the file is binary."""
    try:
      return None if b'\0' in self.data else self.data.decode()
    except UnicodeDecodeError:
      return None

  @functools.cached_property
  def lines(self) -> list[str]:
    """The lines of the text."""
    return (self.text or '').split('\n')

  @functools.cached_property
  def syntax(self) -> ast.Module | None:
    """The syntax tree, or None: ruff reports what cannot be parsed."""
    try:
      return ast.parse(self.data)
    except (SyntaxError, ValueError):
      return None

  @functools.cached_property
  def nodes(self) -> list[ast.AST]:
    """All nodes of the syntax tree."""
    return list(ast.walk(self.syntax)) if self.syntax else []

  def line_of(self, words: str) -> int:
    """Returns the first line that has some words, or 1."""
    for number, line in enumerate(self.lines, 1):
      if words in line:
        return number
    return 1


def dotted(node: ast.AST | None) -> str:
  """Returns `a.b.c` of a chain of names, or '' for anything else."""
  if isinstance(node, ast.Name):
    return node.id
  if isinstance(node, ast.Attribute):
    left = dotted(node.value)
    return f'{left}.{node.attr}' if left else ''
  return ''


@functools.cache
def _pattern(glob: str) -> re.Pattern[str]:
  """Returns a glob as a pattern: `*` within a folder, `**/` any folders."""
  parts = re.split(r'(\*\*/|\*\*|\*|\?)', glob)
  special = {'**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]'}
  return re.compile(''.join(special.get(p) or re.escape(p) for p in parts))


def matches(path: str, globs: Sequence[str]) -> bool:
  """Tells whether a path matches one of some globs."""
  return any(_pattern(glob).fullmatch(path) for glob in globs)


def imports(file: File) -> list[tuple[int, str, str]]:
  """Returns the imports of a Python file, inner ones too.

  Args:
    file: The file.

  Returns:
    Line, module and, for `from module import name`, the name, else ''.
  """
  found = []
  for node in file.nodes:
    if isinstance(node, ast.Import):
      found += [(node.lineno, alias.name, '') for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level:
      module = node.module or ''
      found += [(node.lineno, module, alias.name) for alias in node.names]
  return found


class Project:
  """All files of a repository.

  Attributes:
    root: The root of the repository.
    files: The files by their path.
    remember: Returns the imports of a file; a cache may take its place.
  """

  def __init__(self, root: pathlib.Path, paths: Sequence[str]):
    """Initializes the project by reading its files."""
    self.root = root
    self.files = {p: File(p, (root / p).read_bytes()) for p in paths}
    self.remember: Callable[[File], Any] = imports

  def glob(self, *globs: str) -> list[File]:
    """Returns the files whose paths match one of the globs, sorted."""
    found = [path for path in self.files if matches(path, globs)]
    return [self.files[path] for path in sorted(found)]

  def get(self, path: str) -> File | None:
    """Returns a file, or None when there is none."""
    return self.files.get(path)

  def exists(self, path: str) -> bool:
    """Tells whether there is a file, or a folder with one."""
    path = path.rstrip('/')
    return path in self.files or path in self.folders or not path

  @functools.cached_property
  def folders(self) -> set[str]:
    """All folders that hold a file."""
    found: set[str] = set()
    for path in self.files:
      while path := path.rpartition('/')[0]:
        found.add(path)
    return found

  def yaml(self, path: str) -> Any:
    """Returns what a YAML file holds, or {} when it is none."""
    import yaml  # pylint: disable=import-outside-toplevel

    file = self.files.get(path)
    try:
      return (yaml.safe_load(file.text or '') if file else None) or {}
    except yaml.YAMLError:
      return {}

  @functools.cached_property
  def techniques(self) -> list[str]:
    """The folders that have a technique.yaml."""
    return [f.folder for f in self.glob('tfmot_contrib/*/technique.yaml')]

  @functools.cached_property
  def build(self) -> list[Any]:
    """The rules of all BUILD files: `tools.base.build_files.Rule`."""
    # pylint: disable-next=import-outside-toplevel
    from tools.base import build_files

    found = []
    for file in self.glob('BUILD', 'tfmot_contrib/**/BUILD', 'tools/**/BUILD'):
      try:
        found += build_files.rules(self.root, file.folder)
      except errors.InputError:
        continue  # buildifier reports it.
    return found

  def module_file(self, module: str, name: str = '') -> str | None:
    """Returns the path of an imported module of this project.

    Args:
      module: Dotted.
      name: What is imported from it: perhaps a module too.

    Returns:
      The path, or None for a module from elsewhere.
    """
    stem = module.replace('.', '/')
    candidates = [f'{stem}.py', f'{stem}/__init__.py']
    if name:
      below = f'{stem}/{name}'
      candidates = [f'{below}.py', f'{below}/__init__.py', *candidates]
    return next((c for c in candidates if c in self.files), None)

  @functools.cached_property
  def imported(self) -> dict[str, list[tuple[int, str]]]:
    """By Python file, the project's files that it imports, with the lines."""
    found: dict[str, list[tuple[int, str]]] = {}
    for path, file in self.files.items():
      if path.endswith('.py'):
        found[path] = [
            (line, target)
            for line, module, name in self.remember(file)
            if (target := self.module_file(module, name))
        ]
    listed = self.files.get(techniques.PATH)
    if listed and _REGISTRY in found:  # It imports what the list names.
      found[_REGISTRY] += [
          (1, f'tfmot_contrib/{name}/experiments.py')
          for name in techniques.parse(listed.text or '')
      ]
    return found

  def closure(self, start: str) -> set[str]:
    """Returns the files that a Python file imports, also by way of others."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
      path = waiting.pop()
      if path not in seen:
        seen.add(path)
        waiting += [target for _, target in self.imported.get(path, ())]
    return seen


def list_files(root: pathlib.Path, paths: Sequence[str] = ()) -> list[str]:
  """Lists the files of a repository that git tracks or does not ignore.

  Args:
    root: The root of the repository.
    paths: Files and folders to restrict the list to; all without any.

  Returns:
    Paths relative to the root.

  Raises:
    errors.InputError: A path does not exist or has no such file.
  """
  root = root.resolve()
  files = [
      name
      for name in git.listed(root)
      if (root / name).is_file() and not (root / name).is_symlink()
  ]
  if not paths:
    return files
  chosen = set()
  for path in paths:
    if not os.path.exists(path):
      raise errors.InputError(f'no file or folder {path}')
    wanted = pathlib.Path(path).resolve()
    inside = [f for f in files if (root / f).is_relative_to(wanted)]
    if not inside:
      raise errors.InputError(f'{path} has no file that git does not ignore')
    chosen.update(inside)
  return sorted(chosen)


def changed_files(root: pathlib.Path, revision: str) -> list[str]:
  """Lists the files that differ from a revision, new ones included.

  Args:
    root: The root of the repository.
    revision: A commit, branch or tag.

  Returns:
    Paths relative to the root.

  Raises:
    errors.InputError: There is no such revision.
  """
  what = f'comparing with {revision}'
  command = ['diff', '--name-only', '-z', revision, '--']
  changed = os.fsdecode(git.run(root, *command, what=what).stdout).split('\0')
  new = git.listed(root, '--others')
  return sorted({*list_files(root)} & {*changed, *new})
