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

"""The files that are checked: texts, syntax trees, YAML, imports, BUILD rules.

Each is read once. A check sees a `File` or the whole `Project`, and nothing of
how findings are remembered or printed.
"""

import ast
import contextlib
import functools
import hashlib
import os
import pathlib
import re
from typing import Any, Iterator, NamedTuple, Sequence

import yaml

from tfmot_contrib import errors
from tools.base import build_files
from tools.base import git
from tools.base import imports


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
    digest: Of the path and the contents.
  """

  def __init__(self, path: str, data: bytes):
    """Initializes the file."""
    self.path = path
    self.data = data
    self.digest = hashlib.sha256(path.encode() + b'\0' + data).hexdigest()

  @property
  def folder(self) -> str:
    """The path without the name."""
    return self.path.rpartition('/')[0]

  @functools.cached_property
  def text(self) -> str:
    """The contents as text."""
    return self.data.decode(errors='replace')

  @functools.cached_property
  def lines(self) -> list[str]:
    """The lines of the text."""
    return self.text.split('\n')

  @functools.cached_property
  def syntax(self) -> ast.Module:
    """The syntax tree; of no Python an empty one, as ruff reports that."""
    try:
      return ast.parse(self.data)
    except (SyntaxError, ValueError):
      return ast.parse('')

  @functools.cached_property
  def nodes(self) -> list[ast.AST]:
    """All nodes of the syntax tree."""
    return list(ast.walk(self.syntax))

  def line_of(self, words: str) -> int:
    """Returns the first line that has some words, or 1."""
    numbered = enumerate(self.lines, 1)
    return next((number for number, line in numbered if words in line), 1)


@functools.cache
def _pattern(glob: str) -> re.Pattern[str]:
  """Returns a glob as a pattern: `*` within a folder, `**/` any folders."""
  parts = re.split(r'(\*\*/|\*\*|\*)', glob)
  special = {'**/': '(?:.*/)?', '**': '.*', '*': '[^/]*'}
  return re.compile(''.join(special.get(p) or re.escape(p) for p in parts))


def matches(path: str, globs: Sequence[str]) -> bool:
  """Tells whether a path matches one of some globs."""
  return any(_pattern(glob).fullmatch(path) for glob in globs)


class Project:
  """All files of a repository.

  Attributes:
    root: The root of the repository.
    files: The files by their path.
  """

  def __init__(self, root: pathlib.Path, paths: Sequence[str]):
    """Initializes the project by reading its files."""
    self.root = root
    self.files = {p: File(p, (root / p).read_bytes()) for p in paths}

  def glob(self, *globs: str) -> list[File]:
    """Returns the files whose paths match one of the globs, sorted."""
    found = [path for path in self.files if matches(path, globs)]
    return [self.files[path] for path in sorted(found)]

  @functools.cached_property
  def folders(self) -> set[str]:
    """All folders that hold a file."""
    paths = map(pathlib.PurePosixPath, self.files)
    return {str(folder) for path in paths for folder in path.parents}

  @functools.cached_property
  def techniques(self) -> dict[str, dict[str, Any]]:
    """By folder that has one, what its technique.yaml says."""
    found = {}
    for file in self.glob('tfmot_contrib/*/technique.yaml'):
      with contextlib.suppress(yaml.YAMLError):  # yamllint reports it.
        found[file.folder] = yaml.safe_load(file.text) or {}
    return found

  @functools.cached_property
  def build(self) -> list[build_files.Rule]:
    """The rules of all BUILD files."""
    found = []
    for file in self.glob('BUILD', 'tfmot_contrib/**/BUILD', 'tools/**/BUILD'):
      with contextlib.suppress(errors.InputError):  # buildifier reports it.
        found += build_files.rules(self.root, file.folder)
    return found

  @functools.cached_property
  def imported(self) -> dict[str, list[tuple[str, int]]]:
    """By Python file, the project's files that it imports, with the lines."""
    return {f.path: list(self._imported(f)) for f in self.glob('**/*.py')}

  def _imported(self, file: File) -> Iterator[tuple[str, int]]:
    """Yields the files that a Python file imports."""
    for module, line in imports.imported(file.syntax):
      stem = module.replace('.', '/')
      for path in (f'{stem}.py', f'{stem}/__init__.py'):
        if path in self.files:
          yield path, line

  def closure(self, start: str, inside: str = '') -> set[str]:
    """Returns a file and what of a folder it imports, also by way of that."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
      path = waiting.pop()
      if path not in seen:
        seen.add(path)
        targets = [target for target, _ in self.imported.get(path, ())]
        waiting += [target for target in targets if target.startswith(inside)]
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
  listed = [(name, root / name) for name in git.listed(root)]
  files = [n for n, at in listed if at.is_file() and not at.is_symlink()]
  chosen: set[str] = set()
  for path in paths:
    if not os.path.exists(path):
      raise errors.InputError(f'no file or folder {path}')
    wanted = pathlib.Path(path).resolve()
    inside = [f for f in files if (root / f).is_relative_to(wanted)]
    if not inside:
      raise errors.InputError(f'{path} has no file that git does not ignore')
    chosen.update(inside)
  return sorted(chosen) if paths else files
