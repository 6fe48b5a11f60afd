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

"""API impact: which symbols that our code uses has a sync changed.

Each use that `uses.py` finds in our code is compared between the old mirror and
the new one (`signatures.py`). A change is told once, with all places of ours
that it touches and the Bazel targets that own them, so that the targets can be
tested and the places mended.
"""

import pathlib
import re
from typing import NamedTuple, Sequence

from tools.sync.impact import build_files
from tools.sync.impact import expressions
from tools.sync.impact import files
from tools.sync.impact import signatures
from tools.sync.impact import stale
from tools.sync.impact import symbols
from tools.sync.impact import uses

# Places named for a symbol that is gone from where it was.
_PLACES = 3


class Site(NamedTuple):
  """A place of ours that a change touches.

  Attributes:
    path: The file, relative to the root.
    line: The line.
    target: The Bazel target that owns the file, or an empty text.
    note: How it touches, such as `calls` or `passes NAME`.
  """

  path: str
  line: int
  target: str
  note: str


class Change(NamedTuple):
  """A change of the mirror's API that touches our code.

  Attributes:
    breaks: Whether code that worked can fail; else it may do another thing.
    symbol: The dotted name, where the old mirror defines it.
    kind: What changed, such as `parameter removed`.
    detail: The old and the new, or a hint.
    sites: The places, in order.
  """

  breaks: bool
  symbol: str
  kind: str
  detail: str
  sites: tuple[Site, ...]


def _elsewhere(mirror: pathlib.Path, symbol: str) -> list[str]:
  """Returns the modules of a mirror that define a name which is gone.

  Args:
    mirror: The new mirror.
    symbol: The dotted name that is gone.

  Returns:
    Some dotted names with the same last part.
  """
  name = re.escape(symbol.rpartition('.')[2])
  defined = re.compile(rf'^(?:class|def) {name}\b|^{name}\b.*=', re.MULTILINE)
  found = []
  for file in files.names(mirror):
    if file.endswith('.py') and not file.endswith('_test.py'):
      path = mirror / file
      text = '' if path.is_symlink() else path.read_text('utf-8', 'replace')
      if defined.search(text):
        module = file.removesuffix('.py').removesuffix('/__init__')
        found.append(f'{module}.{symbol.rpartition(".")[2]}'.replace('/', '.'))
  return found[:_PLACES]


def _fails(use: expressions.Use, difference: signatures.Difference) -> bool:
  """Tells whether a place of ours can fail by a difference that breaks.

  Args:
    use: The place.
    difference: What changed.

  Returns:
    False only when it is known that the place does not care.
  """
  word, _, what = difference.kind.partition(' ')
  if word not in ('parameter', 'parameters', 'field'):
    return True
  if use.how in ('imports', 'annotates', 'subclasses'):
    return False
  if use.how != 'calls' or what == 'added':
    return True
  by_position = use.positional > difference.place
  if what == 'reordered':
    return by_position
  passed = by_position or difference.parameter in use.keywords
  if '**' in use.keywords:
    return True
  return passed != (what == 'default removed')


def _note(use: expressions.Use, difference: signatures.Difference) -> str:
  """Returns how a use is touched by a difference."""
  if difference.parameter in use.keywords:
    return f'passes {difference.parameter}'
  return use.how


def _telling(kind: str, sites: Sequence[Site]) -> tuple[Site, ...]:
  """Leaves annotations out, which do not care about defaults and the like."""
  if kind not in ('removed', 'kind changed'):
    sites = [site for site in sites if site.note != 'annotates'] or sites
  return tuple(sorted(sites))


def impact(
    old: pathlib.Path,
    new: pathlib.Path,
    root: pathlib.Path,
    changes: files.FileChanges | None = None,
    rules: Sequence[build_files.Rule] | None = None,
) -> list[Change]:
  """Finds the changes of the mirror's API that touch our code.

  Args:
    old: The old mirror.
    new: The new mirror.
    root: The root of the repository.
    changes: What differs between the mirrors, if that is known already.
    rules: The rules of the BUILD files, likewise.

  Returns:
    The changes; those that can break our code come first.

  Raises:
    errors.InputError: One of our files cannot be parsed.
  """
  changes = changes or files.compare(old, new)
  rules = rules or build_files.read(root)
  owners = build_files.owners(rules)
  ours = dict.fromkeys(build_files.FOLDERS, root)
  before, after = (
      {**ours, **dict.fromkeys(stale.PACKAGES, mirror)} for mirror in (old, new)
  )
  tree = symbols.Tree(before)
  # Most files differ in the year alone: they are parsed once for both.
  other = symbols.Tree(after, tree, changes.substantial)
  comparison = signatures.Comparison(tree, other)
  compared: dict[tuple[str, bool], list[signatures.Difference]] = {}
  touched: dict[signatures.Difference, dict[tuple[str, int], Site]] = {}
  failing = set()
  for use in uses.find(tree, root, stale.PACKAGES):
    overridden = use.how == 'overrides'
    asked = (use.symbol, overridden)
    if asked not in compared:
      compared[asked] = comparison.symbol(*asked)
    for difference in compared[asked]:
      note = _note(use, difference)
      site = Site(use.path, use.line, owners.get(use.path, ''), note)
      key = difference._replace(parameter='', place=-1)
      sites = touched.setdefault(key, {})
      if _fails(use, difference):
        failing.add(key)
      place = (use.path, use.line)
      if place not in sites or sites[place].note in ('annotates', 'refers'):
        sites[place] = site
  found = []
  for difference, sites in touched.items():
    detail = difference.detail
    if difference.kind == 'removed':
      if places := _elsewhere(new, difference.symbol):
        detail = f'{detail}; there is {", ".join(places)}'
    found.append(
        Change(
            breaks=difference.breaks and difference in failing,
            symbol=difference.symbol,
            kind=difference.kind,
            detail=detail,
            sites=_telling(difference.kind, list(sites.values())),
        )
    )
  return sorted(found, key=lambda change: (not change.breaks, change))
