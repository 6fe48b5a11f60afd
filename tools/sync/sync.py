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

"""Moves the fork to another upstream, with its patches.

The way of a sync: resolve the source, fetch its files, rebase the patches by a
three-way merge, say what that means for the fork, and put the new tree in the
place of the old one. `tools.sync.command` is the command line of it.
"""

import hashlib
import json
import pathlib
from typing import Callable, Mapping, NamedTuple, Sequence

from tfmot_contrib import errors
from tools.base import git
from tools.sync import fork as forks
from tools.sync import patches
from tools.sync import pin as pins
from tools.sync import series
from tools.sync import sources
from tools.sync import tree
from tools.sync import workspace

_SYNC = forks.SYNC


class ConflictError(Exception):
  """A patch that a person has to look at. The message says what to do."""


class Target(NamedTuple):
  """The upstream that a sync moves to, without its files.

  Attributes:
    source: What was asked for.
    resolved: What that is; see `sources.Upstream`.
    pristine: A stamp for each file.
    metadata: The METADATA of a wheel.
    repository: A git repository with its history, as text.
  """

  source: pins.Source
  resolved: Mapping[str, str]
  pristine: tree.Digests
  metadata: str | None = None
  repository: str | None = None


class Plan(NamedTuple):
  """A sync that is ready to be put in place.

  Attributes:
    target: The upstream it moves to.
    old: The files as they are, patched; None where nobody needs them.
    new: The files as they will be, patched.
    patches: The patches as they will be.
    verdicts: What became of each patch.
    metadata: The METADATA of the old wheel.
  """

  target: Target
  old: tree.Tree | None
  new: tree.Tree
  patches: Sequence[patches.Patch]
  verdicts: Sequence[series.Verdict]
  metadata: str | None = None


def target(
    fork: forks.Fork,
    *,
    to: str,
    source: str,
    same: bool,
    offline: bool,
    newest: Callable[[str], str],
) -> pins.Source:
  """Returns the source that a command asks for.

  Args:
    fork: The fork.
    to: A version or ref, or ''.
    source: `pypi:NAME`, `git:PLACE[#SUBFOLDER]` or `folder:PLACE`, or ''.
    same: Whether to stay with what the pin says.
    offline: Whether to do without a network.
    newest: Asks for the newest version of a package.

  Returns:
    The source, with an exact version or a ref.

  Raises:
    errors.InputError: The command contradicts itself or the pin.
  """
  wanted = fork.pin.source
  if source:
    kind, _, where = source.partition(':')
    where, _, subfolder = where.partition('#')
    if kind not in pins.KINDS or not where:
      raise errors.InputError(
          f'--source {source}: write pypi:NAME, git:URL_OR_PATH[#SUBFOLDER] or'
          ' folder:PATH'
      )
    wanted = pins.Source(kind, where, '', subfolder)
  if to and wanted.kind == 'folder':
    raise errors.InputError('--to: a folder has no versions')
  if wanted.kind == 'pypi':  # The name goes to the resolver: look at it first.
    pins.make_source(wanted._replace(version='0').table(), '--source')
  if to:
    wanted = wanted._replace(version=to)
  elif wanted.kind == 'pypi' and not same:
    if offline:
      raise errors.InputError(
          '--offline cannot ask for the newest version: name one with --to, or'
          ' stay with --same-version'
      )
    wanted = wanted._replace(version=newest(wanted.where))
  elif wanted.kind == 'git' and not wanted.version:
    wanted = wanted._replace(version='HEAD')
  return pins.make_source(wanted.table(), '--source' if source else '--to')


def prepare(
    fork: forks.Fork, source: pins.Source, *, same: bool, offline: bool
) -> Plan:
  """Fetches upstream and rebases the patches onto it.

  Args:
    fork: The fork.
    source: What to move to.
    same: Whether it has to be what the lock has.
    offline: Whether to do without a network.

  Returns:
    What would be put in place.

  Raises:
    ConflictError: A patch conflicts. The workshop stays.
    errors.InputError: Anything else that is wrong.
  """
  lock = fork.lock
  held = lock.resolved if lock and lock.source == source else {}
  upstream = sources.fetch(
      fork.pin,
      source,
      root=fork.space.root,
      offline=offline,
      commit=held.get('commit', '') if same else '',
      sha256=held.get('sha256', ''),
  )
  forks.keep(upstream)
  stamps = tree.digests(upstream.files)
  same_choice = lock and lock.selection == fork.pin.selection
  if same and held and same_choice and stamps != lock.pristine:
    raise errors.InputError(
        f'{source} no longer has the files that were locked: sync without'
        ' --same-version to move to what it has now'
    )
  place = str(upstream.repository) if upstream.repository else None
  to = Target(source, upstream.resolved, stamps, upstream.metadata, place)
  base = forks.transform(upstream.files, fork.pin)
  if lock is None or stamps == lock.pristine:
    said = [
        series.Verdict(patch.name, patch.subject, series.CLEAN)
        for patch in fork.series
    ]
    new = patches.apply(base, fork.series)
    return Plan(to, None, new, fork.series, said)
  git.check_version()
  old = forks.fetch_locked(fork, offline=offline)
  move = _move(fork, to, old, base)
  # A git that outlives a killed sync must not find its folder again.
  workshop = fork.space.new_workshop()
  commits = series.start(
      workshop,
      {
          branch: {name: files[name] for name in files.keys() & move.names}
          for branch, files in (('old', move.old), ('new', move.new))
      },
      fork.series,
  )
  head = git.text(workshop, 'rev-parse', 'new', what='starting the rebase')
  return _pick(fork, workshop, move, commits, head, [])


class _Move(NamedTuple):
  """Two versions of upstream's files, between which the patches move.

  Attributes:
    to: The new upstream.
    old: The old files, with the transforms.
    new: The new ones, with the transforms.
    metadata: The METADATA of the old wheel.
    names: The files that a patch touches, or that are in one of the two only,
      so that a renamed file is found. A merge needs no others.
  """

  to: Target
  old: tree.Tree
  new: tree.Tree
  metadata: str | None
  names: set[str]


def _move(
    fork: forks.Fork, to: Target, old: sources.Upstream, new: tree.Tree
) -> _Move:
  """Returns what a rebase works with."""
  before = forks.transform(old.files, fork.pin)
  names = before.keys() ^ new.keys()
  for patch in fork.series:
    names |= set(patches.files(patch))
  return _Move(to, before, new, old.metadata, names)


def _pick(
    fork: forks.Fork,
    workshop: pathlib.Path,
    move: _Move,
    commits: Sequence[str],
    head: str,
    picked: list[series.Picked],
) -> Plan:
  """Rebases the patches that are left; on a conflict, leaves the state."""
  space, to = fork.space, move.to
  head, picked, conflicts = series.rebase(workshop, commits, head, picked)
  if conflicts:
    if workshop != space.workshop:
      workshop.rename(space.workshop)
    state = {
        'lock': _sha256_of_lock(space),
        'target': to._replace(source=to.source.table())._asdict(),
        'commits': commits,
        'head': head,
        'picked': picked,
    }
    draft = space.state.with_suffix('.part')
    draft.write_text(json.dumps(state), encoding='utf-8')
    draft.rename(space.state)
    # Last, so that what is laid out is never taken for another patch's.
    series.check_out_conflict(space.workshop, head, commits[len(picked)])
    raise ConflictError(_what_to_do(fork, to, len(picked), conflicts))
  kept, said = series.verdicts(workshop, fork.series, picked)
  sides = []
  for files, commit in (
      (move.old, commits[-1] if commits else 'old'),
      (move.new, head),
  ):
    rest = {n: entry for n, entry in files.items() if n not in move.names}
    sides.append(rest | git.read_tree(workshop, commit))
  tree.check(sides[1], 'the patched tree')
  return Plan(to, sides[0], sides[1], kept, said, move.metadata)


def _sha256_of_lock(space: workspace.Workspace) -> str:
  """Returns what tells whether `official/` is still the same."""
  content = (space.official / 'upstream.lock').read_bytes()
  return hashlib.sha256(content).hexdigest()


def _what_to_do(
    fork: forks.Fork, to: Target, number: int, conflicts: Sequence[str]
) -> str:
  """Returns the commands that resolve a conflict."""
  patch = fork.series[number]
  folder = fork.space.workshop.relative_to(fork.space.root)
  files = ''.join(f'    {name}\n' for name in conflicts)
  return (
      f'{patch.name} ({patch.subject}) conflicts with {to.source}:\n{files}'
      'official/ was not changed. Resolve it, with the marks of the conflict in'
      f' {folder}/:\n'
      f'    cd {folder}\n'
      f'    $EDITOR {" ".join(conflicts)}\n'
      '    git add -A && cd -\n'
      f'    {_SYNC} --continue\n'
      'If upstream made the patch needless, take what upstream has:\n'
      f'    git -C {folder} reset -q --hard\n'
      f'    {_SYNC} --continue\n'
      f'Or stay with {fork.lock.source}:\n'
      f'    {_SYNC} --abort'
  )


def resume(fork: forks.Fork, *, offline: bool) -> Plan:
  """Goes on after a person resolved a conflict.

  Args:
    fork: The fork.
    offline: Whether to do without a network.

  Returns:
    What would be put in place.

  Raises:
    ConflictError: The next patch conflicts too.
    errors.InputError: There is no conflict, it is not resolved, or `official/`
      was changed meanwhile.
  """
  space = fork.space
  if not space.state.exists():
    raise errors.InputError('there is no conflict to continue with')
  try:
    state = json.loads(space.state.read_bytes())
    table = state['target'].pop('source')
    source = pins.make_source(table, 'conflict.json')
    to = Target(source=source, **state['target'])
    picked = [series.Picked(*row) for row in state['picked']]
    commits, head = state['commits'], state['head']
    expected = state['lock']
  except (ValueError, KeyError, TypeError, AttributeError) as error:
    raise errors.InputError(
        f'{space.state} is broken: {_SYNC} --abort, then sync again'
    ) from error
  if expected != _sha256_of_lock(space) or forks.agreement(fork, source=False):
    raise errors.InputError(
        'official/ was changed since the conflict:'
        f' {_SYNC} --abort, then sync again'
    )
  new = forks.fetch_exact(
      fork, to.source, to.resolved, to.pristine, offline=offline
  )
  old = forks.fetch_locked(fork, offline=offline)
  move = _move(fork, to, old, forks.transform(new.files, fork.pin))
  commit = commits[len(picked)]
  done = git.run(
      space.workshop,
      'rev-parse',
      '-q',
      '--verify',
      'HEAD',
      what='continuing',
      ok=(0, 1),
  )
  if done.stdout.decode().strip() != head:  # Killed before it was laid out.
    return _pick(fork, space.workshop, move, commits, head, picked)
  tree_id = series.resolved_tree(space.workshop)
  head, new_commit = series.add(space.workshop, head, commit, tree_id)
  note = 'resolved by hand' if new_commit else 'upstream is kept instead'
  picked.append(series.Picked(commit, new_commit, note))
  return _pick(fork, space.workshop, move, commits, head, picked)


def abort(fork: forks.Fork) -> None:
  """Gives a sync up that met a conflict.

  Args:
    fork: The fork.

  Raises:
    errors.InputError: There is none.
  """
  if not fork.space.state.exists():
    raise errors.InputError('there is no sync to abort')
  fork.space.forget()


def stop_at_conflict(fork: forks.Fork) -> None:
  """Refuses to begin a sync while another one waits for a person."""
  if fork.space.state.exists():
    raise errors.InputError(
        f'a sync waits for a conflict to be resolved in {workspace.FOLDER}/'
        f'rebase: go on with {_SYNC} --continue, or give it up with --abort'
    )


def texts(fork: forks.Fork, plan: Plan) -> tuple[pins.Lock, dict[str, bytes]]:
  """Returns what the fork's own files will say.

  Args:
    fork: The fork as it is.
    plan: What is to be put in place.

  Returns:
    The lock, and the content of each file by its path below `official/`.
  """
  pin = (fork.space.official / 'upstream.toml').read_bytes()
  if plan.target.source != fork.pin.source:
    pin = pins.pin_text(fork.space.official, plan.target.source).encode()
  lock = pins.Lock(
      source=plan.target.source,
      resolved=plan.target.resolved,
      selection=fork.pin.selection,
      patches={patch.name: patch.sha256 for patch in plan.patches},
      pristine=plan.target.pristine,
      patched=tree.digests(plan.new),
  )
  found = {
      'upstream.toml': pin,
      'upstream.lock': pins.lock_text(lock).encode(),
  }
  for patch in plan.patches:
    found[f'patches/{patch.name}'] = patches.format_patch(patch)
  return lock, found


def is_current(fork: forks.Fork, source: pins.Source, *, offline: bool) -> bool:
  """Tells, without reading upstream's files, that there is nothing to do.

  Args:
    fork: The fork, in whose `official/` there are no edits.
    source: What was asked for.
    offline: Whether to do without a network.

  Returns:
    True when `official/` is what the lock says and the lock is of `source`. A
    folder may have changed, so of that nobody knows.
  """
  lock = fork.lock
  if lock is None or source != lock.source or forks.agreement(fork):
    return False
  if source.kind == 'folder' or not tree.is_filled(fork.space.official):
    return False
  return source.kind == 'pypi' or lock.resolved['commit'] == sources.commit_of(
      source, root=fork.space.root, offline=offline
  )


def run_git(fork: forks.Fork, *command: str, stdin: str = '') -> str:
  """Runs the git of the user, with the user's settings."""
  done = git.run(
      fork.space.root,
      *command,
      what=f'git {command[0]}',
      stdin=stdin.encode(),
      isolated=False,
  )
  return done.stdout.decode()


def check_index(fork: forks.Fork) -> None:
  """Refuses to commit what somebody staged before the sync."""
  if staged := run_git(fork, 'diff', '--cached', '--name-only').split('\n')[0]:
    raise errors.InputError(
        f'{staged} is staged: commit it first, so that the sync is a commit of'
        ' its own'
    )
