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
from typing import NamedTuple, Sequence
import zipfile

from packaging import version as versions

from tfmot_contrib import errors
from tools.base import git
from tools.bisect import axes
from tools.env import bootstrap
from tools.env import environment
from tools.env import index
from tools.env import lock
from tools.env import sources

RELEASE, NIGHTLY, COMMIT = 'release', 'nightly', 'commit'
_TENSORFLOW_NIGHTLY = 'tf-nightly'
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

  @property
  def kind(self) -> str:
    """`release`, `nightly` or `commit`."""
    return kind_of(self.value)


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


def lock_tensorflow(version: str) -> None:
  """Makes the lock of a TensorFlow that has none.

  Args:
    version: A release or nightly.

  Raises:
    errors.InputError: It cannot be had.
  """
  try:
    environment.lock_of(axes.TENSORFLOW, version)
  except errors.InputError:
    lock.lock_tensorflow(version)


def _between(listed: Sequence[str], good: str, bad: str) -> list[Candidate]:
  """Returns the versions from `good` to `bad`, in their order."""
  ends = versions.Version(good), versions.Version(bad)
  if ends[0] > ends[1]:
    raise errors.InputError(
        f'{good} is newer than {bad}: --good must be the older one'
    )
  return [
      Candidate(name)
      for name in listed
      if ends[0] <= versions.Version(name) <= ends[1]
  ]


def commits(
    checkout: pathlib.Path,
    good: str,
    bad: str,
    paths: Sequence[str] = (),
) -> list[Candidate]:
  """Returns the commits from one to another.

  Args:
    checkout: The git repository.
    good: The older commit.
    bad: The newer one.
    paths: Only those that touch one of these.

  Returns:
    Candidates whose values are commits, both ends with them.

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
  return [Candidate(*line.split(' ', 1)) for line in lines]


def resolve(checkout: pathlib.Path, ref: str) -> str:
  """Returns the commit of a branch, a tag or a commit."""
  return git.resolve(checkout, ref, f'finding {ref} in {checkout}')


def row(
    axis: str,
    good: str,
    bad: str,
    root: pathlib.Path,
    checkout: pathlib.Path | None = None,
) -> list[Candidate]:
  """Returns the candidates from a good value to a bad one.

  Args:
    axis: The axis.
    good: The good value.
    bad: The bad value.
    root: The folder of the project.
    checkout: A git checkout of TFMOT, if there is one.

  Returns:
    At least the two ends, the good one first.

  Raises:
    errors.InputError: They do not belong in one row, or are in the wrong order.
  """
  candidates = _candidates(axis, good, bad, root, checkout)
  by_value = {one.value: one for one in candidates}
  ends = [by_value.get(end, Candidate(end)) for end in (good, bad)]
  inner = [one for one in candidates if one.value not in (good, bad)]
  return [ends[0], *inner, ends[1]]


def _candidates(
    axis: str,
    good: str,
    bad: str,
    root: pathlib.Path,
    checkout: pathlib.Path | None,
) -> list[Candidate]:
  """Returns what lies between two values of an axis: see `row`."""
  kinds = {kind_of(good), kind_of(bad)}
  if axis == axes.MIRROR:
    ends = ['HEAD' if end == axes.HERE else end for end in (good, bad)]
    return commits(root, *(resolve(root, end) for end in ends), paths=_MIRROR)
  if axis == axes.TENSORFLOW and COMMIT in kinds:
    raise errors.InputError(
        f'there is nothing to search between TensorFlow {good} and {bad}: give'
        ' two releases such as 2.20.0, or nightlies such as 2.22.0.dev20260905'
    )
  if kinds == {COMMIT}:
    if checkout is None or not all('@' in end for end in (good, bad)):
      raise errors.InputError(
          f'there is nothing to search between TFMOT {good} and {bad}: give two'
          ' releases or nightlies, or two commits with --checkout'
      )
    return _commits_of_tfmot(
        checkout, *(end.rpartition('@')[2] for end in (good, bad))
    )
  if COMMIT in kinds:
    raise errors.InputError(
        f'{good} and {bad} are not of one kind: give two releases or nightlies,'
        ' or two commits with --checkout'
    )
  if kinds == {RELEASE}:
    package = sources.PROJECTS[0] if axis == axes.TFMOT else axis
    return _between(index.available(package), good, bad)
  return _nightlies(axis, good, bad)


def _commits_of_tfmot(
    checkout: pathlib.Path, good: str, bad: str
) -> list[Candidate]:
  """Returns the commits of a checkout, as values of the axis TFMOT."""
  return [
      one._replace(value=f'{checkout}@{one.value}')
      for one in commits(checkout, good, bad)
  ]


def _nightlies(axis: str, good: str, bad: str) -> list[Candidate]:
  """Returns the nightlies from one version to another.

  Args:
    axis: Its name; TFMOT's nightlies are ordered by their days.
    good: The older release or nightly.
    bad: The newer one.

  Returns:
    Candidates, the oldest first.

  Raises:
    errors.InputError: The good one is the newer one.
  """
  if axis == axes.TENSORFLOW:
    listed = index.available(_TENSORFLOW_NIGHTLY, pre=True)
    return _between(listed, good, bad)
  first, last = _date(good), _date(bad)
  if first > last:
    raise errors.InputError(
        f'{good} (of {first}) is newer than {bad} (of {last}): --good must be'
        ' the older one'
    )
  nightlies = index.available(sources.PROJECTS[1], pre=True)
  dated = [(day[1], name) for name in nightlies if (day := _DATED.search(name))]
  return [
      Candidate(name) for day, name in sorted(dated) if first <= day <= last
  ]


def finer(
    axis: str,
    good: Candidate,
    bad: Candidate,
    checkout: pathlib.Path | None,
) -> list[Candidate]:
  """Returns what lies between two neighbours: commits, else nightlies.

  Args:
    axis: The axis; between two of the mirror nothing is known to lie.
    good: The good release or nightly.
    bad: The bad one.
    checkout: A git checkout of TFMOT, if there is one.

  Returns:
    Candidates, whose ends stand for the neighbours; none if nothing is known
    that lies between them.
  """
  if axis == axes.MIRROR:
    return []
  if axis == axes.TFMOT and checkout and good.kind == bad.kind == RELEASE:
    # A checkout may lack the tags of releases, or have them on branches that
    # part.
    with contextlib.suppress(errors.InputError):
      tags = (resolve(checkout, f'v{one.value}') for one in (good, bad))
      return _commits_of_tfmot(checkout, *tags)
  if RELEASE not in (good.kind, bad.kind):
    return []
  nightlies = _nightlies(axis, good.value, bad.value)
  inner = [one for one in nightlies if one.value not in (good.value, bad.value)]
  return [good, *inner, bad] if inner else []
