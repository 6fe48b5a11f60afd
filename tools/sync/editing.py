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

"""The verbs of `sync_upstream -- patches`: list, new, import, export, refresh.

Patches are edited in one of two ways. Small ones: edit upstream's files in
`official/`, and `new` makes a patch of what was edited. All others: `import`
makes a repository with a commit for each patch, git does what git does, and
`export` makes the series of those commits.
"""

import pathlib
import shutil
import tempfile
from typing import Sequence

from tfmot_contrib import errors
from tools.base import git
from tools.sync import fork as forks
from tools.sync import patches
from tools.sync import series
from tools.sync import sync
from tools.sync import tree
from tools.sync import workspace


def table(fork: forks.Fork) -> str:
  """Returns the series as a table."""
  rows = [('number', 'reason', 'files', 'upstream', 'subject')]
  rows += [
      (
          f'{patch.number:04d}',
          patch.reason,
          str(len(patches.files(patch))),
          patch.upstream,
          patch.subject,
      )
      for patch in fork.series
  ]
  widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
  lines = (
      '  '.join(
          cell.ljust(width) for cell, width in zip(row, widths, strict=True)
      )
      for row in rows
  )
  return '\n'.join(line.rstrip() for line in lines)


def _pristine(fork: forks.Fork, offline: bool) -> tree.Tree:
  """Returns the files that the patches are for."""
  if fork.lock is None:
    raise errors.InputError(f'there is no lock yet: run {forks.SYNC} first')
  found = forks.fetch_locked(fork, offline=offline).files
  return forks.transform(found, fork.pin)


def plan(
    fork: forks.Fork,
    pristine: tree.Tree,
    new: Sequence[patches.Patch],
    said: Sequence[series.Verdict],
) -> sync.Plan:
  """Returns a plan that changes nothing but the patches.

  Args:
    fork: The fork.
    pristine: The files that the patches are for.
    new: The patches.
    said: What became of each.

  Returns:
    The plan.
  """
  lock = fork.lock
  to = sync.Target(lock.source, lock.resolved, lock.pristine)
  old = None
  if not forks.agreement(fork):
    old = patches.apply(pristine, fork.series)
  return sync.Plan(to, old, patches.apply(pristine, new), list(new), said)


def _said(
    old: Sequence[patches.Patch], new: Sequence[patches.Patch]
) -> list[series.Verdict]:
  """Returns a verdict for each patch that is or was there."""
  before, after = ({p.name: p for p in side} for side in (old, new))
  said = []
  for name in sorted(before.keys() | after.keys()):
    verdict = series.CLEAN
    if name not in before:
      verdict = 'new'
    elif name not in after:
      verdict = 'dropped'
    elif before[name] != after[name]:
      verdict = 'changed'
    subject = (after.get(name) or before[name]).subject
    said.append(series.Verdict(name, subject, verdict))
  return said


def new(
    fork: forks.Fork,
    *,
    subject: str,
    author: str,
    reason: str,
    upstream: str,
    body: str,
    offline: bool,
) -> sync.Plan:
  """Makes a patch of what was edited in `official/`.

  Args:
    fork: The fork.
    subject: What the patch does, in a line.
    author: `Name <address>`.
    reason: A key of `patches.REASONS`.
    upstream: A link, or `patches.NOT_REPORTED`.
    body: Why it is needed.
    offline: Whether to do without a network.

  Returns:
    A plan with the patch at the end of the series.

  Raises:
    errors.InputError: Nothing was edited, or a field is badly formed.
  """
  official = fork.space.official
  if not tree.is_filled(official):
    raise errors.InputError(
        "upstream's files are not in official/: fill it with"
        f' {forks.SYNC} --same-version, edit, and try again'
    )
  pristine = _pristine(fork, offline)
  edited = {}
  for below in tree.files(official, tree.OWN):
    if not tree.is_byte_code(below):
      name = tree.name_of(below)
      edited[name] = tree.read_entry(official / below)
  tree.check(edited, 'official/')
  with tempfile.TemporaryDirectory(prefix='sync-') as scratch:
    folder = pathlib.Path(scratch)
    trees = {'old': pristine, 'edited': edited}
    commits = series.start(folder, trees, fork.series)
    diff = series.diff(folder, commits[-1] if commits else 'old', 'edited')
  if not diff:
    raise errors.InputError(
        'nothing in official/ was edited: there is nothing to make a patch of'
    )
  patch = patches.Patch(
      patches.next_name(fork.series, subject),
      author,
      subject.strip(),
      reason,
      upstream,
      patches.tidy_body(body),
      diff,
  )
  patches.check(patch)
  whole = [*fork.series, patch]
  made = plan(fork, pristine, whole, _said(fork.series, whole))
  if made.new != edited:
    raise errors.InputError(f'{patch.name} does not make what was edited')
  return made


def import_series(
    fork: forks.Fork, folder: pathlib.Path, *, offline: bool
) -> None:
  """Makes a repository with a commit for each patch.

  Args:
    fork: The fork.
    folder: Where; it must not exist.
    offline: Whether to do without a network.

  Raises:
    errors.InputError: There is something, or a patch does not apply.
  """
  if folder.exists():
    raise errors.InputError(
        f'{folder} exists: export it, or delete it, and try again'
    )
  pristine = _pristine(fork, offline)
  folder.parent.mkdir(parents=True, exist_ok=True)
  part = pathlib.Path(tempfile.mkdtemp(prefix='import-', dir=folder.parent))
  try:
    commits = series.start(part, {'old': pristine}, fork.series)
    head = commits[-1] if commits else 'old'
    what = 'making the repository'
    git.run(part, 'checkout', '-q', '-B', 'patches', head, what=what)
    part.chmod(0o755)
    part.rename(folder)
  finally:
    shutil.rmtree(part, ignore_errors=True)


def export_series(
    fork: forks.Fork, folder: pathlib.Path, *, offline: bool
) -> sync.Plan:
  """Makes the series of the commits of a repository.

  Args:
    fork: The fork.
    folder: Of a repository that `import_series` made.
    offline: Whether to do without a network.

  Returns:
    A plan with the new series.

  Raises:
    errors.InputError: It is no such repository, is of other files than the lock
      or has changes that are not committed.
  """
  if not (folder / '.git').is_dir():
    raise errors.InputError(
        f'{folder} is no repository: make it with {forks.SYNC} patches import'
    )
  what = f'reading {folder}'
  if git.text(folder, 'status', '--porcelain', what=what):
    raise errors.InputError(f'{folder} has changes that are not committed')
  pristine = _pristine(fork, offline)
  if git.read_tree(folder, 'old') != pristine:
    raise errors.InputError(
        f'the branch old of {folder} is not {fork.lock.source}: import again'
    )
  listed = git.text(folder, 'rev-list', '--reverse', 'old..HEAD', what=what)
  found: list[patches.Patch] = []
  for commit in listed.split():
    subject = git.text(folder, 'log', '-1', '--format=%s', commit, what=what)
    name = patches.next_name([*fork.series, *found], subject)
    found.append(series.patch_of(folder, commit, name))
  numbers = [patch.number for patch in found]
  if numbers != sorted(set(numbers)):  # Somebody changed their order.
    found = [
        patch._replace(name=f'{number:04d}{patch.name[4:]}')
        for number, patch in enumerate(found, 1)
    ]
  return plan(fork, pristine, found, _said(fork.series, found))


def refresh(fork: forks.Fork, *, offline: bool) -> sync.Plan:
  """Writes each patch as the tool would, at the lines where it applies now.

  Args:
    fork: The fork.
    offline: Whether to do without a network.

  Returns:
    A plan with the same series.

  Raises:
    errors.InputError: A patch does not apply at all.
  """
  pristine = _pristine(fork, offline)
  with tempfile.TemporaryDirectory(prefix='sync-') as scratch:
    folder = pathlib.Path(scratch)
    commits = series.start(folder, {'old': pristine}, fork.series, exact=False)
    found = [series.patch_of(folder, commit) for commit in commits]
  return plan(fork, pristine, found, _said(fork.series, found))


def default_folder(space: workspace.Workspace) -> pathlib.Path:
  """Returns where `import` makes its repository when nobody says where."""
  return space.folder / 'patches'
