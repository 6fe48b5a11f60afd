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

"""Which release of TFMOT has which symbols: a table that is built, not typed.

`tools/nox -s pin_tfmot -- --build-table` downloads the wheel of each release
and reads its sources; none is imported. A symbol is a module, a name in a
module, a member of a class or a parameter, as `FUNCTION(PARAMETER)`, with its
dotted name below `tensorflow_model_optimization`, under the place that defines
it and under the public ones, such as `sparsity.keras.prune_low_magnitude`.
"""

import ast
import json
import pathlib
import re
from typing import Iterable, Iterator, Mapping, NamedTuple, Sequence

from packaging import version as versions

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.floor import inputs
from tools.mirror import archive
from tools.mirror import sources
from tools.versions import bootstrap

PACKAGE = 'tensorflow-model-optimization'
TOP = 'tensorflow_model_optimization'
TABLE = pathlib.Path('tools/floor/symbols.json')
_BUILD = 'build it with tools/nox -s pin_tfmot -- --build-table'
_ANY = '**'  # A parameter that takes all others.


class Table(NamedTuple):
  """What is in which release.

  Attributes:
    releases: By version, oldest first, the sha256 of its wheel.
    modules: By dotted name, the versions that have the module.
    symbols: By dotted name, the versions that have the symbol.
  """

  releases: Mapping[str, str]
  modules: Mapping[str, Sequence[str]]
  symbols: Mapping[str, Sequence[str]]

  def has(self, symbol: str) -> list[str]:
    """Returns the releases that have a symbol, oldest first.

    What is asked of a class or value beyond what the table knows, such as a
    member that is made when it runs, is taken to be there.

    Args:
      symbol: Its dotted name below the package, or `NAME(PARAMETER)`.

    Returns:
      The versions, none for what no release has.
    """
    name, _, parameter = symbol.removesuffix(')').partition('(')
    parts = name.split('.')
    found: list[str] = []
    for count in range(len(parts), 0, -1):
      known = '.'.join(parts[:count])
      if known in self.modules:
        found = list(self.modules[known]) if count == len(parts) else []
        break
      if known in self.symbols:
        found = list(self.symbols[known])
        break
    if not parameter:
      return found
    taken = {
        *self.symbols.get(f'{name}({parameter})', ()),
        *self.symbols.get(f'{name}({_ANY})', ()),
    }
    return [release for release in found if release in taken]


class _Release:
  """The sources of one release, read."""

  def __init__(self, files: Mapping[str, str]):
    """Initializes the release.

    Args:
      files: By path in the wheel, the text.
    """
    self._modules: dict[str, ast.Module] = {}
    for path, text in files.items():
      if path.startswith(f'{TOP}/') and path.endswith('.py'):
        dotted = path.removesuffix('.py').replace('/', '.')
        if not dotted.endswith('_test'):
          self._modules[dotted.removesuffix('.__init__')] = ast.parse(text)
    self._bound: dict[str, dict[str, tuple]] = {}

  def bound(self, module: str) -> dict[str, tuple]:
    """Returns what the names of a module are bound to.

    Args:
      module: Its dotted name.

    Returns:
      By name: `('node', module, node)` for what is defined, `('module', name)`,
      `('name', module, name)` for what is imported from the package.
    """
    if module not in self._bound:
      self._bound[module] = found = {}
      for node in _statements(self._modules[module].body):
        for name, target in self._binding(module, node):
          found[name] = target
    return self._bound[module]

  def _binding(
      self, module: str, node: ast.stmt
  ) -> Iterator[tuple[str, tuple]]:
    """Yields the names that a statement binds."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
      yield node.name, ('node', module, node)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
      targets = node.targets if isinstance(node, ast.Assign) else [node.target]
      for target in targets:
        if isinstance(target, ast.Name):
          yield target.id, ('node', module, node)
    elif isinstance(node, ast.Import):
      for alias in node.names:
        if alias.asname and alias.name in self._modules:
          yield alias.asname, ('module', alias.name)
    elif isinstance(node, ast.ImportFrom) and node.module:
      if node.module.split('.')[0] != TOP:
        return
      for alias in node.names:
        name = alias.asname or alias.name
        if f'{node.module}.{alias.name}' in self._modules:
          yield name, ('module', f'{node.module}.{alias.name}')
        elif alias.name == '*' and node.module in self._modules:
          yield from self.bound(node.module).items()
        else:
          yield name, ('name', node.module, alias.name)

  def _definition(self, target: tuple) -> tuple:
    """Follows imports to a node or module; what is lost stays a name."""
    for _ in range(20):
      if target[0] != 'name' or target[1] not in self._modules:
        break
      further = self.bound(target[1]).get(target[2])
      if further is None:
        break
      target = further
    return target

  def _members(self, module: str, node: ast.ClassDef) -> Iterator[str]:
    """Yields the members of a class, those of its bases included."""
    for inner in _statements(node.body):
      if isinstance(inner, ast.FunctionDef):
        if not inner.name.startswith('_'):
          yield inner.name
        if inner.name == '__init__':
          yield from _parameters(inner)
      elif isinstance(inner, ast.Assign):
        yield from (t.id for t in inner.targets if isinstance(t, ast.Name))
    own = {n.name for n in node.body if isinstance(n, ast.FunctionDef)}
    for base in node.bases:
      found = self._base(module, base)
      if found[0] == 'node' and isinstance(found[2], ast.ClassDef):
        for member in self._members(found[1], found[2]):
          if not (member.startswith('(') and '__init__' in own):
            yield member
      elif '__init__' not in own and ast.unparse(base) != 'object':
        yield f'({_ANY})'  # Of a class of Keras: nobody knows.

  def _base(self, module: str, base: ast.expr) -> tuple:
    """Returns what a base class is."""
    parts = ast.unparse(base).split('.')
    target = self._definition(self.bound(module).get(parts[0], ('lost',)))
    for part in parts[1:]:
      if target[0] != 'module':
        return ('lost',)
      target = self._definition(self.bound(target[1]).get(part, ('lost',)))
    return target

  def _below(self, name: str, target: tuple) -> Iterator[str]:
    """Yields a symbol and those of its members and parameters."""
    yield name
    target = self._definition(target)
    if target[0] != 'node':
      return
    _, module, node = target
    if isinstance(node, ast.ClassDef):
      for member in self._members(module, node):
        yield name + (member if member.startswith('(') else f'.{member}')
    elif isinstance(node, ast.FunctionDef):
      yield from (name + parameter for parameter in _parameters(node))

  def modules(self) -> set[str]:
    """Returns the dotted names of modules, public ones included."""
    real = {name.partition('.')[2] for name in self._modules} - {''}
    return real | {name for name, _ in self._public('', TOP, ())}

  def _public(
      self, name: str, module: str, above: tuple[str, ...]
  ) -> Iterator[tuple[str, str]]:
    """Yields the public names of modules, and the modules behind them."""
    if name:
      yield name, module
    if module in above:
      return
    for part, target in self.bound(module).items():
      target = self._definition(target)
      if target[0] == 'module' and '.api' in target[1]:
        dotted = f'{name}.{part}'.removeprefix('.')
        yield from self._public(dotted, target[1], (*above, module))

  def symbols(self) -> set[str]:
    """Returns the dotted names of all symbols that are no modules."""
    found: set[str] = set()
    places = [(name.partition('.')[2], name) for name in self._modules]
    for name, module in [*places, *self._public('', TOP, ())]:
      for part, target in self.bound(module).items():
        if not part.startswith('__') or part == '__version__':
          dotted = f'{name}.{part}'.removeprefix('.')
          found.update(self._below(dotted, target))
    return found


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
  """Yields statements, those inside of conditions and the like too."""
  for node in body:
    yield node
    if isinstance(node, ast.If | ast.Try | ast.With):
      for block in ('body', 'orelse', 'finalbody'):
        yield from _statements(getattr(node, block, ()))
      for handler in getattr(node, 'handlers', ()):
        yield from _statements(handler.body)


def _parameters(node: ast.FunctionDef) -> Iterator[str]:
  """Yields the parameters of a function, in brackets."""
  a = node.args
  for one in (*a.posonlyargs, *a.args, *a.kwonlyargs):
    if one.arg != 'self':
      yield f'({one.arg})'
  if a.kwarg:
    yield f'({_ANY})'


def of_files(files: Mapping[str, str]) -> tuple[set[str], set[str]]:
  """Returns the modules and the symbols of one release.

  Args:
    files: By path in the wheel, the text of its Python files.

  Returns:
    Dotted names.
  """
  release = _Release(files)
  modules = release.modules()
  return modules, release.symbols() - modules


def wheel_of(version: str) -> pathlib.Path:
  """Returns the wheel of a release, from the cache when it is there.

  Args:
    version: Of TFMOT.

  Returns:
    Its path.

  Raises:
    errors.InputError: It cannot be had.
  """
  target = bootstrap.cache_dir() / 'wheels' / f'{PACKAGE}-{version}'
  with bootstrap.made_once(target) as partial:
    if partial:
      sources.download(PACKAGE, version, partial)
  wheel = next(target.glob('*.whl'), None)
  if wheel is None:
    raise errors.InputError(f'{target} has no wheel in it: delete it')
  return wheel


def texts_of(wheel: pathlib.Path, version: str) -> dict[str, str]:
  """Returns the Python files of a wheel, by path."""
  return {
      name: entry.data.decode('utf-8')
      for name, entry in archive.read_wheel(
          wheel, PACKAGE, version
      ).files.items()
      if name.endswith('.py')
  }


def build(releases: Sequence[str]) -> Table:
  """Reads the wheels of releases, one at a time.

  Args:
    releases: Versions of TFMOT.

  Returns:
    The table.

  Raises:
    errors.InputError: A wheel cannot be had or read.
  """
  order = sorted(releases, key=versions.Version)
  stamps: dict[str, str] = {}
  modules: dict[str, list[str]] = {}
  symbols: dict[str, list[str]] = {}
  for release in order:
    wheel = wheel_of(release)
    stamps[release] = record.digest_of_file(wheel)
    for known, names in zip(
        (modules, symbols), of_files(texts_of(wheel, release)), strict=True
    ):
      for name in names:
        known.setdefault(name, []).append(release)
  return Table(stamps, modules, symbols)


def to_text(table: Table) -> str:
  """Returns the table as JSON, a line for each span of releases.

  Args:
    table: The table.

  Returns:
    The text. Symbols that are in the same releases share a line, and members
    and parameters in the same ones follow the name that they are of.
  """
  order = list(table.releases)
  out = {'releases': table.releases}
  for field in ('modules', 'symbols'):
    known = getattr(table, field)
    spans: dict[str, dict[str, str]] = {}
    for name in sorted(known):
      span = ' '.join(_runs(order, known[name]))
      parent = re.sub(r'\([^)]*\)$|\.[^.]*$', '', name)
      names = spans.setdefault(span, {})
      if parent in names:
        names[parent] += ' ' + name.removeprefix(parent)
      else:
        names[name] = name
    out[field] = {span: list(names.values()) for span, names in spans.items()}
  text = json.dumps(out, indent=1, sort_keys=False)
  return text + '\n'


def _runs(order: Sequence[str], releases: Sequence[str]) -> Iterator[str]:
  """Yields the spans of releases without a gap, as FIRST..LAST."""
  places = [order.index(release) for release in releases]
  first = None
  for at, place in enumerate(places):
    first = place if first is None else first
    if at + 1 == len(places) or places[at + 1] != place + 1:
      yield f'{order[first]}..{order[place]}'
      first = None


def load(root: pathlib.Path) -> Table:
  """Reads the table.

  Args:
    root: The folder of the project.

  Returns:
    The table.

  Raises:
    errors.InputError: It is missing or broken.
  """
  path = root / TABLE
  if not path.is_file():
    raise errors.InputError(f'there is no {TABLE}: {_BUILD}')
  try:
    value = json.loads(inputs.read(path))
    order = list(value['releases'])
    fields = []
    for field in ('modules', 'symbols'):
      known: dict[str, list[str]] = {}
      for spans, names in value[field].items():
        releases = []
        for span in spans.split():
          first, last = span.split('..')
          releases += order[order.index(first) : order.index(last) + 1]
        for line in names:
          name, *below = line.split()
          known |= {name + more: releases for more in ('', *below)}
      fields.append(known)
    if order != sorted(order, key=versions.Version) or not order:
      raise ValueError('its releases are not in order')
    return Table(value['releases'], *fields)
  except (ValueError, KeyError, TypeError, AttributeError) as error:
    raise errors.InputError(f'{TABLE} is broken ({error}): {_BUILD}') from error
