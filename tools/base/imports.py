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

"""Reads what Python files import, without importing them."""

import ast
import pathlib
from typing import Collection, Iterable, Iterator

from tfmot_contrib import errors


def parse(path: pathlib.Path) -> ast.Module:
  """Returns the syntax tree of a Python file.

  Args:
    path: The file.

  Returns:
    The tree.

  Raises:
    errors.InputError: It cannot be read, or is no Python.
  """
  try:
    return ast.parse(path.read_text(encoding='utf-8'))
  except OSError as error:
    raise errors.InputError(
        f'cannot read {path}: {error.strerror}; restore it with git'
    ) from error
  except (SyntaxError, ValueError) as error:
    raise errors.InputError(f'{path} is no Python: {error}') from error


def without_docstrings(tree: ast.Module) -> ast.Module:
  """Returns a syntax tree, which loses its docstrings."""
  kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
  for node in ast.walk(tree):
    if isinstance(node, kinds) and ast.get_docstring(node, False) is not None:
      del node.body[0]
  return tree


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
  """Yields the modules that a syntax tree imports anywhere, with the line.

  Args:
    tree: Of a module.

  Yields:
    The dotted name and the line. Of `from a import b` it is both `a` and `a.b`,
    as `b` may be a module.
  """
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      yield from ((alias.name, node.lineno) for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
      yield node.module, node.lineno
      yield from ((f'{node.module}.{a.name}', node.lineno) for a in node.names)


def files_of(root: pathlib.Path, module: str) -> list[str]:
  """Returns the files of a module: itself, and its package's `__init__.py`.

  Args:
    root: The folder that the package is in.
    module: Its dotted name, which may be that of something in a module.

  Returns:
    Paths relative to `root` of those that exist.
  """
  path = module.replace('.', '/')
  names = (f'{path}.py', f'{path}/__init__.py')
  return [name for name in names if (root / name).is_file()]


def closure(
    root: pathlib.Path, start: Iterable[str], packages: Collection[str]
) -> dict[str, ast.Module]:
  """Returns the modules that some modules reach by import, and themselves.

  Args:
    root: The folder that the packages are in.
    start: The dotted names to begin with.
    packages: The top-level packages to follow.

  Returns:
    The syntax trees by path relative to `root`, sorted.

  Raises:
    errors.InputError: A file cannot be read, or is no Python.
  """
  ahead = list(start)
  found: dict[str, ast.Module] = {}
  while ahead:
    module = ahead.pop()
    if module.partition('.')[0] not in packages:
      continue
    for name in files_of(root, module):
      if name not in found:
        found[name] = parse(root / name)
        ahead += [other for other, _ in imported(found[name])]
  return dict(sorted(found.items()))
