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

"""What lies between two values of an axis: releases, nightlies, commits.

TFMOT's releases and nightlies, and TensorFlow's nightlies, are those that pip
finds; commits are those of a git checkout; updates of the mirror are the
commits of this project that changed it. A nightly tells nothing but its date,
and so does the newest file in the wheel of a release, which puts both in one
row. TFMOT is always tested as a wheel, and two wheels with the same code are
one candidate.
"""

import contextlib
import hashlib
import pathlib
import re
from typing import Any, Callable, NamedTuple, Sequence
import zipfile

from packaging import version as versions

from tfmot_contrib import errors
from tools.base import git
from tools.bisect import axes
from tools.env import bootstrap
from tools.env import index
from tools.env import lock
from tools.env import sources

RELEASE, NIGHTLY, COMMIT = 'release', 'nightly', 'commit'
_DATED = re.compile(r'\.dev(20\d{6})$')
_RELEASED = re.compile(r'\d+(\.\d+)+((a|b|rc|\.post)\d+)?')
_MIRROR = ('official/upstream.lock', 'official/patches', 'official/mirror')


class Candidate(NamedTuple):
  """A value of an axis.

  Attributes:
    value: As in a combination.
    about: The subject of a commit.
  """

  value: str
  about: str = ''


def kind_of(value: str) -> str:
  """Returns whether a value is a release, a nightly or a commit."""
  if '@' in value or value == axes.HERE:
    return COMMIT
  if _DATED.search(value):
    return NIGHTLY
  return RELEASE if _RELEASED.fullmatch(value) else COMMIT


def wheel(value: str) -> pathlib.Path:
  """Returns the wheel of a TFMOT.

  Args:
    value: A release, a nightly, or what `TFMOT=` takes.

  Returns:
    The wheel.

  Raises:
    errors.InputError: It cannot be had, or cannot be built.
  """
  if sources.is_source(value):
    return sources.wheel(value)
  return index.wheel(sources.PROJECTS[lock.is_nightly(value)], value)


def tree(value: str) -> pathlib.Path:
  """Returns a folder with the code of a TFMOT, unpacked and not installed.

  Args:
    value: As of `wheel`.

  Returns:
    The folder, in the cache.
  """
  path = wheel(value)
  key = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
  target = bootstrap.cache_dir() / 'bisect' / 'trees' / key
  with bootstrap.made_once(target) as partial:
    if partial:
      with zipfile.ZipFile(path) as archive:
        archive.extractall(partial)
  return target


def _date(value: str) -> str:
  """Returns the day of a TFMOT, as 20260512."""
  if found := _DATED.search(value):
    return found[1]
  with zipfile.ZipFile(wheel(value)) as archive:
    year, month, day = max(info.date_time for info in archive.infolist())[:3]
  return f'{year}{month:02}{day:02}'


def digest(axis: str, value: str, root: pathlib.Path) -> str:
  """Identifies what a value stands for.

  Args:
    axis: Its axis.
    value: The value.
    root: The folder of the project.

  Returns:
    A digest, equal for values that cannot behave differently.

  Raises:
    errors.InputError: It cannot be had.
  """
  if axis == axes.TFMOT:
    return sources.content_digest(wheel(value))
  if axis == axes.MIRROR:
    ref = 'HEAD' if value == axes.HERE else value
    what = f'reading the mirror of {value}'
    listed = git.text(root, 'ls-tree', ref, '--', *_MIRROR, what=what)
    return bootstrap.digest(listed.encode())
  return value


def commits(
    checkout: pathlib.Path,
    good: str,
    bad: str,
    prefix: str = '',
    paths: Sequence[str] = (),
) -> list[Candidate]:
  """Returns the commits from one to another.

  Args:
    checkout: The git repository.
    good: The older commit.
    bad: The newer one.
    prefix: What stands before a commit in a value of the axis.
    paths: Only those that touch one of these.

  Returns:
    Candidates, both ends with them.

  Raises:
    errors.InputError: One is no ancestor of the other.
  """
  what = f'listing the commits of {checkout}'
  related = git.run(
      checkout, 'merge-base', '--is-ancestor', good, bad, what=what, ok=(0, 1)
  )
  if related.returncode:
    raise errors.InputError(
        f'{good[:12]} is no ancestor of {bad[:12]} in {checkout}: give a good'
        ' commit that the bad one is built on'
    )
  log = ['log', '--first-parent', '--reverse', '--format=%H %s']
  between = git.text(checkout, *log, f'{good}..{bad}', '--', *paths, what=what)
  about = git.text(checkout, *log, '-1', good, what=what)
  lines = [about, *between.splitlines()]
  return [Candidate(*f'{prefix}{line}'.split(' ', 1)) for line in lines]


def resolve(checkout: pathlib.Path, ref: str) -> str:
  """Returns the commit of a branch, a tag or a commit."""
  return git.resolve(checkout, ref, f'finding {ref} in {checkout}')


def _versions(axis: str, good: str, bad: str, nightly: bool) -> list[str]:
  """Returns the releases or nightlies from one version to another.

  Args:
    axis: Its name; TFMOT's nightlies are ordered by their days.
    good: The older version.
    bad: The newer one.
    nightly: Whether nightlies are wanted.

  Returns:
    Versions, the oldest first.

  Raises:
    errors.InputError: The good one is the newer one, or the index does not
      answer.
  """
  packages = sources.PROJECTS if axis == axes.TFMOT else (axis, 'tf-nightly')
  dated = nightly and axis == axes.TFMOT
  order: Callable[[str], Any] = _date if dated else versions.Version
  first, last = order(good), order(bad)
  if first > last:
    raise errors.InputError(
        f'{good} is newer than {bad}: --good must be the older one'
    )
  kind = NIGHTLY if nightly else RELEASE
  listed = index.available(packages[nightly], pre=nightly)
  names = sorted((x for x in listed if kind_of(x) == kind), key=order)
  return [name for name in names if first <= order(name) <= last]


def row(axis: str, good: str, bad: str, root: pathlib.Path) -> list[Candidate]:
  """Returns the candidates from a good value to a bad one.

  Args:
    axis: The axis.
    good: The good value.
    bad: The bad value.
    root: The folder of the project.

  Returns:
    At least the two ends, the good one first.

  Raises:
    errors.InputError: They do not belong in one row, or are in the wrong order.
  """
  kinds = {kind_of(good), kind_of(bad)}
  (one, at, first), (other, _, last) = (x.rpartition('@') for x in (good, bad))
  if axis == axes.MIRROR:
    refs = ['HEAD' if end == axes.HERE else end for end in (good, bad)]
    found = commits(root, *(resolve(root, ref) for ref in refs), paths=_MIRROR)
  elif COMMIT not in kinds:
    listed = _versions(axis, good, bad, kinds != {RELEASE})
    found = [Candidate(version) for version in listed]
  elif axis == axes.TFMOT and at and one == other:
    found = commits(pathlib.Path(one), first, last, f'{one}@')
  else:
    mend = 'two releases such as 2.20.0, or nightlies such as'
    mend += ' 2.22.0.dev20260905'
    if axis == axes.TFMOT:
      mend = 'two releases or nightlies, or two commits with --checkout'
    raise errors.InputError(
        f'there is nothing to search between {axis} {good} and {bad}: give'
        f' {mend}'
    )
  by_value = {one.value: one for one in found}
  ends = [by_value.pop(end, Candidate(end)) for end in (good, bad)]
  return [ends[0], *by_value.values(), ends[1]]


def finer(
    axis: str, good: str, bad: str, checkout: pathlib.Path | None
) -> list[Candidate]:
  """Returns what lies between two neighbours: commits, else nightlies.

  Args:
    axis: The axis.
    good: The good value.
    bad: The bad one.
    checkout: A git checkout of TFMOT, if there is one.

  Returns:
    Candidates, whose ends stand for the neighbours; none if nothing is known
    that lies between them.
  """
  kinds = [kind_of(good), kind_of(bad)]
  if axis == axes.TFMOT and checkout and set(kinds) == {RELEASE}:
    # A checkout may lack the tags of releases, or have them on branches that
    # part.
    with contextlib.suppress(errors.InputError):
      tags = (resolve(checkout, f'v{version}') for version in (good, bad))
      return commits(checkout, *tags, f'{checkout}@')
  if RELEASE not in kinds:
    return []
  listed = _versions(axis, good, bad, nightly=True)
  inner = [version for version in listed if version not in (good, bad)]
  return [Candidate(x) for x in (good, *inner, bad)] if inner else []
