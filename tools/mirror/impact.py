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

"""What a new upstream means for the fork, as one Markdown document.

The old mirror is compared with the new one before anything changes: files,
upstream's log, the API that our code uses (by griffe), the runs that import
what changed, requirements against our locks, licences.
"""

import ast
import email.parser
import functools
import pathlib
import re
import sys
from typing import Iterable, Mapping, NamedTuple, Sequence

import griffe
from packaging import requirements
from packaging import specifiers
from packaging import utils

from tools.base import build_files
from tools.base import imports
from tools.base import markdown
from tools.env import environment
from tools.mirror import fork as forks
from tools.mirror import pin as pins
from tools.mirror import repository
from tools.mirror import sources
from tools.mirror import tree

_OURS = 'tfmot_contrib'
_RUN = 'tfmot_contrib.convergence.run'
_SHOWN = 30  # Entries of a list; the rest is counted.
_HEADER = re.compile(rb'(?:[ \t]*(?:#[^\n]*)?\r?\n)*')
_LICENCE = re.compile(r'(?:^|/)(?:LICEN[CS]E|COPYING|NOTICE)[^/]*$', re.I)
_LOCKED = re.compile(r'^([A-Za-z0-9._-]+)==([^\s\\;]+)', re.MULTILINE)
_COLOUR = re.compile(r'\x1b\[\d+m')
_REFERENCE = re.compile(r'(?<![\w/])#(\d+)')


class Changes(NamedTuple):
  """The files that differ between two mirrors, by name.

  Attributes:
    added: In the new one only.
    removed: In the old one only.
    changed: Changed in substance.
    trivial: Python files in which only comments, layout or docstrings changed.
  """

  added: list[str]
  removed: list[str]
  changed: list[str]
  trivial: list[str]

  @property
  def substantial(self) -> set[str]:
    """What can make a difference to whoever uses the mirror."""
    return {*self.added, *self.removed, *self.changed}


def _skeleton(source: bytes) -> str:
  """Returns what runs of Python source: no comment, layout or docstring."""
  parsed = ast.parse(source)
  kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
  for node in ast.walk(parsed):
    if isinstance(node, kinds) and ast.get_docstring(node, False) is not None:
      node.body = node.body[1:] or [ast.Pass()]
  return ast.dump(parsed)


def _same_in_substance(old: bytes, new: bytes) -> bool:
  """Tells whether two Python files differ in nothing that runs."""
  # Nearly all of upstream's files differ in the year alone: not parsed.
  if old[_HEADER.match(old).end() :] == new[_HEADER.match(new).end() :]:
    return True
  try:
    return _skeleton(old) == _skeleton(new)
  except (SyntaxError, ValueError):
    return False


def compare(old: tree.Tree, new: tree.Tree) -> Changes:
  """Compares two mirrors file by file.

  Args:
    old: The one.
    new: The other.

  Returns:
    What differs.
  """
  changed, trivial = [], []
  for name in sorted(old.keys() & new.keys()):
    one, other = old[name], new[name]
    if one != other:
      same = one.mode == other.mode and name.endswith('.py')
      same = same and _same_in_substance(one.data, other.data)
      (trivial if same else changed).append(name)
  added, removed = sorted(new.keys() - old), sorted(old.keys() - new)
  return Changes(added, removed, changed, trivial)


def _dotted(node: ast.expr) -> list[str]:
  """Returns the parts of a dotted name; nothing for another expression."""
  if isinstance(node, ast.Name):
    return [node.id]
  if isinstance(node, ast.Attribute) and (head := _dotted(node.value)):
    return [*head, node.attr]
  return []


def used(root: pathlib.Path, packages: Iterable[str]) -> dict[str, list[str]]:
  """Finds the names of the mirror that our code spells out.

  Args:
    root: The top folder of the clone.
    packages: Of the mirror.

  Returns:
    The places of each dotted name, as PATH:LINE.
  """
  packages = set(packages)
  found: dict[str, list[str]] = {}
  for path in sorted((root / _OURS).rglob('*.py')):
    parsed, names = imports.parse(path), {}
    for node in ast.walk(parsed):
      if isinstance(node, ast.Import):
        for alias in node.names:
          top = alias.name.partition('.')[0]
          names[alias.asname or top] = alias.name if alias.asname else top
      elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
          names[alias.asname or alias.name] = f'{node.module}.{alias.name}'
    spelled = [
        (f'{names[parts[0]]}.{".".join(parts[1:])}'.rstrip('.'), node.lineno)
        for node in ast.walk(parsed)
        if isinstance(node, ast.expr)
        and (parts := _dotted(node))
        and parts[0] in names
    ]
    for name, line in [*imports.imported(parsed), *spelled]:
      if name.partition('.')[0] in packages:
        found.setdefault(name, []).append(f'{path.relative_to(root)}:{line}')
  return found


def _file_of(module: str, files: tree.Tree) -> str:
  """Returns the file of a module in a mirror, or ''."""
  path = module.replace('.', '/')
  names = (f'{path}.py', f'{path}/__init__.py')
  return next((name for name in names if name in files), '')


def breakages(
    old: tree.Tree, new: tree.Tree, names: Mapping[str, Sequence[str]]
) -> list[tuple[str, str, list[str]]]:
  """Finds what breaks of the API that our code uses.

  Args:
    old: The old mirror.
    new: The new mirror.
    names: The names that we use, with their places.

  Returns:
    The name, what happened to it, and the places of ours that spell it out.
  """
  modules = set()
  for name in names:
    parts = name.split('.')
    heads = ('.'.join(parts[:n]) for n in range(len(parts), 0, -1))
    modules.add(next((head for head in heads if _file_of(head, old)), ''))
  found = []
  for module in sorted(modules - {''}):
    rows = [(module, f'{module} was removed')]
    if _file_of(module, new):
      sides = [
          griffe.visit(
              module,
              filepath=pathlib.Path(name),
              code=files[name].data.decode(errors='replace'),
          )
          for files in (old, new)
          if (name := _file_of(module, files))
      ]
      rows = [
          (change.obj.path, _COLOUR.sub('', change.explain()))
          for change in griffe.find_breaking_changes(*sides)
      ]
    for path, what in rows:
      # Of a module that we import, only what we spell out of it counts.
      places = [
          place
          for name, at in names.items()
          if f'{name}.'.startswith(f'{path}.')
          or (path.startswith(f'{name}.') and not _file_of(name, old))
          for place in at
      ]
      if places:
        found.append((path, what, sorted(set(places))))
  return found


@functools.cache
def _imported(path: pathlib.Path) -> frozenset[str]:
  """Returns the modules that a file imports."""
  return frozenset(name for name, _ in imports.imported(imports.parse(path)))


def _reached(
    start: Iterable[str], folders: Mapping[str, pathlib.Path]
) -> set[str]:
  """Returns the files that some modules reach by import.

  Args:
    start: The modules.
    folders: Where each package is that is followed.

  Returns:
    Their paths, each relative to its folder.
  """
  ahead, found = list(start), set()
  while ahead:
    module = ahead.pop()
    root = folders.get(module.partition('.')[0])
    for name in imports.files_of(root, module) if root else ():
      if name not in found:
        found.add(name)
        ahead += _imported(root / name)
  return found


def stale(
    root: pathlib.Path,
    mirrors: Sequence[pathlib.Path],
    packages: Iterable[str],
    changed: set[str],
) -> list[str]:
  """Finds the runs that say nothing about the new mirror.

  Args:
    root: The top folder of the clone.
    mirrors: The old one and the new one.
    packages: Of the mirrors.
    changed: The files that differ in substance.

  Returns:
    The labels of the convergence tests whose runs, or the runs that they start
    from, import one of them.
  """
  touched: dict[str, bool] = {}
  starts: dict[str, str] = {}  # From a test to the one that it starts from.
  for package in build_files.packages(root, _OURS):
    for rule in build_files.rules(root, package):
      if rule.kind == 'convergence_test':
        module = rule.attributes.get('module', '')
        if module not in touched:
          touched[module] = any(
              changed
              & _reached(
                  [module, _RUN],
                  {**dict.fromkeys(packages, mirror), _OURS: root},
              )
              for mirror in mirrors
          )
        baseline = rule.attributes.get('baseline')
        start = build_files.absolute(package, baseline) if baseline else ''
        starts[rule.label] = start
        touched[rule.label] = touched[module]
  found = []
  for label in starts:
    at, seen = label, set()
    while at in starts and at not in seen and not touched[at]:
      seen.add(at)
      at = starts[at]
    if touched.get(at):
      found.append(label)
  return sorted(found)


def needs(metadata: str | None, files: tree.Tree) -> dict[str, str]:
  """Returns what a mirror requires.

  Args:
    metadata: The METADATA of its wheel, if it has one.
    files: Its files, of which `official/requirements.txt` counts otherwise.

  Returns:
    The versions by package, and those of Python by `python`.
  """
  if metadata is None:
    entry = files.get('official/requirements.txt', tree.Entry(tree.FILE, b''))
    text = entry.data.decode(errors='replace')
    lines, found = [row.split('#')[0].strip() for row in text.split('\n')], {}
  else:
    message = email.parser.HeaderParser().parsestr(metadata)
    lines = message.get_all('Requires-Dist', [])
    found = {'python': message.get('Requires-Python', 'any')}
  for line in lines:
    try:
      need = requirements.Requirement(line)
    except requirements.InvalidRequirement:
      continue  # An option, or no text at all.
    if not need.marker or need.marker.evaluate({'extra': ''}):
      versions = ','.join(sorted(map(str, need.specifier))) or 'any'
      found[utils.canonicalize_name(need.name)] = versions
  return found


def locked() -> dict[str, str]:
  """Returns the versions of our environment, and the running Python's."""
  versions = {'python': '.'.join(map(str, sys.version_info[:3]))}
  for layer, version in environment.settings().items():
    text = environment.lock_of(layer, version).read_text(encoding='utf-8')
    for name, number in _LOCKED.findall(text):
      versions[utils.canonicalize_name(name)] = number
  return versions


def unmet(
    old: Mapping[str, str], new: Mapping[str, str], have: Mapping[str, str]
) -> list[str]:
  """Compares what two mirrors require, and that with our locks.

  Args:
    old: The versions by package that the old mirror wants.
    new: Those that the new one wants.
    have: The versions of our locks.

  Returns:
    A line for each requirement that changed, or that our locks do not meet.
  """
  lines = []
  for name in sorted(old.keys() | new.keys()):
    before, after = old.get(name, '-'), new.get(name, '-')
    wanted = specifiers.SpecifierSet('' if after in ('any', '-') else after)
    told = 'no longer required'
    fails = name in have and not wanted.contains(have[name], prereleases=True)
    if after != '-':
      told = f'our lock has {have[name]}' if name in have else 'not in our lock'
    if before != after or fails:
      mark = 'NOT met, ' if fails else ''
      lines.append(f'{name} {before} -> {after}: {mark}{told}')
  return lines


def licences(changes: Changes, metadata: Sequence[str | None]) -> list[str]:
  """Returns licence files that changed, and another licence of the wheel."""
  found = [n for n in sorted(changes.substantial) if _LICENCE.search(n)]
  parser = email.parser.HeaderParser()
  declared = [
      message.get('License-Expression') or message.get('License')
      for message in map(parser.parsestr, filter(None, metadata))
  ]
  if len(set(declared)) > 1:
    found.append(f'the wheel: {declared[0]} -> {declared[1]}')
  return found


def _section(title: str, lines: Sequence[str], nothing: str) -> str:
  """Returns a section with a list, cut when it is long."""
  shown = [f'* {line}\n' for line in lines[:_SHOWN]]
  if len(lines) > _SHOWN:
    shown.append(f'* … and {len(lines) - _SHOWN} more\n')
  return f'\n## {title}\n\n' + (''.join(shown) or f'{nothing}\n')


def title(before: pins.Lock | None, after: pins.Lock) -> str:
  """Returns a line that says what happens."""
  if before is None:
    return f'Official Models: {after.source}'
  if before.source == after.source and before.pristine == after.pristine:
    return f'Official Models: patches of {after.source}'
  return f'Official Models: {before.source} -> {after.source}'


def _log(fork: forks.Fork, upstream: sources.Upstream) -> str:
  """Returns the section with upstream's log."""
  since = fork.lock.resolved.get('commit', '')
  lines = sources.log(upstream, fork.pin, since)
  where = rf'{fork.pin.repository}#\1'  # Not of this project on GitHub.
  named = [_REFERENCE.sub(where, line) for line in lines or ()]
  none = 'The source has no history back to the old version.'
  return _section(
      'Log', named, none if lines is None else 'No commit touches the mirror.'
  )


def report(fork: forks.Fork, plan: repository.Plan, after: pins.Lock) -> str:
  """Says what a plan means, before it is put in place.

  Args:
    fork: The fork as it is. The cache has the mirror of its lock, or there is
      less to compare.
    plan: What is to be put in place.
    after: The lock of it, whose mirror is in the cache.

  Returns:
    Markdown.
  """
  text = f'# {title(fork.lock, after)}\n\n'
  if plan.verdicts:
    text += markdown.table(('verdict', 'patch', 'subject'), plan.verdicts)
  if fork.lock is None or not (folder := forks.cached(fork.lock)).is_dir():
    return text
  old, new = tree.read(folder), plan.patched
  changes = compare(old, new)
  lines = [f'A {name}' for name in changes.added]
  lines += [f'D {name}' for name in changes.removed]
  lines += [f'M {name}' for name in changes.changed]
  count = len(changes.trivial)
  trivial = f'; {count} in comments only' * bool(count)
  text += _section(f'Files: {len(lines)} changed{trivial}', lines, 'None.')
  if not lines:
    return text
  packages = {name.split('/')[0] for name in old.keys() | new.keys()}
  names = used(fork.root, packages)
  api = [
      f'{what}; used in {", ".join(places[:3])}'
      for _, what, places in breakages(old, new, names)
  ]
  text += _section('API that our code uses', api, 'Nothing breaks.')
  mirrors = (folder, forks.cached(after))
  runs = stale(fork.root, mirrors, packages, changes.substantial)
  text += _section('Runs to make anew', runs, 'None.')
  if fork.lock.pristine == after.pristine:
    return text
  text += _log(fork, plan.upstream)
  before = None
  if fork.lock.source.kind == 'pypi':
    before = forks.fetch_locked(fork, offline=True).metadata
  metadata = (before, plan.upstream.metadata)
  sides = (needs(metadata[0], old), needs(metadata[1], new))
  text += _section('Requirements', unmet(*sides, locked()), 'All as before.')
  said = licences(changes, metadata)
  return text + _section('Licences', said, 'None changed.')
