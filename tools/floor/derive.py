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

"""Derives the floor by reading: the oldest TFMOT that has what is in use.

Uses are the names that Python files take from TFMOT, with the parameters that
they pass by name, and what technique.yaml names under `api`. That a release has
all of them does not mean that it works: `tight.py` runs it.
"""

import ast
import pathlib
from typing import Iterable, Iterator, Mapping, NamedTuple, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tools.floor import inputs
from tools.floor import symbols
from tools.mirror import fork

OURS = 'ours'
MIRROR = 'mirror'
_SHOWN = 5


class Use(NamedTuple):
  """A symbol of TFMOT that is in use.

  Attributes:
    symbol: Its dotted name below the package, or `NAME(PARAMETER)`.
    path: The file.
    line: The line.
  """

  symbol: str
  path: str
  line: int


class Derived(NamedTuple):
  """The floor of some code.

  Attributes:
    floor: The oldest release that has all symbols in use, and from which on
      every release has.
    uses: The symbols, by name, with their first place.
    needing: The uses that the release before does not have, sorted by name.
  """

  floor: str
  uses: Mapping[str, Use]
  needing: Sequence[Use]


def _chain(node: ast.expr, known: Mapping[str, str]) -> str | None:
  """Returns what of TFMOT an expression names, or None."""
  parts: list[str] = []
  while isinstance(node, ast.Attribute):
    parts.append(node.attr)
    node = node.value
  if not isinstance(node, ast.Name) or node.id not in known:
    return None
  return '.'.join([known[node.id], *reversed(parts)]).removeprefix('.')


def _names(parsed: ast.Module) -> dict[str, str]:
  """Returns the names of a file that stand for something of TFMOT.

  Args:
    parsed: The file.

  Returns:
    By name, the dotted name below the package; '' is the package.
  """
  known: dict[str, str] = {}
  top = symbols.TOP
  for node in ast.walk(parsed):
    if isinstance(node, ast.Import):
      for alias in node.names:
        if alias.name.split('.')[0] == top:
          below = alias.name.partition('.')[2] if alias.asname else ''
          known[alias.asname or top] = below
    elif isinstance(node, ast.ImportFrom) and node.module:
      if node.module.split('.')[0] == top and not node.level:
        below = node.module.partition('.')[2]
        for alias in node.names:
          dotted = f'{below}.{alias.name}'.removeprefix('.')
          known[alias.asname or alias.name] = dotted
  size = -1
  while size < len(known):  # `keras = tfmot.sparsity.keras`, and of that more.
    size = len(known)
    for node in ast.walk(parsed):
      if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, named = node.targets[0], _chain(node.value, known)
        if isinstance(target, ast.Name) and named is not None:
          known.setdefault(target.id, named)
  return known


def uses_of(text: str, path: str) -> Iterator[Use]:
  """Yields the uses of one Python file.

  Args:
    text: The file.
    path: Where it is, for messages.

  Yields:
    Each use, the longest chain of attributes only.

  Raises:
    errors.InputError: It is no Python.
  """
  try:
    parsed = ast.parse(text)
  except (SyntaxError, ValueError) as error:
    raise errors.InputError(f'{path} is no Python: {error}') from error
  known = _names(parsed)
  if not known:
    return
  inner = {
      id(node.value)
      for node in ast.walk(parsed)
      if isinstance(node, ast.Attribute)
  }
  for node in ast.walk(parsed):
    if isinstance(node, ast.ImportFrom | ast.Import):
      for alias in node.names:
        module = getattr(node, 'module', None)
        dotted = f'{module}.{alias.name}' if module else alias.name
        if dotted.startswith(f'{symbols.TOP}.'):
          yield Use(dotted.partition('.')[2], path, node.lineno)
    elif isinstance(node, ast.Attribute) and id(node) not in inner:
      if named := _chain(node, known):
        yield Use(named, path, node.lineno)
    if isinstance(node, ast.Call) and (named := _chain(node.func, known)):
      for keyword in node.keywords:
        if keyword.arg:
          yield Use(f'{named}({keyword.arg})', path, node.lineno)


def _python(folder: pathlib.Path, name: str) -> Iterator[Use]:
  """Yields the uses of all Python files below a folder, tests excepted."""
  for path in sorted(folder.rglob('*.py')):
    if not path.name.endswith('_test.py'):
      text = inputs.read(path)
      if symbols.TOP in text:
        yield from uses_of(text, f'{name}/{path.relative_to(folder)}')


def ours(root: pathlib.Path) -> list[Use]:
  """Returns the uses of this project's own code and of its techniques' API."""
  found = list(_python(root / 'tfmot_contrib', 'tfmot_contrib'))
  for folder in inputs.folders(root):
    path = f'tfmot_contrib/{folder}/technique.yaml'
    for name in claims.read_technique(str(root / path))['api']:
      if name.startswith('tfmot.'):
        found.append(Use(name.removeprefix('tfmot.'), path, 1))
  return found


def of_mirror(root: pathlib.Path) -> list[Use]:
  """Returns the uses of the mirror of Official Models."""
  return [
      use
      for package, folder in sorted(fork.packages(root).items())
      for use in _python(folder, package)
  ]


def derive(uses: Iterable[Use], table: symbols.Table) -> Derived:
  """Finds the floor.

  Args:
    uses: What is in use.
    table: What is in which release.

  Returns:
    The floor and what it stands on.

  Raises:
    errors.InputError: Nothing is in use, or the newest release lacks something.
  """
  first: dict[str, Use] = {}
  for use in uses:
    first.setdefault(use.symbol, use)
  if not first:
    raise errors.InputError('nothing of TFMOT is in use: is this the project?')
  has = {name: set(table.has(name)) for name in first}
  order = list(table.releases)
  unknown = [first[name] for name in sorted(first) if not has[name]]
  known = [name for name in sorted(first) if has[name]]
  whole = [all(r in has[name] for name in known) for r in order]
  if unknown or not whole[-1]:
    lost = unknown or [first[n] for n in known if order[-1] not in has[n]]
    told = ', '.join(f'{u.symbol} ({u.path}:{u.line})' for u in lost[:_SHOWN])
    raise errors.InputError(
        f'TFMOT {order[-1]} does not have {told}: mend the code, or build the'
        ' table with a newer release (--build-table)'
    )
  at = len(order) - 1
  while at and whole[at - 1]:
    at -= 1
  needing = [
      first[name] for name in known if at and order[at - 1] not in has[name]
  ]
  return Derived(order[at], first, needing)


def told(name: str, found: Derived, table: symbols.Table) -> str:
  """Returns the floor of some code in a few lines."""
  order = list(table.releases)
  at = order.index(found.floor)
  lines = [f'{name}: {found.floor} ({len(found.uses)} symbols in use)']
  for use in found.needing[:_SHOWN]:
    lines.append(
        f'  {order[at - 1]} lacks {use.symbol}, used in {use.path}:{use.line}'
    )
  if (more := len(found.needing) - _SHOWN) > 0:
    lines.append(f'  and {more} more')
  return '\n'.join(lines)
