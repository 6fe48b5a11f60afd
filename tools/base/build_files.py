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

"""Reads BUILD files without Bazel.

Starlark is a part of Python, so a BUILD file is run with functions that do
nothing but note how they are called.
"""

import ast
import builtins
import pathlib
import sys
from typing import Any, Iterator, Mapping, NamedTuple

from tfmot_contrib import errors

_ALLOWED = ('dict', 'enumerate', 'len', 'list', 'range', 'sorted', 'str', 'zip')


class Rule(NamedTuple):
  """A call of a rule or a macro.

  Attributes:
    package: The folder of the BUILD file, relative to the root.
    kind: What is called, such as `py_library`.
    line: Where, from 1 on.
    attributes: The keyword arguments.
  """

  package: str
  kind: str
  line: int
  attributes: Mapping[str, Any]

  @property
  def name(self) -> str:
    """The name of the target; of what has none, such as `package`, nothing."""
    return self.attributes.get('name', '')

  @property
  def label(self) -> str:
    """The label of the target."""
    return f'//{self.package}:{self.name}'


def absolute(package: str, label: str) -> str:
  """Returns a label in full: `//PACKAGE:NAME`.

  Args:
    package: Where the label is written.
    label: Such as `:x`, `x.py`, `//a/b` or `//a/b:c`; external ones stay.

  Returns:
    The label in full.
  """
  if label.startswith('@'):
    return label
  if not label.startswith('//'):
    return f'//{package}:{label.removeprefix(":")}'
  if ':' not in label:
    return f'{label}:{label.rpartition("/")[2]}'
  return label


def loaded(root: pathlib.Path, tree: ast.Module) -> dict[str, Any]:
  """Returns the constants that a BUILD file loads, such as lists.

  Args:
    root: The folder of the project.
    tree: Of the file.

  Returns:
    By name, the values of those that are written in capitals; what else is
    loaded is called.
  """
  found: dict[str, Any] = {}
  for node in tree.body:
    match node:
      case ast.Expr(value=ast.Call(func=ast.Name(id='load'), args=arguments)):
        label, *names = map(ast.literal_eval, arguments)
        wanted = [name for name in names if name.isupper()]
        if wanted:
          path = root / label.removeprefix('//').replace(':', '/')
          scope: dict[str, Any] = {'__builtins__': {}}
          content = compile(path.read_text(encoding='utf-8'), path, 'exec')
          exec(content, scope)  # pylint: disable=exec-used
          found |= {name: scope[name] for name in wanted}
  return found


def rules(root: pathlib.Path, package: str) -> list[Rule]:
  """Returns the rules and macros that a BUILD file calls.

  Args:
    root: The folder of the project.
    package: The folder of the BUILD file, relative to `root`.

  Returns:
    All calls, in their order.

  Raises:
    errors.InputError: The file is not there, or cannot be run.
  """
  folder = root / package
  path = folder / 'BUILD'
  found: list[Rule] = []

  def noting(kind: str):
    def note(*_: Any, **attributes: Any) -> list[Any]:
      # Depth 1 is who calls: the BUILD file.
      line = sys._getframe(1).f_lineno  # pylint: disable=protected-access
      found.append(Rule(package, kind, line, attributes))
      return []

    return note

  def glob(patterns: list[str], exclude: Any = (), **_: Any) -> list[str]:
    matched = [
        {p.relative_to(folder).as_posix() for p in folder.glob(one)}
        for one in patterns
    ]
    excluded = [
        {p.relative_to(folder).as_posix() for p in folder.glob(one)}
        for one in exclude
    ]
    names = set().union(*matched) - set().union(*excluded)
    return sorted(name for name in names if (folder / name).is_file())

  try:
    parsed = ast.parse(path.read_text(encoding='utf-8'))
    called = {
        node.func.id
        for node in ast.walk(parsed)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    scope: dict[str, Any] = {name: noting(name) for name in called}
    scope |= {name: getattr(builtins, name) for name in _ALLOWED}
    scope |= {'False': False, 'None': None, 'True': True, 'glob': glob}
    scope |= loaded(root, parsed)
    scope |= {'load': lambda *_, **__: None, '__builtins__': {}}
    exec(compile(parsed, str(path), 'exec'), scope)  # pylint: disable=exec-used
  except OSError as error:
    raise errors.InputError(
        f'cannot read {path}: {error.strerror}; restore it with git'
    ) from error
  except Exception as error:  # pylint: disable=broad-exception-caught
    raise errors.InputError(f'cannot read {path}: {error}') from error
  return found


def packages(root: pathlib.Path, below: str) -> Iterator[str]:
  """Yields the packages in a folder of the project, sorted.

  Args:
    root: The folder of the project.
    below: The folder, relative to `root`; it may be a package itself.

  Yields:
    Paths relative to `root`.
  """
  for path in sorted((root / below).rglob('BUILD')):
    yield path.parent.relative_to(root).as_posix()
