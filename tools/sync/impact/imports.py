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

"""Which files a Python module imports, directly and by way of others.

Nothing is imported: import statements are read, those inside of functions and
conditions too, and so are the `__init__.py` of all packages on the way. What is
imported by a name that is computed is not seen. `stale.py` asks which files a
run depends on, `dependencies.py` which packages they need.
"""

import ast
import pathlib
from typing import Collection, Iterable, Iterator, Mapping, NamedTuple


class _Statement(NamedTuple):
  """An import as it is written: of `module`, or of names from `module`."""

  module: str
  names: tuple[str, ...]


# The imports of a file, by its name.
Cache = dict[str, tuple[_Statement, ...]]


def _statements(body: Iterable[ast.AST]) -> Iterator[ast.stmt]:
  """Yields all imports below some statements, without a look at expressions."""
  for node in body:
    if isinstance(node, ast.Import | ast.ImportFrom):
      yield node
    else:
      for block in ('body', 'orelse', 'finalbody', 'handlers', 'cases'):
        yield from _statements(getattr(node, block, ()))


def _module(name: str) -> str:
  """Returns the dotted name of a file."""
  stem = name.removesuffix('.py').removesuffix('/__init__')
  return stem.replace('/', '.')


def _read(path: pathlib.Path, name: str) -> tuple[_Statement, ...]:
  """Returns the imports of a file; of one that cannot be parsed, none."""
  try:
    body = ast.parse(path.read_bytes()).body
  except (SyntaxError, ValueError):
    return ()
  package = _module(name).split('.')
  if not name.endswith('/__init__.py'):
    package.pop()
  found = []
  for node in _statements(body):
    names = tuple(alias.name for alias in node.names)
    if isinstance(node, ast.Import):
      found += [_Statement(module, ()) for module in names]
    else:
      above = package[: len(package) - node.level + 1] if node.level else []
      module = '.'.join([*above, *([node.module] if node.module else [])])
      found.append(_Statement(module, names))
  return tuple(found)


class Graph:
  """The imports between the files of some packages.

  Attributes:
    folders: From a top-level package to the folder that holds it.
  """

  def __init__(
      self,
      folders: Mapping[str, pathlib.Path],
      cache: Cache | None = None,
      fresh: Collection[str] = (),
  ):
    """Initializes the graph.

    Args:
      folders: From a top-level package to the folder that holds it.
      cache: What another graph has read; it is used and added to.
      fresh: The files that the other graph may have read with other contents;
        they are neither taken from the cache nor put there.
    """
    self.folders = dict(folders)
    self._cache: Cache = {} if cache is None else cache
    self._fresh = frozenset(fresh)
    self._own: Cache = {}

  def file_of(self, module: str) -> str | None:
    """Returns the name of the file of a module, or None for one outside."""
    folder = self.folders.get(module.split('.')[0])
    if folder is None:
      return None
    stem = module.replace('.', '/')
    for name in (f'{stem}/__init__.py', f'{stem}.py'):
      if (folder / name).is_file():
        return name
    return None

  def path_of(self, name: str) -> pathlib.Path:
    """Returns where a file of this graph is."""
    return self.folders[name.split('/')[0].removesuffix('.py')] / name

  def _imports(self, name: str) -> tuple[_Statement, ...]:
    """Returns the imports of a file, read once."""
    cache = self._own if name in self._fresh else self._cache
    if name not in cache:
      cache[name] = _read(self.path_of(name), name)
    return cache[name]

  def _files(self, module: str) -> Iterator[str]:
    """Yields the files that run when a module is imported."""
    parts = module.split('.')
    for count in range(1, len(parts) + 1):
      if name := self.file_of('.'.join(parts[:count])):
        yield name

  def imported(self, name: str) -> set[str]:
    """Returns the files that a file imports directly."""
    found = set(self._files(_module(name)))
    for module, names in self._imports(name):
      found.update(self._files(module))
      for member in names:
        found.update(self._files(f'{module}.{member}'))
    return found - {name}

  def packages(self, name: str) -> set[str]:
    """Returns the top-level packages from outside that a file imports."""
    tops = {module.split('.')[0] for module, _ in self._imports(name)}
    return tops - set(self.folders)

  def closure(self, starts: Iterable[str]) -> set[str]:
    """Returns all files that run when some files do.

    Args:
      starts: Names of files. One that does not exist is left out.

    Returns:
      The names of the files, those of `starts` included.
    """
    waiting = [name for name in starts if self.path_of(name).is_file()]
    found: set[str] = set()
    while waiting:
      name = waiting.pop()
      if name not in found:
        found.add(name)
        waiting += self.imported(name) - found
    return found
