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

"""What a mirror needs of the environment, old and new, against our locks.

The requirements are those of the wheel's METADATA, or of
`official/requirements.txt` where there is no wheel. Our environment is resolved
without tf-models-official, so nothing fails by itself when upstream wants
another version: this comparison says so.
"""

import email.parser
import importlib.util
import pathlib
import re
import sys
from typing import Mapping, NamedTuple, Sequence

from packaging import requirements
from packaging import specifiers
from packaging import utils

from tools.versions import environment

_LOCKED = re.compile(r'^([A-Za-z0-9._-]+)==([^\s\\;]+)', re.MULTILINE)
_TREE_FILE = 'official/requirements.txt'
# A nightly build requires the nightly builds of these.
_NIGHTLIES = {
    'tensorflow-text-nightly': 'tensorflow-text',
    'tf-hub-nightly': 'tensorflow-hub',
    'tf-keras-nightly': 'tf-keras',
    'tf-model-optimization-nightly': 'tensorflow-model-optimization',
    'tf-nightly': 'tensorflow',
}
_PYTHON = 'python'


class Need(NamedTuple):
  """A package that a mirror requires.

  Attributes:
    name: Of the package, or `python`.
    old: The versions that the old mirror wants; None when it wants none of it.
    new: The same of the new mirror; `any` when every version will do.
    verdict: What our lock says to the new one.
    met: Whether the lock has a version that will do; None when it has none.
  """

  name: str
  old: str | None
  new: str | None
  verdict: str
  met: bool | None


class NewImport(NamedTuple):
  """A package that files in use import with the new mirror only.

  Attributes:
    package: Its top-level name.
    file: The first of the files.
    found: Whether the environment has it.
  """

  package: str
  file: str
  found: bool


class Dependencies(NamedTuple):
  """What changes in the packages that a mirror needs.

  Attributes:
    known: Whether both sides tell what they require.
    changes: The requirements that were added, removed or changed.
    unmet: Those that are as they were, but that our lock does not meet.
    imports: The packages that files in use import anew.
  """

  known: bool
  changes: tuple[Need, ...] = ()
  unmet: tuple[Need, ...] = ()
  imports: tuple[NewImport, ...] = ()


def _specifier(specifier: specifiers.SpecifierSet) -> str:
  """Returns versions as text, in one order."""
  return ','.join(sorted(map(str, specifier))) or 'any'


def _requirement(line: str) -> tuple[str, str] | None:
  """Returns the package and versions of a line, or None when it is not ours.

  Args:
    line: As in METADATA or a requirements file.

  Returns:
    The normalized name and the versions. None for an option, for nonsense, and
    for what another system or an extra needs.
  """
  try:
    found = requirements.Requirement(line)
  except requirements.InvalidRequirement:
    return None
  if found.marker and not found.marker.evaluate({'extra': ''}):
    return None
  return utils.canonicalize_name(found.name), _specifier(found.specifier)


def of_metadata(text: str) -> dict[str, str]:
  """Returns the requirements of the METADATA of a wheel.

  Args:
    text: Its content.

  Returns:
    The versions by package, and those of Python by `python`.
  """
  message = email.parser.HeaderParser().parsestr(text)
  lines = message.get_all('Requires-Dist', [])
  found = dict(filter(None, map(_requirement, lines)))
  if python := message.get('Requires-Python'):
    try:
      found[_PYTHON] = _specifier(specifiers.SpecifierSet(python))
    except specifiers.InvalidSpecifier:
      found[_PYTHON] = python
  return found


def of_tree(tree: pathlib.Path) -> dict[str, str] | None:
  """Returns the requirements that a tree lists itself, or None."""
  path = tree / _TREE_FILE
  if not path.is_file():
    return None
  lines = path.read_text(encoding='utf-8', errors='replace').splitlines()
  plain = (line.split('#')[0].strip() for line in lines)
  return dict(filter(None, map(_requirement, plain)))


def locked(
    settings: Mapping[str, str] | None = None,
) -> dict[str, str]:
  """Returns what our environment has.

  Args:
    settings: A version for each layer; by default those in force.

  Returns:
    The locked versions by package, and the running Python's.
  """
  versions = {_PYTHON: '.'.join(map(str, sys.version_info[:3]))}
  for layer, version in (settings or environment.settings()).items():
    text = environment.lock_of(layer, version).read_text(encoding='utf-8')
    for name, number in _LOCKED.findall(text):
      versions[utils.canonicalize_name(name)] = number
  return versions


def _need(
    name: str, old: str | None, new: str | None, locks: Mapping[str, str]
) -> Need:
  """Judges a requirement by our locks."""
  if new is None:
    return Need(name, old, new, 'no longer required', True)
  version = locks.get(name)
  if version is None:
    release = _NIGHTLIES.get(name, '')
    also = f', {release} {locks[release]} is' if release in locks else ''
    return Need(name, old, new, f'not in our lock{also}', None)
  try:
    wanted = specifiers.SpecifierSet('' if new == 'any' else new)
    met = wanted.contains(version, prereleases=True)
  except specifiers.InvalidSpecifier:
    met = False
  where = 'this Python is' if name == _PYTHON else 'our lock has'
  verdict = (
      f'satisfied by {version}'
      if met
      else (f'NOT satisfied: {where} {version}')
  )
  return Need(name, old, new, verdict, met)


def compare(
    old: Mapping[str, str] | None,
    new: Mapping[str, str] | None,
    locks: Mapping[str, str],
    packages: Sequence[Mapping[str, str]] = ({}, {}),
) -> Dependencies:
  """Compares what two mirrors need.

  Args:
    old: The requirements of the old mirror, if they are known.
    new: The requirements of the new one, if they are known.
    locks: What our environment has; see `locked`.
    packages: What files in use import with the old mirror and with the new
      one; see `stale.Closures.packages`.

  Returns:
    What differs.
  """
  before, after = packages
  imports = tuple(
      NewImport(name, file, importlib.util.find_spec(name) is not None)
      for name, file in sorted(after.items())
      if name not in before and name not in sys.stdlib_module_names
  )
  if new is None:
    return Dependencies(known=False, imports=imports)
  known = old is not None
  old = new if old is None else old
  needs = [
      _need(name, old.get(name), new.get(name), locks)
      for name in sorted({*old, *new})
  ]
  return Dependencies(
      known=known,
      changes=tuple(need for need in needs if need.old != need.new),
      unmet=tuple(n for n in needs if n.old == n.new and n.met is False),
      imports=imports,
  )
