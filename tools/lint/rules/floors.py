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

"""The minimum TFMOT: it has every symbol that is used."""

import ast
import json
from typing import Any, Iterator

from tools.lint import registry
from tools.lint import tree
from tools.lint.rules import headers

_TABLE = 'tools/floor/symbols.json'
_TOP = 'tensorflow_model_optimization'
_SKIP = ('**/*_test.py',)
_ON = ('tfmot_contrib/**/*.py', 'tfmot_contrib/*/technique.yaml', _TABLE)
_EXAMPLE = {
    _TABLE: json.dumps({
        'releases': {'0.7.0': '', '0.8.0': ''},
        'modules': {'0.7.0..0.8.0': ['sparsity .keras']},
        'symbols': {
            '0.7.0..0.8.0': ['sparsity.keras.old'],
            '0.8.0..0.8.0': ['sparsity.keras.new'],
        },
    }),
    'tfmot_contrib/a/technique.yaml': 'name: a\nfloor: 0.7.0\n',
}
_USE = 'import tensorflow_model_optimization as tfmot\n\nX = tfmot.{}\n'


def _use(name: str) -> registry.Files:
  """Returns an example that uses a symbol."""
  text = headers.example(_USE.format(name))
  return {**_EXAMPLE, 'tfmot_contrib/a/a.py': text}


def symbols(file: tree.File) -> list[tuple[int, str]]:
  """Returns the symbols of TFMOT that a file uses.

  Args:
    file: A Python file.

  Returns:
    Line and dotted name below the package, the longest of each chain.
  """
  if _TOP not in (file.text or ''):
    return []
  names: dict[str, str] = {}
  found = []
  for node in file.nodes:
    if isinstance(node, ast.Import):
      for alias in node.names:
        if alias.name == _TOP:
          names[alias.asname or alias.name] = ''
    elif isinstance(node, ast.ImportFrom) and node.module:
      if node.module.split('.')[0] == _TOP:
        below = node.module.removeprefix(_TOP).lstrip('.')
        for alias in node.names:
          full = f'{below}.{alias.name}'.lstrip('.')
          names[alias.asname or alias.name] = full
          found.append((node.lineno, full))
  inner = {id(n.value) for n in file.nodes if isinstance(n, ast.Attribute)}
  for node in file.nodes:
    if isinstance(node, ast.Attribute) and id(node) not in inner:
      first, _, rest = tree.dotted(node).partition('.')
      if first in names and rest:
        found.append((node.lineno, f'{names[first]}.{rest}'.lstrip('.')))
  return found


@registry.project_rule(
    'floor-symbols',
    on=_ON,
    skip=_SKIP,
    source=registry.TFMOT,
    bad=(
        _use('sparsity.keras.new'),
        _use('sparsity.keras.gone'),
        {
            **_EXAMPLE,
            'tfmot_contrib/a/technique.yaml': (
                'name: a\nfloor: 0.7.0\napi:\n  - tfmot.sparsity.keras.new\n'
            ),
        },
    ),
    good=(_use('sparsity.keras.old'),),
)
def check_floor_symbols(
    project: tree.Project,
) -> Iterator[tuple[str, int, str]]:
  """The floor of technique.yaml is a TFMOT that has every symbol in use.

  Shared code goes by the lowest floor. `tools/floor` knows which release has
  what.
  """
  if not project.get(_TABLE):
    return
  from tools.floor import symbols as tables

  table = tables.load(project.root)
  floors = {
      folder: str(project.yaml(f'{folder}/technique.yaml').get('floor', ''))
      for folder in project.techniques
  }
  if not floors:
    return
  order = list(table.releases)
  for folder, floor in floors.items():
    if floor not in order:
      yield f'{folder}/technique.yaml', 1, f'floor {floor} is no release'
  shared = min(
      floors.values(), key=lambda v: order.index(v) if v in order else 0
  )
  for folder in project.techniques:
    path = f'{folder}/technique.yaml'
    for name in project.yaml(path).get('api') or ():
      if str(name).startswith('tfmot.'):
        line = project.files[path].line_of(f'- {name}')
        yield from _judge(
            table, path, line, name.removeprefix('tfmot.'), floors[folder]
        )
  for file in project.glob('tfmot_contrib/**/*.py'):
    if tree.matches(file.path, _SKIP):
      continue
    floor = floors.get('/'.join(file.path.split('/')[:2]), shared)
    for line, symbol in symbols(file):
      yield from _judge(table, file.path, line, symbol, floor)


def _judge(
    table: Any, path: str, line: int, symbol: str, floor: str
) -> Iterator[tuple[str, int, str]]:
  """Yields a finding when the floor does not have a symbol."""
  found = table.has(symbol)
  if not found:
    yield path, line, f'no TFMOT that is known has {symbol}'
  elif floor not in found:
    yield path, line, f'{symbol} is in {found[0]} and later, not in {floor}'
