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
import operator
import pathlib
import platform
import re
from typing import Callable, Collection, Iterable, Mapping, Sequence

import griffe
from packaging import requirements
from packaging import specifiers
from packaging import utils

from tools.base import build_files
from tools.base import imports
from tools.base import markdown
from tools.env import clashes
from tools.env import releases
from tools.mirror import fork as forks
from tools.mirror import patches
from tools.mirror import pin as pins
from tools.mirror import repository
from tools.mirror import sources
from tools.mirror import tree

_OURS = 'tfmot_contrib'
_RUN = 'tfmot_contrib.convergence.run'
_SHOWN = 30  # Entries of a list; the rest is counted.
_HEADER = re.compile(rb'(?:[ \t]*(?:#[^\n]*)?\r?\n)*')
_LICENCE = re.compile(r'(?:^|/)(?:LICEN[CS]E|COPYING|NOTICE)[^/]*$', re.I)
_COLOUR = re.compile(r'\x1b\[\d+m')
_REFERENCE = re.compile(r'(?<![\w/])#(\d+)')


def _same_in_substance(old: bytes, new: bytes) -> bool:
  """Tells whether two Python files differ in nothing that runs."""
  # Nearly all of upstream's files differ in the year alone: not parsed.
  if old[_HEADER.match(old).end() :] == new[_HEADER.match(new).end() :]:
    return True
  try:
    sides = (imports.without_docstrings(ast.parse(s)) for s in (old, new))
    return operator.eq(*map(ast.dump, sides))
  except (SyntaxError, ValueError):
    return False


def compare(old: tree.Tree, new: tree.Tree) -> tuple[dict[str, str], list[str]]:
  """Compares two mirrors file by file.

  Args:
    old: The one.
    new: The other.

  Returns:
    A letter for each file that was added (A), deleted (D) or modified (M), and
    the Python files in which only comments, layout or docstrings changed.
  """
  changes = dict.fromkeys(sorted(new.keys() - old), 'A')
  changes |= dict.fromkeys(sorted(old.keys() - new), 'D')
  trivial = []
  for name in sorted(old.keys() & new.keys()):
    one, other = old[name], new[name]
    if one != other:
      same = one.mode == other.mode and name.endswith('.py')
      if same and _same_in_substance(one.data, other.data):
        trivial.append(name)
      else:
        changes[name] = 'M'
  return changes, trivial


def breakages(
    root: pathlib.Path,
    mirrors: Sequence[pathlib.Path],
    packages: Collection[str],
) -> list[tuple[str, str, list[str]]]:
  """Finds what breaks of the API that our code uses.

  Args:
    root: The top folder of the clone.
    mirrors: The old one and the new one.
    packages: Of the mirrors.

  Returns:
    The name, what happened to it, and the places of ours that spell it out.
  """
  names: dict[str, list[str]] = {}
  for path in sorted((root / _OURS).rglob('*.py')):
    for line, name in releases.used(imports.parse(path), packages):
      place = f'{path.relative_to(root)}:{line}'
      names.setdefault(name.partition('(')[0], []).append(place)
  modules, found = set(), []
  for name in names:
    while name and not imports.files_of(mirrors[0], name):
      name = name.rpartition('.')[0]
    modules.add(name)
  for module in sorted(modules - {''}):
    sides = [
        griffe.visit(
            module, filepath=path, code=path.read_text(errors='replace')
        )
        for folder in mirrors
        for path in [folder / n for n in imports.files_of(folder, module)[:1]]
    ]
    rows = [(module, f'{module} was removed')]
    if len(sides) == 2:
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
          or (path.startswith(f'{name}.') and name not in modules)
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
    changed: Collection[str],
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

  @functools.cache
  def is_touched(module: str) -> bool:
    folders = [{**dict.fromkeys(packages, m), _OURS: root} for m in mirrors]
    start = [module, _RUN]
    return any(not _reached(start, f).isdisjoint(changed) for f in folders)

  labels: set[str] = set()
  starts: dict[str, str] = {}  # From a test to the one that it starts from.
  for package in build_files.packages(root, _OURS):
    for rule in build_files.rules(root, package):
      if rule.kind == 'convergence_test':
        if is_touched(rule.attributes.get('module', '')):
          labels.add(rule.label)
        if baseline := rule.attributes.get('baseline'):
          starts[rule.label] = build_files.absolute(package, baseline)
  while more := {x for x, start in starts.items() if start in labels} - labels:
    labels |= more
  return sorted(labels)


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


def unmet(
    old: Mapping[str, str],
    new: Mapping[str, str],
    version_of: Callable[[str], str | None],
) -> list[str]:
  """Compares what two mirrors require, and that with our environment.

  Args:
    old: The versions by package that the old mirror wants.
    new: Those that the new one wants.
    version_of: Returns the version of a package in our environment, or None.

  Returns:
    A line for each requirement that changed, or that we do not meet.
  """
  lines = []
  for name in sorted(old.keys() | new.keys()):
    before, after = old.get(name, '-'), new.get(name, '-')
    have = version_of(name)
    wanted = specifiers.SpecifierSet('' if after in ('any', '-') else after)
    fails = have is not None and not wanted.contains(have, prereleases=True)
    told = 'no longer required'
    if after != '-':
      told = f'our lock has {have}' if have else 'not in our lock'
    if before != after or fails:
      mark = 'NOT met, ' if fails else ''
      lines.append(f'{name} {before} -> {after}: {mark}{told}')
  return lines


def _installed(name: str) -> str | None:
  """Returns the version of a package of our environment, or of Python."""
  is_python = name == 'python'
  return platform.python_version() if is_python else clashes.installed(name)


def licences(
    changes: Iterable[str], metadata: Sequence[str | None]
) -> list[str]:
  """Returns licence files that changed, and another licence of the wheel."""
  lines = [name for name in sorted(changes) if _LICENCE.search(name)]
  parser = email.parser.HeaderParser()
  declared = [
      message.get('License-Expression') or message.get('License')
      for message in map(parser.parsestr, filter(None, metadata))
  ]
  if len(set(declared)) > 1:
    lines.append(f'the wheel: {declared[0]} -> {declared[1]}')
  return lines


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


def verdicts(
    old: Sequence[patches.Patch],
    new: Sequence[patches.Patch],
    *,
    update: bool,
) -> list[tuple[str, str, str]]:
  """Says what became of each patch.

  Args:
    old: The patches as they were.
    new: The patches as they will be.
    update: Whether upstream changed them, and not somebody who edits them.

  Returns:
    A word for each patch that is or was there, its file and its subject.
  """
  before, after = ({p.subject: p for p in side} for side in (old, new))
  moved, gone = ('rebased', 'absorbed') if update else ('changed', 'dropped')
  rows = []
  for subject, patch in {**before, **after}.items():
    verdict = 'clean'
    if subject not in before:
      verdict = 'new'
    elif subject not in after:
      verdict = gone
    elif before[subject].content != patch.content:
      verdict = moved
    rows.append((verdict, patch.name, subject))
  return rows


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
  moved = fork.lock is not None and fork.lock.pristine != after.pristine
  rows = verdicts(fork.series, plan.series, update=moved)
  text += markdown.table(('verdict', 'patch', 'subject'), rows) if rows else ''
  if fork.lock is None or not (folder := forks.cached(fork.lock)).is_dir():
    return text
  old, new = tree.read(folder), plan.patched
  changes, trivial = compare(old, new)
  lines = [f'{letter} {name}' for name, letter in changes.items()]
  more = f'; {len(trivial)} in comments only' if trivial else ''
  text += _section(f'Files: {len(lines)} changed{more}', lines, 'None.')
  if not changes:
    return text
  packages = {name.split('/')[0] for name in old.keys() | new.keys()}
  mirrors = (folder, forks.cached(after))
  api = [
      f'{what}; used in {", ".join(places[:3])}'
      for _, what, places in breakages(fork.root, mirrors, packages)
  ]
  text += _section('API that our code uses', api, 'Nothing breaks.')
  runs = stale(fork.root, mirrors, packages, changes)
  text += _section('Runs to make anew', runs, 'None.')
  if not moved:
    return text
  since = fork.lock.resolved.get('commit', '')
  log = sources.log(plan.upstream, fork.pin, since)
  where = rf'{fork.pin.repository}#\1'  # Not of this project on GitHub.
  named = [_REFERENCE.sub(where, line) for line in log or ()]
  none = 'No commit touches the mirror.'
  if log is None:
    none = 'The source has no history back to the old version.'
  text += _section('Log', named, none)
  before = None
  if fork.lock.source.kind == 'pypi':
    before = forks.fetch_locked(fork).metadata
  metadata = (before, plan.upstream.metadata)
  sides = (needs(metadata[0], old), needs(metadata[1], new))
  text += _section('Requirements', unmet(*sides, _installed), 'All as before.')
  said = licences(changes, metadata)
  return text + _section('Licences', said, 'None changed.')
