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

"""What the fork's own files say, and whether `official/` agrees with them.

A fork is a clone with a pin, a lock and patches. This module reads them, finds
where they disagree with one another or with upstream's files in the tree, and
makes upstream's files with the patches of them. It asks nothing of a network
but the files that the lock names.
"""

import pathlib
from typing import Mapping, NamedTuple, Sequence

from tfmot_contrib import errors
from tools.sync import globs
from tools.sync import patches
from tools.sync import pin as pins
from tools.sync import sources
from tools.sync import tree
from tools.sync import workspace
from tools.versions import bootstrap

SYNC = 'tools/nox -s sync_upstream --'


class Fork(NamedTuple):
  """What the fork's own files say: pin, lock and patches.

  Attributes:
    space: The clone.
    pin: What upstream.toml asks for.
    lock: What it was resolved to; None before the first sync.
    series: The patches.
  """

  space: workspace.Workspace
  pin: pins.Pin
  lock: pins.Lock | None
  series: Sequence[patches.Patch]


def load(root: pathlib.Path) -> Fork:
  """Reads the fork's own files.

  Args:
    root: The top folder of the clone.

  Returns:
    What they say.

  Raises:
    errors.InputError: One is broken. The message names it.
  """
  space = workspace.Workspace(root)
  pin = pins.load(space.official)
  lock = None
  if (space.official / 'upstream.lock').exists():
    lock = pins.load_lock(space.official)
  return Fork(space, pin, lock, patches.load(space.official))


def transform(files: tree.Tree, pin: pins.Pin) -> tree.Tree:
  """Replaces texts, before the patches.

  Args:
    files: The pristine files.
    pin: Says what to replace where.

  Returns:
    The files with the replacements.

  Raises:
    errors.InputError: A transform finds nothing to replace.
  """
  for change in pin.transforms:
    find, replace = change.find.encode(), change.replace.encode()
    names = globs.select(files, [change.files], where='the mirrored files')
    found = [name for name in names if find in files[name].data]
    if not found:
      raise errors.InputError(
          f'the transform of {change.files!r} finds {change.find!r} nowhere:'
          ' mend or delete it in official/upstream.toml'
      )
    files = files | {
        name: files[name]._replace(data=files[name].data.replace(find, replace))
        for name in found
    }
  return files


def agreement(fork: Fork, *, source: bool = True) -> str:
  """Returns how pin, patches and lock disagree.

  Args:
    fork: The fork.
    source: Whether the source counts too.

  Returns:
    The first difference in words, or ''.
  """
  lock = fork.lock
  if lock is None:
    return 'official/upstream.lock is missing'
  if source and lock.source != fork.pin.source:
    return (
        f'upstream.toml asks for {fork.pin.source}, the lock is of'
        f' {lock.source}'
    )
  if lock.selection != fork.pin.selection:
    return 'the globs or transforms of upstream.toml are not those of the lock'
  said = {patch.name: patch.sha256 for patch in fork.series}
  for name in sorted(said.keys() | lock.patches.keys()):
    if said.get(name) != lock.patches.get(name):
      how = 'is new' if name not in lock.patches else 'was changed'
      return f'{name} {"is gone" if name not in said else how} since the lock'
  return ''


def _kept(stamps: tree.Digests) -> pathlib.Path:
  """Returns where the files of a folder are kept, since it may change."""
  return bootstrap.cache_dir() / 'folders' / tree.digest(stamps)[:16]


def keep(upstream: sources.Upstream) -> None:
  """Keeps the files of a folder, which has no versions to come back to."""
  if upstream.source.kind == 'folder':
    with bootstrap.made_once(_kept(tree.digests(upstream.files))) as partial:
      if partial:
        tree.write(upstream.files, partial)


def fetch_exact(
    fork: Fork,
    source: pins.Source,
    resolved: Mapping[str, str],
    stamps: tree.Digests,
    *,
    offline: bool,
) -> sources.Upstream:
  """Gets files that are known by their digests.

  Args:
    fork: The fork.
    source: Where they came from.
    resolved: What that was; see `sources.Upstream`.
    stamps: Their stamps.
    offline: Whether to do without a network.

  Returns:
    The files, pristine, which have these stamps.

  Raises:
    errors.InputError: They cannot be had any more.
  """
  place = source
  if source.kind == 'folder' and (kept := _kept(stamps)).is_dir():
    place = pins.Source('folder', str(kept))
  found = sources.fetch(
      fork.pin,
      place,
      root=fork.space.root,
      offline=offline,
      commit=resolved.get('commit', ''),
      sha256=resolved.get('sha256', ''),
      names=stamps.keys(),
  )
  for name, stamp in tree.digests(found.files).items():
    if stamp != stamps[name]:
      raise errors.InputError(
          f'{name} of {source} is not the file that was locked: the source'
          ' changed under its name'
      )
  return found


def fetch_locked(fork: Fork, *, offline: bool) -> sources.Upstream:
  """Gets the pristine files that the lock is of; see `fetch_exact`."""
  lock = fork.lock
  return fetch_exact(
      fork, lock.source, lock.resolved, lock.pristine, offline=offline
  )


def patched_of(fork: Fork, pristine: tree.Tree) -> tree.Tree:
  """Returns pristine files with the transforms and patches of the fork."""
  return patches.apply(transform(pristine, fork.pin), fork.series)


def stop_at_edits(fork: Fork, *, offline: bool) -> None:
  """Refuses to go on when `official/` holds what no patch holds.

  Args:
    fork: The fork.
    offline: Whether to do without a network.

  Raises:
    errors.InputError: The message has the command that saves the edits.
  """
  official = fork.space.official
  filled = tree.is_filled(official)
  stamps = fork.lock.patched if fork.lock and filled else {}
  difference = tree.compare(stamps, official)
  if difference and filled and agreement(fork):
    # The lock is behind the patches: is it they that hold the edits?
    pristine = fetch_locked(fork, offline=offline).files
    stamps = tree.digests(patched_of(fork, pristine))
    difference = tree.compare(stamps, official)
  names = [*difference.modified, *difference.extra, *difference.missing]
  if names and filled:
    raise errors.InputError(
        f'no patch holds what was edited in official/ ({describe(difference)},'
        f' such as {names[0]}): save it with {SYNC} patches new "SUBJECT", or'
        ' leave it behind with --discard-edits'
    )
  if names:
    raise errors.InputError(
        f'official/ has {len(names)} files that are not of a sync, such as'
        f' {names[0]}: move them away'
    )


def describe(difference: tree.Difference) -> str:
  """Returns how many files differ, in words."""
  parts = [
      f'{len(names)} {word}'
      for word, names in (
          ('modified', difference.modified),
          ('extra', difference.extra),
          ('missing', difference.missing),
      )
      if names
  ]
  return ', '.join(parts)
